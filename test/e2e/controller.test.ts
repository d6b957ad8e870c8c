import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { runCommand } from './support/commands.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import {
  type ControllerProcess,
  prepareCluster,
  registrationBecomes,
  registrationOf,
  startController,
} from './support/controller.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { waitUntil, withoutProxy } from './support/processes.ts'
import { dryRunCreate, podWith, rootPodGets } from './support/webhooks.ts'

const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/portcullis'
const ROOT_POD = podWith({ path: '/' })

let plane: ControlPlane
let gateway: GatewayProcess
let controllers: ControllerProcess[] = []

const gatewayOptions = (port?: number) => ({
  directory: plane.directory,
  authority: plane.webhookCa,
  args: ['--kubeconfig', join(plane.directory, 'admin.kubeconfig'), '--cluster-documents'],
  ...(port !== undefined && { port }),
})
const start = async (...args: readonly string[]) => {
  const started = await startController(plane, gateway.port, args)
  controllers.push(started)
  return started
}
const stopControllers = async () => {
  for (const { process } of controllers) await process.stop('SIGTERM')
  controllers = []
}
const rootPod = async (namespace = 'shop') => (await dryRunCreate(plane, ROOT_POD, namespace)).status
const apply = async (object: unknown) => {
  const { code, stderr } = await plane.kubectl(['apply', '-f', '-'], { input: object })
  expect(code, stderr).toBe(0)
}

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await prepareCluster(plane)
  gateway = await startGateway(gatewayOptions())
})

afterAll(async () => {
  await stopControllers()
  await gateway?.stop()
  await plane?.stop()
})

test('installing blocks nothing: in mode observe a bad pod is admitted, with a warning', async () => {
  onTestFinished(stopControllers)
  await start()
  await registrationBecomes(plane, 'observe/everywhere/Ignore')
  const create = () => plane.kubectl(['create', '--dry-run=server', '-f', 'examples/host-root-pod.yaml'])
  await waitUntil('the API server asks', async () => (await create()).stderr !== '')
  const { code, stderr } = await create()
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^Warning: would be refused by policy host-path: volume "host" mounts hostPath "\/"/),
  ])
  await waitUntil(
    'the heartbeat is seen',
    async () => (await controllers[0]?.metrics())?.includes('portcullis_heartbeat_refused 1') ?? false,
  )
})

test('preview names exactly what enforcing would refuse, old ReplicaSets too, and enforce waits for it', async () => {
  onTestFinished(stopControllers)
  const path = (bad: boolean) => ({ name: 'host', hostPath: { path: bad ? '/var/lib/kubelet' : '/data/app' } })
  const workload = (name: string, bad: boolean) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: 'a', image: 'registry.example.com/a:1', volumeMounts: [{ name: 'host', mountPath: '/host' }] },
          ],
          volumes: [path(bad)],
        },
      },
    },
  })
  const items = (names: readonly string[], bad: (index: number) => boolean) => ({
    apiVersion: 'v1',
    kind: 'List',
    items: names.map((name, index) => workload(name, bad(index))),
  })
  const names = Array.from({ length: 50 }, (_, index) => `w-${String(index).padStart(2, '0')}`)
  await apply(items(names, index => index < 7))
  const replicaSets = async () => (await plane.kubectl(['get', 'replicasets', '-n', 'shop', '-o', 'name'])).stdout
  await waitUntil('each has its ReplicaSet', async () => (await replicaSets()).trim().split('\n').length >= 50)
  // Two of them are mended; their old ReplicaSets are not.
  await apply(items(names.slice(0, 2), () => false))
  await waitUntil('the new ReplicaSets are there', async () => (await replicaSets()).trim().split('\n').length >= 52)
  const look = () =>
    runCommand(
      'portcullis',
      ['preview', '--cluster', '--cluster-documents', '--kubeconfig', join(plane.directory, 'admin.kubeconfig')],
      plane.directory,
      { env: withoutProxy() },
    )
  const { code, stdout, stderr } = await look()
  expect(code, stderr).toBe(1)
  expect(stdout.match(/^Deployment .*/gm)).toEqual(names.slice(0, 7).map(name => `Deployment shop/${name}`))
  expect(stdout.match(/^ {2}by its ReplicaSet w-0[01]-\w+: host-path: /gm)).toHaveLength(2)
  expect(stdout).toContain('7 objects would be refused at the next drain, scale-up or rollback.')
  await start('--mode', 'enforce')
  const waits = async () => (await plane.kubectl(['get', 'events', '-n', 'default'])).stdout
  await waitUntil('enforce waits, and says why', async () =>
    /EnforcementWaits .*7 objects would be refused \(Deployment shop\/w-00, /.test(await waits()),
  )
  expect(await registrationOf(plane)).toBe('observe/everywhere/Ignore')
  await stopControllers()
  await plane.kubectl(['delete', 'deployments', '-n', 'shop', '--all'])
  await waitUntil('they are gone', async () => (await replicaSets()) === '')
  expect(await look()).toMatchObject({ code: 0, stdout: 'Nothing that is there would be refused.\n' })
})

