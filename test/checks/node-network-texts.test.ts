import { describe, expect, it } from 'vitest'
import { judge, requestFor, setOf } from '../support/engine.ts'

const set = setOf(
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'node-network' },
    spec: { validationActions: ['Deny'], checks: [{ check: 'node-network-sysctls' }] },
  }),
)
const OFF = 'net.bridge.bridge-nf-call-iptables'

function verdictOf(key: string, text: string): string {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { [key]: text } }
  const { allowed, skipped } = judge(set, requestFor(object))
  if (!allowed) return 'refused'
  return skipped.length > 0 ? 'skipped' : 'passed'
}

describe('a text that only tells of a sysctl passes', () => {
  it.each([
    ['README.md', `Never run \`sysctl -w ${OFF}=0\` on a node.`],
    ['README', `Never run \`sysctl -w ${OFF}=0\` on a node.`],
    ['readme_first', `Do not do this: $(sysctl -w ${OFF}=0).`],
    ['NOTES.txt', `1. Look at the node:\n   sysctl -w ${OFF}=0 is what broke it\n`],
    ['runbook.adoc', `----\nsysctl -w ${OFF}=0\n----\n`],
    ['CHANGELOG.rst', `* ${OFF}=0 is refused\n`],
    ['page.html', `<code>sysctl -w ${OFF}=0</code>`],
    ['alert.yaml', `expr: node_sysctl_info{name="net.ipv4.ip_forward",value="0"} == 1\n`],
    ['alert.rules', `ALERT x IF net_ip_forward == 0 FOR 5m\n  annotations: {text: "net.ipv4.ip_forward is 0"}\n`],
    ['dashboard.json', `{"title": "net.ipv4.ip_forward of nodes"}`],
    ['heredoc.sh', `cat <<E\n${OFF}=0 is wrong\nE\n`],
    ['heredoc.sh', `cat <<'E' >&2\n${OFF}=0\nE\nexit 1\n`],
    ['heredoc.sh', `cat > /tmp/help.txt <<E\n${OFF}=0\nE\n`],
    ['check.sh', `if [ "$(sysctl -n ${OFF})" = 0 ]; then echo "${OFF}=0 on this node"; exit 1; fi`],
    ['check.sh', `# sysctl -w ${OFF}=0\nprintf '%s\\n' "${OFF}=0"\n`],
    ['check', `#!/bin/sh\nlogger "${OFF} = 0"\n`],
    ['sysctl.conf', `# ${OFF} = 0\n; ${OFF} = 0\n${OFF} = 1\n`],
  ])('%s: %s', (key, text) => {
    expect(verdictOf(key, text)).toBe('passed')
  })
})

describe('a text that sets a sysctl is refused', () => {
  it.each([
    ['README.md', `#!/bin/sh\nsysctl -w ${OFF}=0\n`],
    ['NOTES.txt', `${OFF}=0\n`],
    ['settings', `# of the network\n${OFF} = 0\nkernel.x = 1\n`],
    ['tuned', `[sysctl]\n${OFF}=0\n`],
    ['tuned.conf', `[main]\nsummary=a profile\n[sysctl]\n${OFF}=0\n`],
    ['setup.txt', `set -e\nsysctl -w ${OFF}=0\n`],
    ['setup.txt', `set -e\necho 0 > /proc/sys/net/ipv4/ip_forward\n`],
    ['notes', `modprobe x\necho 0 > /proc/sys/net/bridge/bridge-nf-call-iptables\n`],
    ['x.rules', `echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables\n`],
    ['run', `set -e\nsysctl -w ${OFF}=0\n`],
    ['run.sh', `cat > /etc/sysctl.d/99-k8s.conf <<E\n${OFF}=0\nE\n`],
    ['run.sh', `cat <<E | tee -a /etc/sysctl.conf\n# why\n${OFF} = 0\nE\n`],
    ['run.sh', `echo '${OFF} = 0' >> /host/etc/sysctl.d/net.conf\n`],
    ['run.sh', `echo "setting ${OFF}"; echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables\n`],
  ])('%s: %s', (key, text) => {
    expect(verdictOf(key, text)).toBe('refused')
  })
})

describe('a text that may set a sysctl is skipped', () => {
  it.each([
    ['profile.yaml', `sysctl:\n  ${OFF}: "0"\n`],
    ['cloud-init.yaml', `runcmd:\n  - [sysctl, -w, ${OFF}=0]\n`],
    ['pod.yaml', `securityContext:\n  sysctls: [{name: net.ipv4.ip_forward, value: "0"}]\n`],
    ['profile.json', `{"${OFF}": 0}`],
    ['run.py', `open("/proc/sys/net/ipv4/ip_forward", "w").write("0")`],
  ])('%s: %s', (key, text) => {
    expect(verdictOf(key, text)).toBe('skipped')
  })
})
