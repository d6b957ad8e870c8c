import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REPORT_LABELS } from '../../src/controller/audit/reports.ts'
import { requestText } from '../../src/controller/rollouts/requests.ts'
import { CUSTOM_KINDS } from '../../src/workload/custom-kinds/index.ts'
import { objectsOf } from '../support/monitoring.ts'
import { accessOf } from './support/api-audit.ts'
import { type Balancer, startBalancer } from './support/balancer.ts'
import { runTool } from './support/commands.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { registrationBecomes, registrationOf } from './support/controller.ts'
import { type LocalKubelet, startKubelet } from './support/kubelet.ts'
import { startLoad } from './support/load.ts'
import { waitUntil, withoutProxy } from './support/processes.ts'
import { describeRight, needs, rightsOf } from './support/rights.ts'
import { rolloutBecomes, stagedPolicy } from './support/rollouts.ts'
import { dryRunCreate, podWith, rootPodGets } from './support/webhooks.ts'

const NAMESPACE = 'portcullis-system'
const CHART = 'charts/portcullis'
const OWNERS = {
  ReplicaSet: { apiVersion: 'apps/v1', resource: 'replicasets' },
  StatefulSet: { apiVersion: 'apps/v1', resource: 'statefulsets' },
  DaemonSet: { apiVersion: 'apps/v1', resource: 'daemonsets' },
  ReplicationController: { apiVersion: 'v1', resource: 'replicationcontrollers' },
  Job: { apiVersion: 'batch/v1', resource: 'jobs' },
} as const

let plane: ControlPlane
let balancer: Balancer
let kubelet: LocalKubelet
let before: readonly string[]
let askedBefore = 0

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true, auditNamespace: NAMESPACE })
  for (const name of ['shop', NAMESPACE]) await createNamespace(plane, name)
  await installReports('wgpolicyk8s.io', 'policyreports')
  before = await everythingAtRest()
  balancer = await startBalancer()
  kubelet = startKubelet(plane, {
    namespace: NAMESPACE,
    onPod: (event, pod) => {
      if (pod.component === 'gateway') balancer[event === 'started' ? 'add' : 'remove'](pod)
    },
  })
})

afterAll(async () => {
  await kubelet?.stop()
  await balancer?.stop()
  await plane?.stop()
})

const kubectl = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await plane.kubectl(args)
  expect(code, stderr).toBe(0)
  return stdout
}
const apply = async (...objects: readonly unknown[]) => {
  for (const object of objects) {
    const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { input: object })
    expect(code, stderr).toBe(0)
  }
}
const installReports = async (group: string, resource: string) => {
  for (const kind of [resource, `cluster${resource}`])
    await kubectl('apply', '-f', `test/data/reports/${group}_${kind}.yaml`)
}
/** Runs helm against the cluster; `values` are of the form `mode=enforce`. */
const helm = async (version: 'helm3' | 'helm4', args: readonly string[], ...values: readonly string[]) => {
  const env = { ...withoutProxy(), HOME: plane.directory, KUBECONFIG: join(plane.directory, 'admin.kubeconfig') }
  const all = [...args, '-n', NAMESPACE, ...values.flatMap(value => ['--set', value])]
  const { code, stdout, stderr } = await runTool(version, all, { env })
  expect(code, stdout + stderr).toBe(0)
  return stdout
}
const upgrade = (version: 'helm3' | 'helm4', ...more: readonly string[]) =>
  helm(version, ['upgrade', 'portcullis', CHART, '--wait', '--timeout', '200s'], ...values(), ...more)
const values = () => [
  `service.port=${balancer.port}`,
  'gateway.replicas=2',
  'gateway.drainSeconds=1',
  'controller.auditInterval=2s',
  'controller.podInterval=1s',
  'controller.rolloutInterval=1s',
  'clientAuth.names={kube-apiserver}',
  'clientAuth.readyAfter=4s',
]
/** Mode enforce, and once every API server shows a certificate nobody else may ask. */
const ENFORCING = ['mode=enforce', 'acceptBlocked=true', 'clientAuth.mode=when-ready', 'clientAuth.caSecret=client-ca']

/** An injection into every pod. */
const TEAM = {
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'SidecarInjection',
  metadata: { name: 'team' },
  spec: { trigger: { always: true }, labels: { team: 'payments' } },
}

/** The status that a caller without a client certificate gets. */
function askWithoutCertificate(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, method: 'POST', path: '/validate', rejectUnauthorized: false }, answer => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.on('error', reject)
    asked.end('{}')
  })
}

