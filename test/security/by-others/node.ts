import type { RequestFields } from '../../support/engine.ts'
import { type Add, app, base64, pod, type Result, result } from '../support.ts'

/** Privileged containers, the bridge sysctl, and commands that only keep the gateway busy. */
export function nodeTries(attack: Add): void {
  // Privileged containers, and what is as good as one.
  const baseline = (expected: Result, what: string, spec: object, fields: RequestFields = {}) =>
    attack(what, expected, () => result(pod(spec), 'pod-security-baseline', fields))
  const privileged = { securityContext: { privileged: true } }
  baseline('warned', 'a privileged sidecar, an init container with `restartPolicy: Always`', {
    initContainers: [{ ...app, name: 's', restartPolicy: 'Always', ...privileged }],
  })
  baseline('warned', 'a HostProcess container of Windows, said of the pod', {
    os: { name: 'windows' },
    securityContext: { windowsOptions: { hostProcess: true } },
  })
  baseline('warned', 'a privileged container in a user namespace', {
    hostUsers: false,
    containers: [{ ...app, ...privileged }],
  })
  baseline('passed', 'procMount Unmasked in a user namespace', {
    hostUsers: false,
    containers: [{ ...app, securityContext: { procMount: 'Unmasked' } }],
  })
  baseline('warned', 'a capability in small letters', {
    containers: [{ ...app, securityContext: { capabilities: { add: ['sys_admin'] } } }],
  })
  baseline('passed', '`privileged` on the pod instead of a container', privileged)
  baseline(
    'warned',
    'a privileged debug container, by the subresource',
    { ephemeralContainers: [{ ...app, name: 'd', ...privileged }] },
    { oldObject: pod({}), subResource: 'ephemeralcontainers' },
  )
  baseline(
    'warned',
    'a privileged container that was there under another name',
    {
      containers: [{ ...app, name: 'b', ...privileged }],
    },
    { oldObject: pod({ containers: [{ ...app, ...privileged }] }) },
  )

  // The bridge sysctl.
  const OFF = 'net.bridge.bridge-nf-call-iptables'
  const FILE = '/proc/sys/net/bridge/bridge-nf-call-iptables'
  const sysctl = (expected: Result, what: string, container: object) =>
    attack(what, expected, () => result(pod({ containers: [{ ...app, ...container }] }), 'node-network'))
  const script = (expected: Result, what: string, text: string) =>
    sysctl(expected, what, { command: ['sh', '-c', text] })
  const exec = { exec: { command: ['sysctl', '-w', `${OFF}=0`] } }
  sysctl('warned', 'a hook, `lifecycle.postStart`', { lifecycle: { postStart: exec } })
  sysctl('warned', 'a hook, `lifecycle.preStop`', { lifecycle: { preStop: exec } })
  sysctl('warned', 'a probe', { livenessProbe: exec })
  sysctl('warned', 'a startup probe in a shell, beside a harmless command', {
    command: ['sleep', '1'],
    startupProbe: { exec: { command: ['sh', '-c', `echo 0 >${FILE}`] } },
  })
  script('warned', 'two numbers, of which the kernel takes the first', `sysctl -w '${OFF}=0 1'`)
  script('skipped', 'a look at it, and then sed', `sysctl ${OFF}; sed -i s/1/0/ ${FILE}`)
  script('skipped', 'a look at it, and then python', `sysctl -n ${OFF} && python3 -c "open('${FILE}','w').write('0')"`)
  script('warned', 'letters of the name as a pattern', `sysctl -w 'net.bridge.bridge-nf-call-[i]ptables=0'`)
  script('warned', 'all of the bridge', `sysctl -w 'net.bridge.*=0'`)
  script('warned', 'through the folder of a process', `echo 0 > /proc/1/root${FILE}`)
  script('skipped', 'a folder that is entered first', `cd /proc/sys/net/bridge && echo 0 > bridge-nf-call-iptables`)
  script('warned', 'a file’s name as a pattern', `echo 0 | tee /proc/sys/net/b*/b*-nf-*-iptables`)
  script(
    'passed',
    'a script in base64',
    `echo ${Buffer.from(`sysctl -w ${OFF}=0`).toString('base64')} | base64 -d | sh`,
  )
  sysctl('passed', 'a script in a Secret', { command: ['sh', '/scripts/run.sh'] })
  attack('a sysctl of the pod with blanks around its value', 'warned', () =>
    result(pod({ securityContext: { sysctls: [{ name: OFF, value: ' 0 ' }] } }), 'node-network'),
  )
  const configMap = (expected: Result, what: string, fields: object) =>
    attack(what, expected, () =>
      result({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...fields }, 'node-network'),
    )
  configMap('warned', 'a ConfigMap’s binaryData', { binaryData: { 'a.conf': base64(`${OFF} = 0`) } })
  configMap('warned', 'a ConfigMap with all of the bridge', { data: { 'a.conf': 'net.bridge.* = 0' } })
  configMap('warned', 'a ConfigMap with a pattern of one letter', {
    data: { 'a.conf': 'net.bridge.bridge-nf-call-?ptables=0' },
  })
  configMap('warned', 'a ConfigMap with the lines’ ends of Windows', { data: { 'a.conf': `a=1\r\n${OFF}=0\r\n` } })
  configMap('skipped', 'a ConfigMap with a profile in YAML', { data: { profile: `sysctl:\n  ${OFF}: "0"\n` } })

  // Commands that are there to keep the gateway busy: what it does not answer in time may pass.
  script('skipped', 'forty stars in a pattern', `sysctl -w net.bridge.bridge-nf-call-${'*'.repeat(40)}x=0`)
  script(
    'skipped',
    'loops in loops that run nothing',
    `${'for a in {1,2,3,4,5,6,7,8}{1,2}; do '.repeat(8)}[[ a ]]${'; done'.repeat(8)}; sysctl -w ${OFF}=0`,
  )
  script('skipped', 'a variable that doubles thirty times', `A=00${'; A=$A$A'.repeat(30)}; sysctl -w ${OFF}=$A`)
  script('skipped', 'sixty thousand commas in braces', `sysctl -w ${OFF}={${','.repeat(60_000)}{0,0}}`)
  sysctl('skipped', 'variables of the container, each twice the one before', {
    command: ['sysctl', '-w', `${OFF}=$(V30)`],
    env: Array.from({ length: 31 }, (_, at) => ({
      name: `V${at}`,
      value: at === 0 ? '00' : `$(V${at - 1})$(V${at - 1})`,
    })),
  })
  sysctl('skipped', 'a flag of a million letters before a script', {
    command: ['sh', `-${'c'.repeat(1_000_000)}1`, `sysctl -w ${OFF}=0`],
  })
  configMap('warned', 'a million blanks behind the value', {
    data: { 'a.conf': `${OFF} = 0${' '.repeat(1_000_000)}x` },
  })
}
