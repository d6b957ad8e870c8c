import { describe, expect, it } from 'vitest'
import { decodeReview } from '../../src/review/decode.ts'
import { compileSelector } from '../../src/workload/selector.ts'
import { type JudgeOptions, judge, type RequestFields } from '../support/engine.ts'
import { app, attackList, host, kind, pod, type Result, ROOT, result, rowsOf, set, template } from './support.ts'

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

// An etcd that starts as a new cluster.
interface Member {
  readonly command?: readonly string[]
  readonly container?: object
  readonly mount?: object
  readonly spec?: object
}
const flags = ['etcd', '--data-dir=/d', '--initial-cluster=a=http://a,b=http://b']
const existing = [...flags, '--initial-cluster-state=existing']
const fresh = [...flags, '--initial-cluster-state=new']
const member = ({ command = existing, container = {}, mount = {}, spec = {} }: Member) =>
  kind('apps/v1', 'StatefulSet', {
    replicas: 3,
    template: template({
      containers: [
        {
          name: 'etcd',
          image: 'etcd:3',
          command,
          volumeMounts: [{ name: 'd', mountPath: '/d', ...mount }],
          ...container,
        },
      ],
      volumes: [{ name: 'd', hostPath: { path: '/data/etcd' } }],
    }),
    ...spec,
  })
const etcd = (expected: Result, what: string, after: Member, before: Member = {}) =>
  attack(what, expected, () => result(member(after), 'etcd', { oldObject: member(before) }))
etcd('denied', 'another name for the container', { command: fresh, container: { name: 'etcd-2' } })
etcd('denied', 'a cluster that shrinks to one member in the same update', {
  command: ['etcd', '--data-dir=/d', '--initial-cluster=a=http://a', '--initial-cluster-state=new'],
  spec: { replicas: 1 },
})
etcd('denied', 'a cluster that names no members any more', {
  command: ['etcd', '--data-dir=/d'],
  spec: { replicas: 1 },
})
etcd('denied', '`--force-new-cluster`', { command: [...existing, '--force-new-cluster'] })
etcd('denied', '`ETCD_FORCE_NEW_CLUSTER`', { container: { env: [{ name: 'ETCD_FORCE_NEW_CLUSTER', value: 'true' }] } })
etcd('denied', 'another folder of the same volume', { command: [...fresh, '--data-dir=/d/2'] }, { command: fresh })
etcd('denied', 'another `subPath` of the same volume', { command: fresh, mount: { subPath: '2' } }, { command: fresh })
etcd('denied', 'another `--wal-dir`', { command: [...fresh, '--wal-dir=/d/wal'] }, { command: fresh })
etcd('denied', 'the variable in a shell, over that of the container', {
  command: ['sh', '-c', `export ETCD_INITIAL_CLUSTER_STATE=new; exec ${flags.join(' ')}`],
  container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
})
etcd('denied', 'the variable through env, over that of the container', {
  command: ['env', 'ETCD_INITIAL_CLUSTER_STATE=new', ...flags],
  container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
})
etcd('skipped', 'the variable taken away in a shell', {
  command: ['sh', '-c', `unset ETCD_INITIAL_CLUSTER_STATE; exec ${flags.join(' ')}`],
  container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
})
etcd('skipped', 'an empty environment, `env -i`', {
  command: ['env', '-i', ...flags],
  container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'existing' }] },
})
etcd('denied', 'the program under another name', {
  command: ['sh', '-c', `cp /bin/etcd /tmp/x; exec /tmp/x ${fresh.slice(1).join(' ')}`],
})
etcd('skipped', 'a program that nobody can see', { command: ['/start'], container: { image: 'registry.example/x:1' } })
etcd('skipped', 'etcd in a hook, beside a harmless command', {
  command: ['sleep', 'infinity'],
  container: { lifecycle: { postStart: { exec: { command: fresh } } } },
})
etcd('denied', 'a sidecar in place of the container', {
  container: { name: 'pause', image: 'pause:3', command: ['/pause'] },
  spec: {
    template: template({
      initContainers: [
        {
          name: 'etcd',
          image: 'etcd:3',
          restartPolicy: 'Always',
          command: fresh,
          volumeMounts: [{ name: 'd', mountPath: '/d' }],
        },
      ],
      volumes: [{ name: 'd', hostPath: { path: '/data/etcd' } }],
    }),
  },
})
etcd('denied', 'a mount path of a million slashes', {
  command: fresh,
  mount: { mountPath: `${'/'.repeat(1_000_000)}x` },
})
attack('an etcd of a cluster that is annotated, made anew', 'denied', () =>
  result(
    {
      ...member({ command: fresh }),
      metadata: { name: 'e', namespace: 'kube-system', annotations: { 'portcullis.dev/etcd-initialized': 'yes' } },
    },
    'etcd',
  ),
)
attack('an etcd that is deleted, and made anew without the annotation', 'passed', () =>
  result(member({ command: fresh }), 'etcd'),
)
etcd('denied', 'a flag without a value before it', {
  command: [...existing, '--client-cert-auth', '--initial-cluster-state=new'],
})
etcd('denied', 'a flag as the value of another', {
  command: [...fresh, '--name', '--initial-cluster-state=existing'],
})
etcd('denied', 'an etcd that joins and fails, before one that does not', {
  command: ['sh', '-c', `${existing.join(' ')} --x; exec ${fresh.join(' ')}`],
})
etcd(
  'denied',
  'an etcd that tells its version first',
  { command: ['sh', '-c', `etcd --version; exec ${fresh.join(' ')}`] },
  { command: ['sh', '-c', `etcd --version; exec ${existing.join(' ')}`] },
)
etcd('skipped', 'a variable that is only told, over that of the container', {
  command: ['sh', '-c', `echo ETCD_INITIAL_CLUSTER_STATE=existing; exec ${flags.join(' ')}`],
  container: { env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value: 'new' }] },
})
const etcdMap = (expected: Result, what: string, after: object, before: object) =>
  attack(what, expected, () => {
    const map = (fields: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'etcd' }, ...fields })
    return result(map(after), 'etcd', { oldObject: map(before) })
  })