/** Every object of the cluster but Events. */
async function everything(): Promise<readonly string[]> {
  const resources = (await kubectl('api-resources', '--verbs=list', '-o', 'name')).trim().split('\n')
  const kinds = resources.filter(name => !/^(?:events|events\.events\.k8s\.io|componentstatuses)$/.test(name))
  const line = '{.kind} {.metadata.namespace}/{.metadata.name}'
  const all = await kubectl('get', kinds.join(), '-A', '-o', `jsonpath={range .items[*]}${line}{"\\n"}{end}`)
  return all.split('\n').filter(name => name !== '')
}

/** The same, once nobody makes anything any more: what the control plane makes by itself comes a while after it is ready. */
async function everythingAtRest(): Promise<readonly string[]> {
  let seen: readonly string[] = []
  await waitUntil('the control plane has made what it makes by itself', async () => {
    await sleep(2000)
    const last = seen
    seen = await everything()
    const isWhole = ['default', 'kube-node-lease', 'kube-public', 'kube-system'].every(namespace =>
      seen.includes(`ServiceAccount ${namespace}/default`),
    )
    return isWhole && seen.includes('APIService /v1alpha2.wgpolicyk8s.io') && seen.join() === last.join()
  })
  return seen
}

/** What a policy that denies is about: a pod and a PersistentVolume, both bad. */
const bad = (count: number) => [
  { ...(podWith({ path: '/' }) as object), metadata: { name: `bad-${count}`, namespace: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `bad-${count}` },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/etc' } },
  },
]
const removeVolume = async (count: number) => {
  await kubectl('delete', 'persistentvolume', `bad-${count}`, '--wait=false')
  // The controller that protects volumes in use does not run here.
  await kubectl('patch', 'persistentvolume', `bad-${count}`, '-p', '{"metadata":{"finalizers":null}}')
}
/** Waits until the reports of a kind, of the namespace and of the cluster, count so many failures. */
const reported = (resource: string, failures: number) =>
  waitUntil(`${resource} tell of ${failures}`, async () => {
    const summaries = await kubectl(
      ...['get', `${resource},cluster${resource}`, '-A', '-o'],
      'jsonpath={range .items[*]}{.metadata.name}={.summary.fail} {end}',
    )
    const counts = [...summaries.matchAll(/portcullis-host-path=(\d+)/g)].map(([, count]) => Number(count))
    return failures === 0 ? counts.length === 0 : counts.join() === [failures, failures].join()
  })

test('helm install --wait ends when everything is ready, and blocks nothing', async () => {
  const notes = await helm('helm3', ['install', 'portcullis', CHART, '--wait', '--timeout', '200s'], ...values())
  expect(notes).toContain('is installed in mode observe')
  // No kube-proxy runs here: the Service leads to the balancer.
  await kubectl(
    ...['patch', 'service', 'portcullis', '-n', NAMESPACE, '--type=merge', '-p'],
    JSON.stringify({ spec: { type: 'ExternalName', externalName: '127.0.0.1', clusterIP: null, clusterIPs: null } }),
  )
  await registrationBecomes(plane, 'observe/everywhere/Ignore')
  const create = () => plane.kubectl(['create', '--dry-run=server', '-f', 'examples/host-root-pod.yaml'])
  await waitUntil('the API server asks', async () => (await create()).stderr !== '')
  const { code, stderr } = await create()
  expect([code, stderr]).toEqual([0, expect.stringContaining('would be refused by policy host-path')])
})

test('helm test says that it works', async () => {
  expect(await helm('helm3', ['test', 'portcullis', '--timeout', '100s'])).toMatch(/Phase: +Succeeded/)
})

test('what is bad already is reported, and the reports follow what changes', async () => {
  await apply(...bad(1))
  await reported('policyreports', 1)
  await apply(...bad(2))
  await reported('policyreports', 2)
})

