import { describe, expect, it } from 'vitest'
import { isObject, type JsonObject } from '../../src/json/value.ts'
import { objectsOf } from '../../src/lint/objects.ts'
import { compileSelector } from '../../src/workload/selector.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { judge, type RequestFields, requestFor } from '../support/engine.ts'
import { app, attackList, host, kind, pod, type Result, ROOT, result, rowsOf, set, template } from './support.ts'

/*
Tries to get past the policies that ship, with every shipped exception enabled. docs/security/attacks.md lists them; each number
there is a test here, and the other way round.
*/
const { attacks, attack } = attackList(1)
const hostPath = (what: string, object: unknown, expected: Result = 'denied', fields: RequestFields = {}) =>
  attack(what, expected, () => result(object, 'host-path', fields))

// A host path, however it is written.
hostPath('`/` with a trailing dot', pod(host('/.')))
hostPath('`//`', pod(host('//')))
hostPath('the kubelet’s folder through `/proc/1/root`', pod(host('/proc/1/root/var/lib/kubelet')))
hostPath('`/proc/self/root`', pod(host('/proc/self/root')))
hostPath('the parent of a protected path, `/var`', pod(host('/var')))
hostPath('`/var/lib`', pod(host('/var/lib/')))
hostPath('`/var/run/../run/docker.sock`', pod(host('/var/run/../run/docker.sock')))
hostPath(
  'a path with an encoded slash, `/data%2f..%2f..`, which no kernel decodes',
  pod(host('/data%2f..%2f..')),
  'passed',
)
hostPath('a path with a NUL', pod(host('/data\u0000/../etc')))
hostPath('a path with a newline', pod(host('/data\n/etc')))
hostPath('a path with a backslash', pod(host('\\etc')))
hostPath('a path that is a list', pod(host(['/'])))
hostPath('a path that is a number', pod(host(0)))
hostPath('a path that is missing', pod({ volumes: [{ name: 'h', hostPath: {} }] }))
hostPath('a hostPath that is a text', pod({ volumes: [{ name: 'h', hostPath: '/' }] }))
hostPath('the key in another case, `hostpath`', pod({ volumes: [{ name: 'h', hostpath: { path: '/' } }] }))
hostPath('the key `Path` in another case', pod({ volumes: [{ name: 'h', hostPath: { Path: '/' } }] }))
hostPath(
  'a volume of two sources, the first harmless',
  pod({ volumes: [{ name: 'h', emptyDir: {}, hostPath: { path: '/' } }] }),
)
hostPath(
  'two volumes of one name, the first harmless',
  pod({
    volumes: [
      { name: 'h', emptyDir: {} },
      { name: 'h', hostPath: { path: '/' } },
    ],
  }),
)
hostPath(
  'volumes that are an object instead of a list, which the API server does not take',
  pod({ volumes: { h: { hostPath: { path: '/' } } } }),
  'passed',
)
hostPath('a local PersistentVolume', kind('v1', 'PersistentVolume', { local: { path: '/etc' } }))
hostPath('a hostPath PersistentVolume of the root', kind('v1', 'PersistentVolume', { hostPath: { path: '/' } }))
hostPath(
  'a PersistentVolume that climbs out of k3s’ exempted folder',
  kind('v1', 'PersistentVolume', { hostPath: { path: '/var/lib/rancher/k3s/storage/../server' } }),
)
hostPath(
  'a folder that only begins like the exempted one',
  kind('v1', 'PersistentVolume', { hostPath: { path: '/var/lib/rancher/k3s/storage-2/x' } }),
)
hostPath('the exempted path in a pod', pod(host('/var/lib/rancher/k3s/storage/pvc-1')))
hostPath('a StorageClass whose pathPattern climbs', {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 's' },
  provisioner: 'rancher.io/local-path',
  parameters: { pathPattern: '../../etc' },
})
hostPath(
  'a gitRepo volume, whose hooks run on the node',
  pod({ volumes: [{ name: 'h', gitRepo: { repository: 'x' } }] }),
)
hostPath('a flexVolume', pod({ volumes: [{ name: 'h', flexVolume: { driver: 'x' } }] }))
hostPath('a source that nobody knows yet', pod({ volumes: [{ name: 'h', tomorrow: { path: '/' } }] }))
hostPath(
  'workingDir /proc/self/fd/8 (CVE-2024-21626)',
  pod({ containers: [{ ...app, workingDir: '/proc/self/fd/8' }] }),
)