const file = (state: string, cluster = 'a=http://a,b=http://b') =>
  `initial-cluster: ${cluster}\ninitial-cluster-state: ${state}\n`
etcdMap(
  'denied',
  'a ConfigMap’s file under another key',
  { data: { 'etcd-2.yaml': file('new') } },
  { data: { 'etcd.yaml': file('existing') } },
)
etcdMap(
  'denied',
  'a ConfigMap’s file that shrinks to one member',
  { data: { 'etcd.yaml': file('new', 'a=http://a') } },
  { data: { 'etcd.yaml': file('existing') } },
)
etcdMap(
  'denied',
  'a ConfigMap’s file that names no members any more',
  { data: { 'etcd.yaml': 'name: a\n' } },
  { data: { 'etcd.yaml': file('existing') } },
)
etcdMap(
  'denied',
  'a ConfigMap’s file in binaryData',
  { binaryData: { 'etcd.yaml': base64(file('new')) } },
  { data: { 'etcd.yaml': file('existing') } },
)
etcdMap(
  'denied',
  'a ConfigMap of variables, for `envFrom`',
  { data: { ETCD_INITIAL_CLUSTER_STATE: 'new' } },
  { data: { ETCD_INITIAL_CLUSTER_STATE: 'existing' } },
)
etcdMap(
  'denied',
  'a ConfigMap’s file with `force-new-cluster`',
  { data: { 'etcd.yaml': `${file('existing')}force-new-cluster: true\n` } },
  { data: { 'etcd.yaml': file('existing') } },
)
etcdMap(
  'denied',
  'a ConfigMap’s script',
  { data: { 'start.sh': `#!/bin/sh\nexec ${fresh.join(' ')}\n` } },
  { data: { 'start.sh': `#!/bin/sh\nexec ${existing.join(' ')}\n` } },
)
etcdMap(
  'denied',
  'a ConfigMap’s file of variables',
  { data: { 'etcd.env': 'ETCD_NAME=a\nETCD_INITIAL_CLUSTER_STATE=new\n' } },
  { data: { 'etcd.env': 'ETCD_NAME=a\nETCD_INITIAL_CLUSTER_STATE="existing"\n' } },
)

// Orphans.
const selector = compileSelector({ matchLabels: { app: 'web' } })
const owned = (labels: unknown, reference: object = {}) =>
  pod(
    {},
    {
      labels,
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true, ...reference },
      ],
    },
  )
const adoption = (expected: Result, what: string, object: unknown, fields: RequestFields = {}) =>
  attack(what, expected, () =>
    result(object, 'pod-adoption', fields, { facts: { owner: { kind: 'found', selector } } }),
  )