test('an upgrade to mode enforce, by helm 4, refuses and injects', async () => {
  await installReports('openreports.io', 'reports')
  await apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'client-ca', namespace: NAMESPACE },
    stringData: { 'ca.crt': plane.webhookCa.certificatePem },
  })
  await upgrade('helm4', ...ENFORCING)
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await rootPodGets(plane, 403, 'shop')
  expect(await helm('helm4', ['test', 'portcullis', '--timeout', '100s'])).toMatch(/Phase: +Succeeded/)
  await apply(
    TEAM,
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'PolicyException',
      metadata: { name: 'own', namespace: NAMESPACE },
      spec: { policies: ['etcd'], match: { namespaces: ['shop'] }, reason: 'a test' },
    },
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'no-privileged' },
      spec: { validationActions: ['Deny'], checks: [{ check: 'privileged' }] },
    },
  )
  await waitUntil('a pod is injected', async () =>
    (await dryRunCreate(plane, podWith(), 'shop')).body.includes('"team":"payments"'),
  )
  // The revision that is kept of a document follows it.
  const revisions = () => kubectl('get', 'controllerrevisions', '-n', NAMESPACE, '-o', 'jsonpath={.items[*].data.spec}')
  await waitUntil('its revision is kept', async () => (await revisions()).includes('"check":"privileged"'))
  await kubectl(
    ...['patch', 'policies.portcullis.dev', 'no-privileged', '--type=merge', '-p'],
    JSON.stringify({ spec: { checks: [{ check: 'host-ports' }] } }),
  )
  await waitUntil('that of the newest is', async () => /^(?!.*privileged).*host-ports/.test(await revisions()))
  await reported('reports.openreports.io', 2)
  await reported('policyreports', 0)
  for (const count of [2, 1]) {
    await kubectl('delete', 'pod', '-n', 'shop', `bad-${count}`, '--now')
    await removeVolume(count)
    await reported('reports.openreports.io', count - 1)
  }
})

test('client certificates are demanded once every API server has shown one, and then whoever asks without gets no answer', async () => {
  const demanded = async () => {
    // An API server that asks is what there is to be seen.
    await dryRunCreate(plane, podWith(), 'shop')
    const texts = await Promise.all(kubelet.running('gateway').map(pod => pod.metrics()))
    return texts.every(text => text.includes('portcullis_client_auth_required 1'))
  }
  await waitUntil('they are demanded', demanded)
  const events = () => kubectl('get', 'events', '-n', 'default', '--field-selector', 'reason=ClientAuthReady')
  await waitUntil('an event says so', async () => (await events()).includes(`namespace/${NAMESPACE}`))
  const [gateway] = kubelet.running('gateway')
  const answer = await askWithoutCertificate(gateway?.host ?? '', gateway?.port ?? 0)
  expect(answer).toBe(403)
  expect((await dryRunCreate(plane, podWith({ path: '/' }), 'shop')).status).toBe(403)
})

test('an applied policy is in force on every replica', async () => {
  const hashes = async () => {
    const texts = await Promise.all(kubelet.running('gateway').map(pod => pod.metrics()))
    return texts.map(text => /portcullis_policy_set_info\{hash="(\w+)"\} 1/.exec(text)?.[1])
  }
  const path = '/apis/portcullis.dev/v1alpha1/policies/no-privileged'
  const times: number[] = []
  for (let round = 0; round < 100; round++) {
    const before = (await hashes())[0]
    const checks = [{ check: round % 2 === 0 ? 'host-ports' : 'privileged' }, { check: 'proc-mount' }]
    const started = performance.now()
    const { status } = await plane.request('PATCH', path, { spec: { checks } }, 'application/merge-patch+json')
    expect(status).toBe(200)
    await waitUntil('every replica has it', async () => {
      const now = await hashes()
      return now[0] !== before && now.every(hash => hash === now[0])
    })
    times.push(performance.now() - started)
  }
  const sorted = times.toSorted((a, b) => a - b).map(time => time.toFixed(0))
  process.stdout.write(
    `from an applied policy to all ${kubelet.running('gateway').length} replicas: p50 ${sorted[49]}, p99 ${sorted[98]}, most ${sorted[99]} ms\n`,
  )
})

/** Waits until none of these gateways runs any more. */
const replaced = (names: readonly string[]) =>
  waitUntil('the gateways of before have ended', async () =>
    kubelet.running('gateway').every(({ name }) => !names.includes(name)),
  )

