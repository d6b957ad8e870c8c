import { describe, expect, it } from 'vitest'
import type { JudgeOptions, RequestFields } from '../support/engine.ts'
import { app, attackList, host, kind, pod, type Result, ROOT, result, rowsOf, template } from './support.ts'

/*
Tries by somebody who did not write the code, who read the documentation and the source first. They are the second table of
docs/security/attacks.md, and are held to it as the first is.
*/
const { attacks, attack } = attackList(101)
const hostPath = (
  expected: Result,
  what: string,
  object: unknown,
  fields: RequestFields = {},
  options: JudgeOptions = {},
) => attack(what, expected, () => result(object, 'host-path', fields, options))
const mounted = (path: string) => pod(host(path))

// Other names of what is protected: links and data partitions of distributions.
hostPath('denied', '`/sysroot`: the whole disk of an ostree system', mounted('/sysroot'))
hostPath('denied', '`/var/roothome`, where ostree systems keep `/root`', mounted('/var/roothome/.ssh'))
hostPath('denied', '`/var/home`, where they keep `/home`', mounted('/var/home/core'))
hostPath(
  'denied',
  'the kubelet’s folder by the data partition of Container-Optimized OS',
  mounted('/mnt/stateful_partition/var/lib/kubelet'),
)
hostPath('denied', 'the same of Bottlerocket, `/local/var`', mounted('/local/var/lib/kubelet'))
hostPath('denied', 'the state of Talos, with its keys', mounted('/system/state'))
hostPath(
  'denied',
  'the socket of MicroK8s’ container runtime',
  pod(host('/var/snap/microk8s/common/run/containerd.sock', { type: 'Socket' })),
)
hostPath('denied', 'the keys of minikube’s control plane', mounted('/var/lib/minikube/certs'))
hostPath('denied', 'the kubelet itself, in `/opt/bin` of Flatcar', mounted('/opt/bin'))
hostPath('denied', 'plugins that containerd starts as root', mounted('/opt/nri/plugins'))
hostPath('denied', 'scripts that dpkg runs as root', mounted('/var/lib/dpkg/info'))
hostPath('denied', 'jobs of at, beside those of cron', mounted('/var/spool/at'))
hostPath('denied', '`/vmlinuz`, a link into `/boot`', pod(host('/vmlinuz', { type: 'File' })))
hostPath('denied', '`/lib32`, a link into `/usr` like `/lib64`', mounted('/lib32'))
hostPath('denied', 'a node of Windows: `/Windows/System32` is on its drive C', mounted('/Windows/System32'))
hostPath('denied', 'a node of Windows, where `/VAR/Lib/Kubelet` is `/var/lib/kubelet`', mounted('/VAR/Lib/Kubelet'))
hostPath('passed', 'a drive letter behind a slash, `/C:/etc`', mounted('/C:/etc'))
hostPath('denied', 'the pipe of Docker with forward slashes', mounted('//./pipe/docker_engine'))
hostPath('passed', 'a letter that looks like another, `/еtc` with a Cyrillic е', mounted('/\u0435tc'))
hostPath('denied', 'a slash that looks like one, `／etc`', mounted('\uff0fetc'))

// Other sources, other kinds.
const volume = (source: object, container: object = {}) =>
  pod({ containers: [{ ...app, ...container }], volumes: [{ name: 'h', ...source }] })