test('mode enforce is reached step by step, and refuses', async () => {
  await start('--mode', 'enforce')
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await rootPodGets(plane, 403, 'shop')
  expect(await rootPod('kube-system')).toBe(201)
  const written = () => {
    const log = controllers[0]?.log() ?? ''
    const lines = [...log.matchAll(/"mode":"(\w+)","stage":"([\w-]+)","msg":"webhook configuration written"/g)]
    return lines.map(([, mode, stage]) => `${mode}/${stage}`)
  }
  await waitUntil('the last step is logged', async () => written().at(-1) === 'enforce/in-force')
  expect(written()).toEqual(['enforce/everywhere', 'enforce/in-force'])
})

test('what somebody deletes or edits is there again within seconds, and an event says so', async () => {
  const started = performance.now()
  await plane.kubectl(['delete', 'validatingwebhookconfiguration', 'portcullis'])
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await waitUntil('it refuses again', async () => (await rootPod()) === 403)
  process.stdout.write(
    `a deleted registration was in force again after ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  )
  expect(performance.now() - started).toBeLessThan(90_000)
  const patch = [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }]
  await plane.request('PATCH', VALIDATING, patch, 'application/json-patch+json')
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  // It is restored first, and then told of.
  for (const what of ['deleted', 'edited'])
    await waitUntil(`an event says that it was ${what}`, async () =>
      new RegExp(`RegistrationRestored .*it was ${what} by somebody else`).test(
        (await plane.kubectl(['get', 'events', '-n', 'default'])).stdout,
      ),
    )
})

test('a policy about something new is enforced, the registration included', async () => {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    await apply({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'no-classes' },
      spec: {
        validationActions: ['Deny'],
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['storage.k8s.io'],
              apiVersions: ['*'],
              operations: ['CREATE'],
              resources: ['storageclasses'],
            },
          ],
        },
        checks: [{ check: 'host-path', params: { protected: ['/srv'] } }],
      },
    })
    const started = performance.now()
    const storageClass = {
      metadata: { generateName: 'c-' },
      provisioner: 'rancher.io/local-path',
      parameters: { nodePath: '/srv/x' },
    }
    const answer = async () =>
      (await plane.request('POST', '/apis/storage.k8s.io/v1/storageclasses?dryRun=All', storageClass)).body
    await waitUntil('it is refused', async () => (await answer()).includes('no-classes'))
    times.push(performance.now() - started)
    await plane.kubectl(['delete', 'policies.portcullis.dev', 'no-classes'])
    await waitUntil('it is refused no longer', async () => !(await answer()).includes('no-classes'))
  }
  process.stdout.write(`a policy was in force after ${times.map(time => time.toFixed(0)).join(', ')} ms\n`)
})

test('each document says in its status whether it compiles and is enforced', async () => {
  const document = (check: string) => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'own' },
    spec: { validationActions: ['Warn'], checks: [{ check }] },
  })
  const conditions = async () => {
    const path = '{range .status.conditions[*]}{.type} {.status} {.reason};{end}'
    return (await plane.kubectl(['get', 'policies.portcullis.dev', 'own', '-o', `jsonpath=${path}`])).stdout
  }
  await apply(document('privileged'))
  await waitUntil('it is in force', async () =>
    (await conditions()).startsWith('Compiled True Compiled;Enforced True InForce;'),
  )
  const refused = await plane.kubectl(['apply', '-f', '-'], { input: document('privilged') })
  expect(refused.stderr).toContain('unknown check "privilged" (did you mean "privileged"?)')
  await plane.kubectl(['delete', 'policies.portcullis.dev', 'own'])
})

test('with every gateway down, what runs goes on: finalizers go, a Deployment is scaled, and nothing bad comes in', async () => {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1' }] },
      },
    },
  }
  await apply(deployment)
  const held = {
    ...(podWith() as object),
    metadata: { name: 'held', namespace: 'shop', finalizers: ['example.com/held'] },
  }
  await apply(held)
  await gateway.stop('SIGKILL')
  try {
    expect(await rootPod()).toBe(500)
    const finalizer = await plane.kubectl([
      ...['patch', 'pod', 'held', '-n', 'shop', '--type=json'],
      '-p=[{"op":"remove","path":"/metadata/finalizers"}]',
    ])
    expect(finalizer.code, finalizer.stderr).toBe(0)
    expect((await plane.kubectl(['scale', 'deployment', 'web', '-n', 'shop', '--replicas=0'])).code).toBe(0)
    await waitUntil('the ReplicaSet was scaled', async () => {
      const { stdout } = await plane.kubectl([
        ...['get', 'replicaset', '-n', 'shop', '-l', 'app=web', '-o'],
        'jsonpath={.items[*].spec.replicas}',
      ])
      return stdout === '0'
    })
    const label = await plane.kubectl(['label', 'deployment', 'web', '-n', 'shop', 'a=b'])
    expect(label.code, label.stderr).toBe(0)
  } finally {
    gateway = await startGateway(gatewayOptions(gateway.port))
  }
  await waitUntil('it refuses again, without a hand', async () => (await rootPod()) === 403)
})

test('the emergency brake: one annotation, and nothing is refused; without it all is as before', async () => {
  const annotate = (text: string) =>
    plane.kubectl(['annotate', 'namespace', 'portcullis-system', `portcullis.dev/emergency-brake${text}`])
  const started = performance.now()
  await annotate('=pods of shop are refused')
  try {
    await waitUntil('nothing is refused', async () => (await rootPod()) === 201)
    process.stdout.write(`the brake took ${(performance.now() - started).toFixed(0)} ms\n`)
    await registrationBecomes(plane, 'observe/everywhere/Ignore')
    // That nothing is refused may be the registration's doing alone.
    await waitUntil('the gateway says so', async () =>
      (await gateway.metrics()).includes('portcullis_emergency_brake 1'),
    )
  } finally {
    await annotate('-')
  }
  await registrationBecomes(plane, 'enforce/in-force/Fail')
  await waitUntil('it refuses again', async () => (await rootPod()) === 403)
})

test('a controller that cannot start says why and ends, whatever it follows by then', async () => {
  const run = (...args: readonly string[]) =>
    runCommand(
      'portcullis',
      ['controller', '--kubeconfig', join(plane.directory, 'admin.kubeconfig'), ...args],
      plane.directory,
      { env: { ...withoutProxy(), POD_NAMESPACE: 'portcullis-system' } },
    )
  const broken = await run('--policies', 'nowhere', '--health-listen', '127.0.0.1:0')
  expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('no such file or folder')])
  const taken = await run('--health-listen', `127.0.0.1:${gateway.healthPort}`)
  expect([taken.code, taken.stderr]).toEqual([
    2,
    expect.stringContaining('choose another address with --health-listen'),
  ])
})

test('a second controller takes over from one that is killed', async () => {
  const second = await start('--mode', 'enforce')
  expect(await second.metrics()).toContain('portcullis_leader 0')
  expect(await second.metrics()).not.toContain('portcullis_heartbeat_refused')
  await controllers[0]?.process.stop('SIGKILL')
  await waitUntil('the other one leads', async () => (await second.metrics()).includes('portcullis_leader 1'))
  await plane.kubectl(['delete', 'validatingwebhookconfiguration', 'portcullis'])
  await registrationBecomes(plane, 'enforce/in-force/Fail')
})

test('uninstalling removes the webhooks first, and leaves nothing that the controller made', async () => {
  const { code, stdout, stderr } = await runCommand(
    'portcullis',
    [
      'controller',
      '--uninstall',
      '--certificates',
      'cert-manager',
      '--kubeconfig',
      join(plane.directory, 'admin.kubeconfig'),
    ],
    plane.directory,
    { env: { ...withoutProxy(), POD_NAMESPACE: 'portcullis-system' } },
  )
  expect(code, stderr).toBe(0)
  expect(stdout).toContain('validatingwebhookconfigurations/portcullis removed')
  expect(stdout).toContain('configmaps/portcullis-state removed')
  expect(await registrationOf(plane)).toBe('none')
  await rootPodGets(plane, 201, 'shop')
  // The controllers are still there, and write nothing any more.
  await waitUntil(
    'nobody leads',
    async () => (await controllers[1]?.metrics())?.includes('portcullis_leader 0') ?? false,
  )
  expect(await controllers[1]?.metrics()).not.toContain('portcullis_heartbeat_refused')
  expect(await registrationOf(plane)).toBe('none')
})