test('a rollout brings a policy, and does what an operator asks of it', async () => {
  await apply(stagedPolicy('staged', 'se-linux'), {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name: 'staged' },
    spec: {
      target: { kind: 'Policy', name: 'staged' },
      stages: [{ name: 'everywhere', hold: '1h' }],
      gates: { unready: 0.5, wouldBlock: 0 },
    },
  })
  await rolloutBecomes(plane, 'staged', ({ stage }) => stage === 'everywhere')
  await waitUntil('it is promoted', async () => {
    // One that comes while a gate is unknown does not pass it, and is gone.
    const promote = `portcullis.dev/rollout-request=${requestText('promote', Date.now(), 'everywhere')}`
    await kubectl('annotate', '--overwrite', 'canaryrollouts', 'staged', promote)
    const isComplete = rolloutBecomes(plane, 'staged', ({ phase }) => phase === 'Complete', 5000)
    return isComplete.then(() => true)
  })
  expect(await kubectl('get', 'canaryrollouts')).toMatch(
    /^NAME +COMPILED +TARGET +PHASE +STAGE +SINCE +GATES +AGE\nstaged +True +staged +Complete +complete +\S+ +ok /,
  )
  await waitUntil(
    'the request is gone',
    async () => !(await kubectl('get', 'canaryrollouts', 'staged', '-o', 'yaml')).includes('rollout-request'),
  )
})

test('an upgrade and a rollback keep serving: no admission fails while every gateway is replaced twice', async () => {
  const load = startLoad(plane)
  await waitUntil('the load runs', async () => load.sent() > 200)
  const first = kubelet.running('gateway').map(({ name }) => name)
  await upgrade('helm3', ...ENFORCING, 'gateway.podAnnotations.example\\.com/round=two')
  await replaced(first)
  const second = kubelet.running('gateway').map(({ name }) => name)
  await helm('helm3', ['rollback', 'portcullis', '--wait', '--timeout', '200s'])
  await replaced(second)
  const { sent, failed } = await load.stop()
  process.stdout.write(`${sent} admissions during an upgrade and a rollback, ${failed.length} failed\n`)
  expect(failed).toEqual([])
})

test('certificates and a Lease that are lost or broken are made anew, and the pods serve by them', async () => {
  const secret = ['get', 'secret', '-n', NAMESPACE, 'portcullis-tls', '-o', 'jsonpath={.metadata.uid}']
  const lost = await kubectl(...secret)
  await kubectl('delete', 'secret', '-n', NAMESPACE, 'portcullis-ca', 'portcullis-tls')
  await kubectl('delete', 'lease', '-n', NAMESPACE, 'portcullis-controller')
  await waitUntil('there is another certificate', async () => {
    const { stdout } = await plane.kubectl(secret)
    return stdout !== '' && stdout !== lost
  })
  for (const [name, key] of [
    ['portcullis-tls', 'tls.crt'],
    ['portcullis-ca', 'ca.crt'],
  ] as const) {
    const read = ['get', 'secret', '-n', NAMESPACE, name, '-o', 'jsonpath={.data}']
    const garbage = JSON.stringify({ stringData: { [key]: 'garbage' } })
    // As it was written: when it is read it may be mended already.
    const broken = await kubectl('patch', 'secret', '-n', NAMESPACE, name, '-p', garbage, '-o', 'jsonpath={.data}')
    await waitUntil(`${name} is mended`, async () => (await kubectl(...read)) !== broken)
  }
  await waitUntil('there is a Lease', async () =>
    (await kubectl('get', 'lease', '-n', NAMESPACE)).includes('portcullis'),
  )
  expect((await dryRunCreate(plane, podWith({ path: '/' }), 'shop')).status).toBe(403)
})

test('pods of every kind of owner are held against the selector of that very owner', async () => {
  const labels = { app: 'owned' }
  const pod = podWith() as { spec: object }
  for (const [kind, { apiVersion, resource }] of Object.entries(OWNERS)) {
    const selector = kind === 'ReplicationController' ? labels : { matchLabels: labels }
    const restartPolicy = kind === 'Job' ? 'Never' : 'Always'
    const template = { metadata: { labels }, spec: { ...pod.spec, restartPolicy } }
    const spec = { template, ...(kind === 'Job' ? { suspend: true } : { selector }) }
    const metadata = { name: `owner-${resource}`, namespace: 'shop' }
    await apply({ apiVersion, kind, metadata, spec: { ...spec, ...(kind === 'ReplicaSet' && { replicas: 0 }) } })
    const uid = await kubectl('get', resource, '-n', 'shop', metadata.name, '-o', 'jsonpath={.metadata.uid}')
    const reference = { apiVersion, kind, name: metadata.name, uid, controller: true }
    const orphan = { ...pod, metadata: { name: `orphan-of-${resource}`, labels: {}, ownerReferences: [reference] } }
    const { status, body } = await dryRunCreate(plane, orphan, 'shop')
    expect([kind, status], body).toEqual([kind, 403])
    const adopted = { ...orphan, metadata: { ...orphan.metadata, name: `pod-of-${resource}`, labels } }
    // A Job selects by its own uid, whatever its pods are called.
    const ofJob = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': metadata.name }
    if (kind === 'Job') adopted.metadata.labels = ofJob as never
    const created = await plane.request('POST', '/api/v1/namespaces/shop/pods', adopted)
    expect(created.status, created.body).toBe(201)
  }
  const rounds = async () => {
    const texts = await Promise.all(kubelet.running('controller').map(pod => pod.metrics()))
    const found = texts.map(text => /rounds_total\{task="pods",result="ok"\} (\d+)/.exec(text)?.[1])
    // Of all of them: another one may lead by now.
    return found.reduce((sum, count) => sum + Number(count ?? 0), 0)
  }
  const now = await rounds()
  await waitUntil('the pods are counted', async () => (await rounds()) > now + 2)
})