// Other ways in.
for (const [apiVersion, name] of [
  ['apps/v1', 'Deployment'],
  ['apps/v1beta2', 'DaemonSet'],
  ['extensions/v1beta1', 'Deployment'],
  ['v1', 'ReplicationController'],
  ['batch/v1', 'Job'],
  ['argoproj.io/v1alpha1', 'Rollout'],
  ['serving.knative.dev/v1', 'Service'],
] as const)
  hostPath(`the template of ${apiVersion} ${name}`, kind(apiVersion, name, { template: template(ROOT) }))
hostPath(
  'the template of a CronJob',
  kind('batch/v1', 'CronJob', { jobTemplate: { spec: { template: template(ROOT) } } }),
)
hostPath('a PodTemplate', {
  apiVersion: 'v1',
  kind: 'PodTemplate',
  metadata: { name: 'a', namespace: 'shop' },
  template: template(ROOT),
})
hostPath(
  'a JobSet’s second job',
  kind('jobset.x-k8s.io/v1alpha2', 'JobSet', {
    replicatedJobs: [
      { template: { spec: { template: template({}) } } },
      { template: { spec: { template: template(ROOT) } } },
    ],
  }),
)
hostPath(
  'the subresource pods/ephemeralcontainers that mounts a refused volume',
  pod({ ...ROOT, ephemeralContainers: [{ ...app, name: 'd', volumeMounts: [{ name: 'h', mountPath: '/h' }] }] }),
  'denied',
  { oldObject: pod(ROOT), subResource: 'ephemeralcontainers' },
)
hostPath('the subresource pods/resize with a new volume', pod(ROOT), 'denied', {
  oldObject: pod({}),
  subResource: 'resize',
})
hostPath('a subresource that does not exist yet', pod(ROOT), 'denied', { subResource: 'tomorrow' })
hostPath('an update that adds the volume', pod(ROOT), 'denied', { oldObject: pod({}) })
hostPath('an update that widens /data to /', pod(ROOT), 'denied', { oldObject: pod(host('/data')) })
hostPath(
  'an update that doubles what was excused',
  pod({ volumes: [...ROOT.volumes, { name: 'i', hostPath: { path: '/' } }] }),
  'denied',
  { oldObject: pod(ROOT) },
)
hostPath('a creation with an old object, as if it stood already', pod(ROOT), 'denied', {
  oldObject: pod(ROOT),
  operation: 'CREATE',
})
hostPath(
  'an object that is being deleted, and widened',
  pod(host('/'), { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  'denied',
  { oldObject: pod(host('/etc')) },
)
hostPath('a pod of kube-system', pod(ROOT, { namespace: 'kube-system' }), 'passed')
attack('an object that says kube-system, in a request to shop', 'denied', () => {
  const request = { ...requestFor(pod(ROOT, { namespace: 'kube-system' })), namespace: 'shop' }
  return judge(set, request).allowed ? 'passed' : 'denied'
})
hostPath('a namespace that begins like an excluded one', pod(ROOT, { namespace: 'kube-system-2' }))
hostPath('a forged mirror pod', pod(ROOT, { annotations: { 'kubernetes.io/config.mirror': 'x' } }))
hostPath(
  'a forged mirror pod by a node, for another node',
  pod({ ...ROOT, nodeName: 'n1' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
  'denied',
  { userInfo: { username: 'system:node:n2', uid: '', groups: ['system:nodes'] } },
)
hostPath('a pod without a name, with generateName', pod(ROOT, { name: undefined, generateName: 'node-exporter-' }))
hostPath(
  'an impostor of node-exporter in a namespace of one’s own',
  pod(
    { containers: [{ name: 'node-exporter', image: 'quay.io/prometheus/node-exporter:v1' }], ...ROOT },
    { name: 'node-exporter' },
  ),
)
hostPath(
  'node-exporter’s own namespace, another registry',
  pod(
    {
      containers: [
        {
          name: 'node-exporter',
          image: 'evil.io/quay.io/prometheus/node-exporter:v1',
          volumeMounts: [{ name: 'h', mountPath: '/h' }],
        },
      ],
      ...ROOT,
    },
    { name: 'node-exporter', namespace: 'monitoring' },
  ),
)
hostPath(
  'labels and annotations that look like an exception',
  pod(ROOT, {
    labels: { 'portcullis.dev/ignore': 'host-path' },
    annotations: { 'portcullis.dev/ignore.host-path': 'x', 'portcullis.dev/break-glass-reason': 'x' },
  }),
)
hostPath('keys that are prototypes', pod({ ...ROOT, constructor: {}, toString: 'x' }, { labels: { constructor: 'x' } }))

// Privileged containers and the node's namespaces.
const baseline = (what: string, spec: object, expected: Result = 'warned') =>
  attack(what, expected, () => result(pod(spec), 'pod-security-baseline'))
baseline('a privileged init container', {
  initContainers: [{ ...app, name: 'i', securityContext: { privileged: true } }],
})
baseline('a privileged ephemeral container', {
  ephemeralContainers: [{ ...app, name: 'e', securityContext: { privileged: true } }],
})
baseline(
  '`privileged: "true"`, which the API server does not take',
  { containers: [{ ...app, securityContext: { privileged: 'true' } }] },
  'passed',
)
baseline('`Privileged` in another case', { containers: [{ ...app, securityContext: { Privileged: true } }] }, 'passed')
baseline('the capability CAP_SYS_ADMIN', {
  containers: [{ ...app, securityContext: { capabilities: { add: ['CAP_SYS_ADMIN'] } } }],
})
baseline('the capability ALL', { containers: [{ ...app, securityContext: { capabilities: { add: ['ALL'] } } }] })
baseline('hostPID', { hostPID: true })
baseline('procMount Unmasked', { containers: [{ ...app, securityContext: { procMount: 'Unmasked' } }] })

// The bridge sysctl; test/checks/node-network-sysctls.test.ts has eighty more.
const OFF = 'net.bridge.bridge-nf-call-iptables'
const sysctl = (what: string, container: object, expected: Result = 'warned') =>
  attack(what, expected, () => result(pod({ containers: [{ ...app, ...container }] }), 'node-network'))
sysctl('quotes inside the program’s name', { command: ['sh', '-c', `"sys"'ctl' -w ${OFF}=0`] })
sysctl('the name in two variables', {
  command: ['sh', '-c', 'sysctl -w $A$B=0'],
  env: [
    { name: 'A', value: 'net.bridge.' },
    { name: 'B', value: 'bridge-nf-call-iptables' },
  ],
})
sysctl('a here-document into /proc through the node’s root', {
  command: ['sh', '-c', 'cat <<E >/host/proc/sys/net/bridge/bridge-nf-call-iptables\n0\nE'],
})
sysctl('nsenter, env, nice and a shell in a shell', {
  command: ['nsenter', '-t', '1', '-a', 'env', 'A=1', 'nice', 'sh', '-c', `sh -c "sysctl -w ${OFF}=0"`],
})
sysctl(
  'python',
  { command: ['python', '-c', "open('/proc/sys/net/bridge/bridge-nf-call-iptables','w').write('0')"] },
  'skipped',
)
sysctl('the arguments of an image’s entrypoint', { args: ['sysctl', '-w', `${OFF}=0`] })

// etcd; test/checks/etcd-bootstrap.test.ts has more.
const member = (command: readonly string[]) =>
  kind('apps/v1', 'StatefulSet', {
    replicas: 3,
    template: template({
      containers: [{ name: 'etcd', image: 'etcd:3', command, volumeMounts: [{ name: 'd', mountPath: '/d' }] }],
      volumes: [{ name: 'd', hostPath: { path: '/data/etcd' } }],
    }),
  })
const flags = ['etcd', '--data-dir=/d', '--initial-cluster=a=http://a,b=http://b']
const etcd = (what: string, command: readonly string[], expected: Result = 'denied') =>
  attack(what, expected, () =>
    result(member(command), 'etcd', { oldObject: member([...flags, '--initial-cluster-state=existing']) }),
  )
etcd('the flag given twice, the last one new', [
  ...flags,
  '--initial-cluster-state=existing',
  '--initial-cluster-state=new',
])
etcd('the flag with one dash and its value apart', [...flags, '-initial-cluster-state', 'new'])
etcd('a script that starts etcd', ['sh', '-c', `S=new; exec ${flags.join(' ')} --initial-cluster-state=$S`])
etcd('a script on the volume', ['sh', '/d/start.sh'], 'skipped')

// Orphans.
const selector = compileSelector({ matchLabels: { app: 'web' } })
const owned = (labels: unknown, reference: object = {}) =>
  pod(
    {},
    {
      labels,
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n' },
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true, ...reference },
      ],
    },
  )
const orphan = (what: string, labels: unknown, expected: Result = 'denied') =>
  attack(what, expected, () =>
    result(owned(labels), 'pod-adoption', {}, { facts: { owner: { kind: 'found', selector } } }),
  )
orphan('labels that are gone', undefined)
orphan('labels that are null', null)
orphan('labels that are a list', ['app=web'])
orphan('the label as a number', { app: 1 })
orphan('the label in another case', { App: 'web' })
orphan('the label with a blank', { app: 'web ' })
orphan('a prototype’s key', { __proto__: { app: 'web' } })

// YAML.
const yaml = (what: string, text: string, expected: Result) =>
  attack(what, expected, () => {
    const { documents, problems } = parseYaml(text)
    if (problems.length > 0) return 'denied'
    const objects = documents.flatMap(({ value }) => objectsOf(value).objects.map(({ value: object }) => object))
    return objects.filter(isObject).some((object: JsonObject) => result(object, 'host-path') === 'denied')
      ? 'denied'
      : 'passed'
  })
const body = (volumes: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: []\n${volumes}`
yaml('an anchor and an alias', `x: &r {path: /}\n${body('  volumes: [{name: h, hostPath: *r}]\n')}`, 'denied')
yaml('a merge key', body('  volumes:\n    - name: h\n      hostPath:\n        <<: {path: /}\n'), 'denied')
yaml(
  'a key given twice, the last one harmless',
  body('  volumes: [{name: h, hostPath: {path: /, path: /data}}]\n'),
  'denied',
)
yaml('an escaped text', body('  volumes: [{name: h, hostPath: {path: "\\x2f"}}]\n'), 'denied')
yaml(
  'a byte order mark and CRLF',
  `\uFEFF${body('  volumes: [{name: h, hostPath: {path: /}}]\n').replaceAll('\n', '\r\n')}`,
  'denied',
)
yaml(
  'a List in a List',
  `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {volumes: [{name: h, hostPath: {path: /}}]}}\n`,
  'denied',
)
yaml(
  'a PodList whose items do not say what they are',
  `apiVersion: v1\nkind: PodList\nitems:\n- {metadata: {name: a}, spec: {volumes: [{name: h, hostPath: {path: /}}]}}\n`,
  'denied',
)
yaml('JSON in YAML', JSON.stringify(pod(ROOT)), 'denied')
yaml('a document after `...`', `a: 1\n...\n${body('  volumes: [{name: h, hostPath: {path: /}}]\n')}`, 'denied')

if (process.env['SHOW_ATTACKS'] === '1') {
  for (const each of attacks) process.stdout.write(`${each.number}\t${each.what}\t${each.expected}\n`)
}

describe('tries to get past the policies that ship', () => {
  it.each(attacks)('$number: $what is $expected', ({ run, expected }) => {
    expect(run()).toBe(expected)
  })

  it('the page lists each, with what came of it', () => {
    expect(rowsOf('own')).toEqual(attacks.map(each => [each.number, each.what, each.expected]))
    expect(attacks.length).toBeGreaterThanOrEqual(60)
  })
})
