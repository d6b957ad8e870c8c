import { describe, expect, it } from 'vitest'
import { judge, requestFor, setOf } from '../support/engine.ts'

const set = setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: node-network}
spec: {validationActions: [Deny], checks: [{check: node-network-sysctls}]}
`)
const OFF = 'net.bridge.bridge-nf-call-iptables'
const FILE = '/proc/sys/net/bridge/bridge-nf-call-iptables'

const pod = (container: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'a', image: 'busybox', ...container }] },
})
const verdictOf = (object: unknown) => {
  const { allowed, skipped } = judge(set, requestFor(object))
  return allowed ? (skipped.length > 0 ? 'skipped' : 'passed') : 'refused'
}
const sh = (script: string) => pod({ command: ['sh', '-c', script] })

describe('a command line', () => {
  const REFUSED: readonly (readonly string[])[] = [
    ['sysctl', '-w', `${OFF}=0`],
    ['sysctl', `${OFF}=0`],
    ['/sbin/sysctl', '-qw', `${OFF}=0`],
    ['sysctl', '-w', 'vm.swappiness=1', `${OFF}=0`],
    ['sysctl', '-w', 'net/bridge/bridge-nf-call-iptables=0'],
    ['sysctl', '-w', 'net.bridge.bridge-nf-call-ip6tables=0'],
    ['sysctl', '-w', 'net.bridge.bridge-nf-call-arptables=0'],
    ['sysctl', '-w', 'net.ipv4.ip_forward=0'],
    ['sysctl', '-w', `${OFF}=00`],
    ['sysctl', '-w', `${OFF}=0x0`],
    ['sysctl', '-w', `${OFF} = 0`],
    ['busybox', 'sysctl', '-w', `${OFF}=0`],
    ['nsenter', '-t', '1', '-n', '--', 'sysctl', '-w', `${OFF}=0`],
    ['nsenter', '--target', '1', '--net', 'sysctl', '-w', `${OFF}=0`],
    ['nsenter', '-t1', '-m', 'sh', '-c', `sysctl ${OFF}=0`],
    ['chroot', '/host', 'sysctl', '-w', `${OFF}=0`],
    ['chroot', '/host', '/bin/bash', '-ec', `echo 0 > ${FILE}`],
    ['env', 'A=b', '-u', 'C', 'sysctl', '-w', `${OFF}=0`],
    ['env', '-S', `sysctl -w ${OFF}=0`],
    ['timeout', '-k', '1', '10', 'nice', '-n', '5', 'sysctl', '-w', `${OFF}=0`],
    ['tini', '--', 'sh', '-c', `sysctl -w ${OFF}=0; sleep infinity`],
    ['sudo', '-u', 'root', 'sysctl', '-w', `${OFF}=0`],
  ]
  it.each(REFUSED.map(command => ({ command })))('is refused: $command', ({ command }) => {
    expect(verdictOf(pod({ command }))).toBe('refused')
    expect(verdictOf(pod({ command: command.slice(0, 1), args: command.slice(1) }))).toBe('refused')
    expect(verdictOf(pod({ args: command }))).toBe('refused')
  })

  const PASSED: readonly (readonly string[])[] = [
    ['sysctl', '-w', `${OFF}=1`],
    ['sysctl', OFF],
    ['sysctl', '-n', 'net.ipv4.ip_forward'],
    ['sysctl', '-w', 'vm.max_map_count=0'],
    ['sysctl', '-w', 'net.ipv4.ip_forward_use_pmtu=0'],
    ['sh', '-c', `test "$(cat ${FILE})" = 1; sysctl -w ${OFF}=1`],
    ['my-sysctl', 'x=0'],
    ['sleep', 'infinity'],
  ]
  it.each(PASSED.map(command => ({ command })))('passes: $command', ({ command }) => {
    expect(verdictOf(pod({ command }))).toBe('passed')
  })
})

describe('a script', () => {
  it.each([
    `sysctl -w ${OFF}=0`,
    `"sysc"tl -w ${OFF}=0`,
    `sys\\\nctl -w ${OFF}=0`,
    `sysctl -w 'net.bridge'.bridge-nf-call-iptables="0"`,
    `sysctl \\\n  -w \\\n  ${OFF}=0`,
    `set -e; modprobe br_netfilter && sysctl -w ${OFF}=0 || true`,
    `if true; then sysctl -w ${OFF}=0; fi`,
    `(cd / && sysctl -w ${OFF}=0)`,
    `while true; do sysctl -w ${OFF}=0; sleep 60; done`,
    `f() { sysctl -w ${OFF}=0; }; f`,
    `A=${OFF}; sysctl -w $A=0`,
    `A=0; sysctl -w ${OFF}=$A`,
    `export A=0; sysctl -w "${OFF}=\${A}"`,
    `for t in iptables ip6tables; do sysctl -w net.bridge.bridge-nf-call-$t=0; done`,
    `for t in iptables ip6tables; do echo 0 > /proc/sys/net/bridge/bridge-nf-call-$t; done`,
    `sysctl -w net.bridge.bridge-nf-call-{iptables,ip6tables}=0`,
    `echo 0 > ${FILE}`,
    `echo 0 >> ${FILE}`,
    `echo "0" >| ${FILE}`,
    `echo -n 0 > ${FILE}`,
    `> ${FILE} echo 0`,
    `printf 0 > ${FILE}`,
    `printf '%d\\n' 0 > ${FILE}`,
    `echo 0 | tee ${FILE}`,
    `echo 0 | sudo tee -a ${FILE} > /dev/null`,
    `echo 0 | cat | tee ${FILE}`,
    `cat <<EOF > ${FILE}\n0\nEOF`,
    `tee ${FILE} <<< 0`,
    `cat <<< 0 > ${FILE}`,
    `echo 0 | dd of=${FILE}`,
    `echo 0 > /host${FILE}`,
    `echo $(echo 0) > ${FILE}`,
    `sysctl -w ${OFF}=$(echo 0)`,
    `eval "sysctl -w ${OFF}=0"`,
    `sh -c 'bash -c "sysctl -w ${OFF}=0"'`,
    `exec sysctl -w ${OFF}=0`,
    `sysctl -w ${OFF}=0 &`,
    `! sysctl -w ${OFF}=0`,
    `x=$(sysctl -w ${OFF}=0)`,
    `case x in x) sysctl -w ${OFF}=0;; esac`,
    `sysctl -w 'net.bridge.bridge-nf-call-*=0'`,
    `sysctl -w ${OFF}=1; sysctl -w net.ipv4.ip_forward=0`,
  ])('is refused: %s', script => {
    expect(verdictOf(sh(script))).toBe('refused')
  })

  it.each([
    `sysctl -w ${OFF}=1`,
    `echo 1 > ${FILE}`,
    `cat ${FILE}; sysctl ${OFF}`,
    `echo 0 > /proc/sys/vm/swappiness`,
    `# sysctl -w ${OFF}=0\nsysctl -w ${OFF}=1`,
    `echo hello`,
  ])('passes: %s', script => {
    expect(verdictOf(sh(script))).toBe('passed')
  })

  it.each([
    [`sysctl -w ${OFF}=$VALUE`, 'a variable that nobody sets here'],
    [`sysctl -w ${OFF}=$(cat /value)`, 'what a file says'],
    [`cat /value > ${FILE}`, 'what a file says'],
    [`python -c "open('${FILE}', 'w').write('0')"`, 'another language'],
    [`perl -e 'system("sysctl -w ${OFF}=0")'`, 'another language'],
    [`cp /value ${FILE}`, 'a copy'],
    [`sysctl -w ${OFF}=0'`, 'a script that no shell would read'],
    [`sysctl -p /etc/sysctl.d/bridge-nf-call-.conf`, 'a file of settings'],
    [`echo c3lzY3Rs | base64 -d | sh # bridge-nf-call-iptables`, 'a script from elsewhere'],
  ])('is skipped, never passed in silence: %s (%s)', script => {
    expect(verdictOf(sh(script))).toMatch(/skipped|refused/)
  })
})