test('back to mode observe, and without injections, nothing is refused or changed', async () => {
  await kubectl('delete', 'sidecarinjections,policies.portcullis.dev,policyexceptions', '--all', '-A')
  await waitUntil('nothing is injected', async () =>
    (await plane.request('GET', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations')).body.includes(
      '"items":[]',
    ),
  )
  await upgrade('helm3', 'crds.keep=false')
  await registrationBecomes(plane, 'observe/everywhere/Ignore')
  await rootPodGets(plane, 201, 'shop')
})

test('uninstalling leaves nothing behind', async () => {
  // So that there is something of everything.
  await apply(TEAM, ...bad(3))
  await reported('reports.openreports.io', 1)
  await waitUntil('the injection is registered', async () =>
    (await kubectl('get', 'mutatingwebhookconfigurations')).includes('portcullis'),
  )
  for (const kind of ['PolicyReport', 'ClusterPolicyReport']) {
    const metadata = { name: 'portcullis-of-before', labels: REPORT_LABELS }
    const namespaced = kind === 'PolicyReport' && { namespace: 'shop' }
    await apply({ apiVersion: 'wgpolicyk8s.io/v1alpha2', kind, metadata: { ...metadata, ...namespaced } })
  }
  askedBefore = accessOf(plane.directory).length
  await helm('helm3', ['uninstall', 'portcullis', '--wait', '--timeout', '200s'])
  expect(await registrationOf(plane)).toBe('none')
  await kubectl('delete', 'replicasets,statefulsets,daemonsets,replicationcontrollers,jobs,pods', '-n', 'shop', '--all')
  await kubectl('delete', 'secret', '-n', NAMESPACE, 'client-ca')
  await removeVolume(3)
  for (const kind of ['reports', 'clusterreports'])
    await kubectl('delete', '-f', `test/data/reports/openreports.io_${kind}.yaml`)
  let left: readonly string[] = []
  await waitUntil('what was there before is there, and nothing else', async () => {
    left = (await everything()).filter(name => !before.includes(name))
    return left.length === 0
  }).catch(() => {})
  expect(left).toEqual([])
})

/** Needed only for a namespace that the watch has not brought yet: test/server/new-namespaces.test.ts. */
const RARE = ['get namespaces']
/** Needed only if the definition of a custom resource is installed: the audit lists what is served. */
const UNSERVED = CUSTOM_KINDS.map(({ group, resource }) => `list ${resource}.${group}`)

test('each right of each account was needed, none was missing, and the gateway wrote nothing', async () => {
  const used = accessOf(plane.directory)
  expect(used.length).toBeGreaterThan(500)
  // While the release is being removed its rights go before its pods.
  const whole = used.filter(({ account }, index) => index < askedBefore || account === 'portcullis-uninstall')
  expect(whole.filter(({ isAuthorized }) => !isAuthorized)).toEqual([])
  const chart = objectsOf(await helm('helm3', ['template', 'portcullis', CHART], ...values(), 'uninstaller=always'))
  for (const account of ['portcullis', 'portcullis-controller', 'portcullis-uninstall']) {
    const own = used.filter(access => access.account === account)
    const rights = rightsOf(chart, account)
    expect(rights.length, account).toBeGreaterThan(5)
    const unused = rights.filter(right => !own.some(access => needs(access, right)))
    expect(
      unused.map(describeRight).filter(right => !RARE.includes(right) && !UNSERVED.includes(right)),
      account,
    ).toEqual([])
  }
  const written = used.filter(({ account, verb }) => account === 'portcullis' && !/^(?:get|list|watch)$/.test(verb))
  expect(written).toEqual([])
})