hostPath('warned', 'a disk of the node by its name, `fc.wwids`', volume({ fc: { wwids: ['0QEMU_HARDDISK-part1'] } }))
hostPath(
  'passed',
  'a projected volume with a hostPath among its sources',
  volume({ projected: { sources: [ROOT.volumes[0]] } }),
)
hostPath(
  'denied',
  'a sidecar, an init container with `restartPolicy: Always`, that mounts it',
  pod({
    ...ROOT,
    initContainers: [
      { ...app, name: 's', restartPolicy: 'Always', volumeMounts: [{ name: 'h', mountPath: '/h', readOnly: true }] },
    ],
  }),
)
hostPath(
  'denied',
  '`subPathExpr` with `../` on a folder that is allowed',
  volume(
    { hostPath: { path: '/data/app' } },
    { volumeMounts: [{ name: 'h', mountPath: '/h', subPathExpr: '$(A)' }], env: [{ name: 'A', value: '../../etc' }] },
  ),
)
hostPath(
  'denied',
  'an emptyDir whose mounts appear on the node',
  volume({ emptyDir: {} }, { volumeMounts: [{ name: 'h', mountPath: '/h', mountPropagation: 'Bidirectional' }] }),
)
hostPath(
  'denied',
  'workingDir `/dev/fd/8`, a link to `/proc/self/fd/8` (CVE-2024-21626)',
  pod({ containers: [{ ...app, workingDir: '/dev/fd/8' }] }),
)
hostPath('passed', 'an image volume', volume({ image: { reference: 'registry.example/root:1' } }))
hostPath(
  'passed',
  'an inline CSI volume that names a path',
  volume({ csi: { driver: 'nfs.csi.k8s.io', volumeAttributes: { share: '/etc' } } }),
)
hostPath('passed', 'an NFS server on the node itself', volume({ nfs: { server: '127.0.0.1', path: '/' } }))
hostPath(
  'denied',
  'a flexVolume in a PersistentVolume',
  kind('v1', 'PersistentVolume', { flexVolume: { driver: 'x/y' } }),
)
hostPath(
  'denied',
  'a PersistentVolume of a device',
  kind('v1', 'PersistentVolume', { volumeMode: 'Block', local: { path: '/dev/sda1' } }),
)
hostPath(
  'denied',
  'a PersistentVolume whose source is null, beside one that is not',
  kind('v1', 'PersistentVolume', { nfs: null, hostPath: { path: '/etc', type: '' } }),
)
hostPath(
  'denied',
  'a PersistentVolume that is updated to another path',
  kind('v1', 'PersistentVolume', { hostPath: { path: '/etc' } }),
  { oldObject: kind('v1', 'PersistentVolume', { hostPath: { path: '/data' } }) },
)
hostPath('passed', 'a claim that names a PersistentVolume', kind('v1', 'PersistentVolumeClaim', { volumeName: 'root' }))
const localPath = (pathPattern: string) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 's' },
  provisioner: 'rancher.io/local-path',
  parameters: { pathPattern },
})
hostPath('denied', 'a StorageClass whose pathPattern writes its dots by a template', localPath('{{ printf "." }}./etc'))
hostPath(
  'denied',
  'a StorageClass whose pathPattern is an annotation of the claim',
  localPath('{{ .PVC.Annotations.path }}'),
)
hostPath(
  'denied',
  'a StorageClass whose two dots stand around a label that is not there',
  localPath('.{{ .PVC.Labels.none }}./etc'),
)
hostPath('passed', 'a ControllerRevision that holds a template', {
  ...kind('apps/v1', 'ControllerRevision', {}),
  data: { spec: { template: template(ROOT) } },
})
hostPath(
  'passed',
  'a workload that nobody has described, CloneSet',
  kind('apps.kruise.io/v1alpha1', 'CloneSet', { template: template(ROOT) }),
)
hostPath(
  'denied',
  'a StatefulSet of a version that does not exist yet',
  kind('apps/v9', 'StatefulSet', { template: template(ROOT) }),
)
hostPath('denied', 'a dry run', pod(ROOT), { dryRun: true })
hostPath('denied', 'the subresource status of pods, in another case', pod(ROOT), {
  oldObject: pod({}),
  subResource: 'Status',
})
hostPath('passed', 'the subresource status, with a volume', pod(ROOT), { oldObject: pod({}), subResource: 'status' })

// Exceptions.
const exporter = (container: object, spec: object = {}, metadata: object = {}) =>
  pod(
    {
      ...ROOT,
      containers: [
        {
          name: 'node-exporter',
          image: 'quay.io/prometheus/node-exporter:v1.9.1',
          volumeMounts: [{ name: 'h', mountPath: '/host', readOnly: true }],
          ...container,
        },
      ],
      ...spec,
    },
    { name: 'node-exporter-x', namespace: 'monitoring', ...metadata },
  )