describe('where it stands', () => {
  const off = { name: OFF, value: '0' }
  it.each([
    ['an init container', { initContainers: [{ name: 'i', command: ['sysctl', '-w', `${OFF}=0`] }], containers: [] }],
    [
      'an ephemeral container',
      { ephemeralContainers: [{ name: 'e', args: ['sysctl', '-w', `${OFF}=0`] }], containers: [] },
    ],
    ['the securityContext', { securityContext: { sysctls: [{ name: 'kernel.x', value: '1' }, off] }, containers: [] }],
    [
      'the securityContext, with slashes',
      { securityContext: { sysctls: [{ ...off, name: 'net/ipv4/ip_forward' }] }, containers: [] },
    ],
    [
      'a variable of the container',
      {
        containers: [
          {
            name: 'a',
            command: ['sysctl', '-w', '$(SETTING)'],
            env: [{ name: 'SETTING', value: `${OFF}=0` }],
          },
        ],
      },
    ],
    [
      'a variable of the shell',
      { containers: [{ name: 'a', command: ['sh', '-c', 'sysctl -w $NAME=0'], env: [{ name: 'NAME', value: OFF }] }] },
    ],
    [
      'a script in a variable',
      {
        containers: [
          { name: 'a', command: ['sh', '-c', '$(SCRIPT)'], env: [{ name: 'SCRIPT', value: `sysctl -w ${OFF}=0` }] },
        ],
      },
    ],
  ])('in %s it is refused, in a template too', (_where, spec) => {
    expect(verdictOf({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec })).toBe('refused')
    const template = { metadata: {}, spec }
    expect(verdictOf({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'a' }, spec: { template } })).toBe(
      'refused',
    )
  })

  it.each([
    ['99-k8s.conf', `# the network\n${OFF} = 0\n`, 'refused'],
    ['99-k8s.conf', `net/bridge/bridge-nf-call-iptables=0`, 'refused'],
    ['99-k8s.conf', `-${OFF}=0 # why`, 'refused'],
    ['99-k8s.conf', `net.bridge.bridge-nf-call-*=0`, 'refused'],
    ['run.sh', `#!/bin/sh\nset -e\nsysctl -w ${OFF}=0\n`, 'refused'],
    ['run.sh', `#!/bin/sh\necho 0 > ${FILE}`, 'refused'],
    ['99-k8s.conf', `${OFF} = 1\nnet.ipv4.ip_forward = 1\n`, 'passed'],
    ['99-k8s.conf', `# ${OFF} = 0\n${OFF} = 1\n`, 'passed'],
    ['run.sh', `sysctl -w ${OFF}=1`, 'passed'],
    ['values.yaml', 'a: b', 'passed'],
    ['99-k8s.conf', `${OFF} = {{ .Values.bridge }}`, 'skipped'],
    ['run.py', `import os\nos.write(fd("${FILE}"), b"0")`, 'skipped'],
    ['run.sh', `sysctl -w ${OFF}=$VALUE`, 'skipped'],
  ])('in a ConfigMap, %s: %s is %s', (key, text, verdict) => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { [key]: text } }
    expect(verdictOf(object)).toBe(verdict)
  })
})

it('says which container, which sysctl, and what breaks', () => {
  const { denials } = judge(set, requestFor(sh(`sysctl -w ${OFF}=0`)))
  expect(denials.map(({ finding }) => [finding.pointer, finding.message])).toEqual([
    [
      '/spec/containers/0/command/2',
      `container "a" sets "${OFF}" to 0: kube-proxy's rules are skipped for packets that cross the node's bridge, and services fail between pods of one node`,
    ],
  ])
})