adoption('denied', 'an owner of a version that does not exist yet', owned({}, { apiVersion: 'apps/v9' }))
adoption('denied', 'an owner that does not block', owned({}, { blockOwnerDeletion: false }))
adoption('denied', 'a label that is spelled with another letter', owned({ app: 'wеb' }))
adoption('denied', 'a label whose value is a list of the right one', owned({ app: ['web'] }))
adoption('denied', 'the labels as annotations', pod({}, { ...owned({}).metadata, annotations: { app: 'web' } }))
adoption('denied', 'a pod without a name, with generateName', {
  ...owned({}),
  metadata: { ...owned({}).metadata, name: undefined, generateName: 'web-' },
})
adoption('passed', 'a pod that loses its labels by an update', owned({}), { oldObject: owned({ app: 'web' }) })
adoption('passed', 'a pod whose owner is no controller', owned({}, { controller: false }))
adoption(
  'denied',
  'a Job that selects by hand, and not its own template',
  kind('batch/v1', 'Job', { manualSelector: true, selector: { matchLabels: { app: 'b' } }, template: template({}) }),
)
adoption(
  'denied',
  'a ReplicationController with the selector of a ReplicaSet',
  kind('v1', 'ReplicationController', { selector: { app: 'b' }, template: template({}) }),
)
adoption(
  'denied',
  'a selector that excludes its own template',
  kind('apps/v1', 'Deployment', {
    selector: { matchLabels: { app: 'a' }, matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] },
    template: template({}),
  }),
)
attack('an owner that nobody knows', 'skipped', () =>
  result(
    owned({}, { apiVersion: 'x.example/v1', kind: 'Web' }),
    'pod-adoption',
    {},
    { facts: { owner: { kind: 'unknown', reason: 'x' } } },
  ),
)

// Requests and bodies.
const review = (expected: Result, what: string, text: string) =>
  attack(what, expected, () => {
    const parsed = decodeReview(new TextEncoder().encode(text))
    if (parsed.kind !== 'request') return 'denied'
    const { allowed } = judge(set, parsed.request)
    return allowed ? 'passed' : 'denied'
  })
const envelope = (fields: object, more = '') => {
  const request = {
    uid: 'u',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    namespace: 'shop',
    object: pod(ROOT),
    ...fields,
  }
  return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":${JSON.stringify(request).slice(0, -1)}${more}}}`
}
const harmless = JSON.stringify(pod({}))
review(
  'denied',
  'a body with two objects, the last one harmful',
  envelope({ object: pod({}) }, `,"object":${JSON.stringify(pod(ROOT))}`),
)
review('passed', 'a body with two objects, the last one harmless', envelope({}, `,"object":${harmless}`))
review('denied', 'a body whose object is null', envelope({ object: null }))
review('denied', 'a body whose object is a list', envelope({ object: [pod(ROOT)] }))
review(
  'denied',
  'a body whose object is a prototype’s',
  envelope({ object: undefined }, `,"__proto__":{"object":${harmless}}`),
)
review('denied', 'a body whose operation is in small letters', envelope({ operation: 'create' }))
review('passed', 'a body that says DELETE, with an object', envelope({ operation: 'DELETE' }))
review('passed', 'a body that says CONNECT, with an object', envelope({ operation: 'CONNECT' }))
review(
  'denied',
  'a body whose kind is a ConfigMap, and whose resource is pods',
  envelope({ kind: { group: '', version: 'v1', kind: 'ConfigMap' } }),
)
review(
  'denied',
  'a body whose kind is Pod in small letters',
  envelope({ kind: { group: '', version: 'v1', kind: 'pod' } }),
)
review(
  'denied',
  'a body without a namespace, whose object says kube-system',
  envelope({ namespace: '', object: pod(ROOT, { namespace: 'kube-system' }) }),
)
review('denied', 'a body whose namespace is kube-system in capitals', envelope({ namespace: 'KUBE-SYSTEM' }))
review('denied', 'a body of v1beta1', envelope({}).replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'))
review('denied', 'a body that nests 300 levels', envelope({}, `,"x":${'['.repeat(300)}${']'.repeat(300)}`))
review(
  'denied',
  'a pod of two thousand volumes, the last one harmful',
  envelope({
    object: pod({
      volumes: [...Array.from({ length: 2000 }, (_, at) => ({ name: `v${at}`, emptyDir: {} })), ...ROOT.volumes],
    }),
  }),
)
review(
  'denied',
  'a request to extensions/v1beta1 that was converted',
  envelope({
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    requestKind: { group: 'extensions', version: 'v1beta1', kind: 'Deployment' },
    requestResource: { group: 'extensions', version: 'v1beta1', resource: 'deployments' },
    object: kind('apps/v1', 'Deployment', { template: template(ROOT) }),
  }),
)

if (process.env['SHOW_ATTACKS'] === '1') {
  for (const each of attacks) process.stdout.write(`${each.number}\t${each.what}\t${each.expected}\n`)
}

describe('tries by somebody who did not write the code', () => {
  it.each(attacks)('$number: $what is $expected', ({ run, expected }) => {
    expect(run()).toBe(expected)
  })

  it('the page lists each, with what came of it', () => {
    expect(rowsOf('by others')).toEqual(attacks.map(each => [each.number, each.what, each.expected]))
    expect(attacks.length).toBeGreaterThanOrEqual(60)
  })
})