hostPath(
  'denied',
  'an exempted pod whose image is changed afterwards',
  exporter({ image: 'registry.example/evil:1' }),
  { oldObject: exporter({}) },
)
hostPath(
  'denied',
  'an exempted pod that a debug container joins, under the name of the exempted one',
  exporter(
    {},
    {
      ephemeralContainers: [
        { name: 'node-exporter', image: 'registry.example/evil:1', volumeMounts: [{ name: 'h', mountPath: '/h' }] },
      ],
    },
  ),
  { oldObject: exporter({}), subResource: 'ephemeralcontainers' },
)
hostPath(
  'denied',
  'an exempted container, and another that mounts the same volume',
  exporter({}, { initContainers: [{ ...app, volumeMounts: [{ name: 'h', mountPath: '/h' }] }] }),
)
hostPath(
  'denied',
  'an exempted image whose tag holds another registry',
  exporter({ image: 'registry.example/quay.io/prometheus/node-exporter:v1' }),
)
hostPath('denied', 'an exempted image in capitals', exporter({ image: 'QUAY.IO/prometheus/node-exporter:v1' }))
hostPath('denied', 'an exempted pod, made by a Deployment', {
  ...kind('apps/v1', 'Deployment', { template: { metadata: {}, spec: exporter({}).spec } }),
  metadata: { name: 'node-exporter', namespace: 'monitoring' },
})
hostPath('denied', 'an exempted path’s neighbour, `/var/lib`', exporter({}, host('/var/lib')))
hostPath('denied', 'an exempted path through a process, `/proc/1/root`', exporter({}, host('/proc/1/root')))
hostPath(
  'denied',
  'a name of an exception in a namespace whose name begins like its own',
  exporter({}, {}, { namespace: 'monitoring-2' }),
)
hostPath('denied', 'an exempted path that no container mounts', exporter({ volumeMounts: [] }))
hostPath(
  'denied',
  'a user who says that he is of system:masters in an annotation',
  pod(ROOT, { annotations: { 'authentication.kubernetes.io/groups': 'system:masters' } }),
)
hostPath('denied', 'a user of the group system:masters', pod(ROOT), {
  userInfo: { username: 'system:admin', uid: '', groups: ['system:masters'] },
})
hostPath(
  'denied',
  'a label of the namespace that an excluded one has',
  pod(ROOT),
  {},
  { namespaceLabels: { labelsOf: () => ({ 'kubernetes.io/metadata.name': 'kube-system' }) } },
)
hostPath(
  'denied',
  'annotations of a static pod',
  pod(ROOT, {
    annotations: {
      'kubernetes.io/config.source': 'file',
      'kubernetes.io/config.mirror': 'x',
      'kubernetes.io/config.hash': 'x',
    },
  }),
  { userInfo: { username: 'system:node:', uid: '', groups: ['system:nodes'] } },
)
hostPath(
  'denied',
  'a mirror pod by a user who is called like the node, without its group',
  pod({ ...ROOT, nodeName: 'n1' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
  { userInfo: { username: 'system:node:n1', uid: '', groups: ['system:authenticated', 'system:nodes-2'] } },
)

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
const script = (expected: Result, what: string, text: string) => sysctl(expected, what, { command: ['sh', '-c', text] })
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
script('passed', 'a script in base64', `echo ${Buffer.from(`sysctl -w ${OFF}=0`).toString('base64')} | base64 -d | sh`)
sysctl('passed', 'a script in a Secret', { command: ['sh', '/scripts/run.sh'] })
attack('a sysctl of the pod with blanks around its value', 'warned', () =>
  result(pod({ securityContext: { sysctls: [{ name: OFF, value: ' 0 ' }] } }), 'node-network'),
)
const configMap = (expected: Result, what: string, fields: object) =>
  attack(what, expected, () =>
    result({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...fields }, 'node-network'),
  )
const base64 = (text: string) => Buffer.from(text).toString('base64')
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
configMap('warned', 'a million blanks behind the value', { data: { 'a.conf': `${OFF} = 0${' '.repeat(1_000_000)}x` } })

if (process.env['SHOW_ATTACKS'] === '1') {
  for (const each of attacks) process.stdout.write(`${each.number}\t${each.what}\t${each.expected}\n`)
}

describe('tries by somebody who did not write the code', () => {
  it.each(attacks)('$number: $what is $expected', ({ run, expected }) => {
    expect(run()).toBe(expected)
  })

  it('the page lists each, with what came of it', () => {
    expect(rowsOf('by others')).toEqual(attacks.map(each => [each.number, each.what, each.expected]))
  })
})
