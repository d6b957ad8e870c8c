import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dig, get, getList, getString, type Json, type JsonObject } from '../../src/json/value.ts'
import { injectionFolder, namesIn, recordOf } from '../support/injection.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import type { Kubectl } from './support/kubectl.ts'
import { registerMutating, unregisterMutating } from './support/mutating.ts'
import { type PatchingWebhook, startPatchingWebhook } from './support/patching-webhook.ts'
import { waitUntil } from './support/processes.ts'

const PODS = '/api/v1/namespaces/shop/pods'

const SIDECAR = {
  name: 'side',
  image: 'registry.example.com/side:1',
  resources: { limits: { memory: '1024Mi', cpu: '1000m' } },
}
const MOUNT = { name: 'logs', mountPath: '/logs' }

/** Everything that the server fills in, spells anew or asks about twice. */
const INJECTIONS = {
  logs: {
    labels: { 'example.com/logged': 'yes' },
    initContainers: [{ name: 'native', image: 'registry.example.com/native:1', restartPolicy: 'Always' }],
    containers: [SIDECAR],
    volumes: [{ name: 'logs', emptyDir: { sizeLimit: '1024Mi' } }],
    volumeMounts: [MOUNT],
    env: [{ name: 'LOG_DIR', value: '/logs' }],
  },
}

let plane: ControlPlane
let gateway: GatewayProcess
const isInjected = (pod: unknown) => namesIn(pod as JsonObject, 'containers').includes('side')
const ours = { name: 'a-portcullis', namespace: 'shop', mark: isInjected }

beforeAll(async () => {
  plane = await startControlPlane()
  await createNamespace(plane, 'shop')
  const args = ['--injections', injectionFolder(INJECTIONS)]
  gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa, args })
  await registerMutating(plane, {
    ...ours,
    port: gateway.port,
    authority: plane.webhookCa,
    reinvocationPolicy: 'IfNeeded',
  })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

afterEach(async () => {
  await plane.request('DELETE', `${PODS}?gracePeriodSeconds=0`)
})

const appPod = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name }, annotations: { 'example.com/a_b': 'kept' } },
  spec: {
    containers: [{ name: 'app', image: 'registry.example.com/app:1', env: [{ name: 'OWN', value: '1' }] }],
    initContainers: [{ name: 'first', image: 'registry.example.com/first:1' }],
  },
})

function succeeded(result: Kubectl): Kubectl {
  expect(result, result.stderr).toMatchObject({ code: 0 })
  return result
}

async function stored(name: string): Promise<JsonObject> {
  const { status, body } = await plane.request('GET', `${PODS}/${name}`)
  expect(status, body).toBe(200)
  return JSON.parse(body) as JsonObject
}

function container(pod: JsonObject, name: string): JsonObject {
  const all = ['initContainers', 'containers'].flatMap(list => getList(get(pod, 'spec'), list))
  const found = all.find(item => getString(item, 'name') === name)
  expect(found, name).toBeDefined()
  return found as JsonObject
}

const mountsOf = (pod: JsonObject, name: string): readonly Json[] =>
  getList(container(pod, name), 'volumeMounts').filter(mount => getString(mount, 'name') === 'logs')

/** The pod has what is injected, once, and all that it came with. */
function holdsInjection(pod: JsonObject, others: readonly string[] = []): void {
  expect(namesIn(pod, 'containers').toSorted()).toEqual(['app', 'side', ...others].toSorted())
  expect(namesIn(pod, 'initContainers')).toEqual(['first', 'native'])
  expect(dig(pod, 'metadata', 'labels')).toMatchObject({ 'example.com/logged': 'yes' })
  expect(dig(pod, 'metadata', 'annotations')).toMatchObject({ 'example.com/a_b': 'kept' })
  expect(getList(get(pod, 'spec'), 'volumes').filter(volume => getString(volume, 'name') === 'logs')).toHaveLength(1)
  for (const name of ['app', 'first', ...others]) {
    expect(mountsOf(pod, name), name).toEqual([MOUNT])
    const variables = getList(container(pod, name), 'env').map(item => getString(item, 'name'))
    expect(
      variables.filter(variable => variable === 'LOG_DIR'),
      name,
    ).toHaveLength(1)
  }
}

/** What the gateway counted of an injection, by its result. */
async function count(result: string): Promise<number> {
  const line = new RegExp(`^portcullis_injections_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`, 'm')
  return Number(line.exec(await gateway.metrics())?.[1] ?? 0)
}

test('a native sidecar is accepted by the server, behind the own init containers', async () => {
  succeeded(await plane.kubectl(['create', '-f', '-'], { input: appPod('native') }))
  const pod = await stored('native')
  holdsInjection(pod)
  expect(container(pod, 'native')).toMatchObject({ restartPolicy: 'Always' })
})

test('a dry run shows the injected pod and keeps nothing', async () => {
  const { stdout } = succeeded(
    await plane.kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], { input: appPod('dry') }),
  )
  holdsInjection(JSON.parse(stdout) as JsonObject)
  expect((await plane.request('GET', `${PODS}/dry`)).status).toBe(404)
})

test("a live pod's YAML, created again, gets nothing more", async () => {
  succeeded(await plane.kubectl(['create', '-f', '-'], { input: appPod('live') }))
  const { stdout } = succeeded(await plane.kubectl(['get', 'pod', 'live', '-n', 'shop', '-o', 'yaml']))
  const first = await stored('live')
  succeeded(await plane.kubectl(['delete', 'pod', 'live', '-n', 'shop', '--force', '--grace-period=0']))
  const before = await count('complete')
  succeeded(await plane.kubectl(['create', '-f', '-'], { input: stdout.replace(/^ {2}resourceVersion:.*\n/m, '') }))
  const second = await stored('live')
  expect(get(second, 'spec')).toEqual(get(first, 'spec'))
  expect(dig(second, 'metadata', 'labels')).toEqual(dig(first, 'metadata', 'labels'))
  expect(dig(second, 'metadata', 'annotations')).toEqual(dig(first, 'metadata', 'annotations'))
  expect(await count('complete')).toBe(before + 1)
})

test('what the server spells anew (1024Mi is 1Gi, 1000m is 1) is still ours, under --onConflict Skip without a word', async () => {
  succeeded(await plane.kubectl(['create', '-f', '-'], { input: appPod('spelt') }))
  const first = await stored('spelt')
  expect(container(first, 'side')).toMatchObject({ resources: { limits: { memory: '1Gi', cpu: '1' } } })
  succeeded(await plane.kubectl(['delete', 'pod', 'spelt', '-n', 'shop', '--force', '--grace-period=0']))
  const { metadata, spec } = first as { metadata: JsonObject; spec: JsonObject }
  // As another webhook would send it on: written by the server, the record gone.
  const { 'portcullis.dev/injected': _, ...annotations } = get(metadata, 'annotations') as JsonObject
  const again = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'spelt', labels: get(metadata, 'labels'), annotations },
    spec,
  }
  const { stderr } = succeeded(await plane.kubectl(['create', '-n', 'shop', '-f', '-'], { input: again }))
  expect(stderr).toBe('')
  holdsInjection(await stored('spelt'))
})

test('server-side apply, twice, changes nothing and conflicts with nobody', async () => {
  const apply = () =>
    plane.kubectl(['apply', '--server-side', '--field-manager=ci', '-f', '-'], { input: appPod('applied') })
  succeeded(await apply())
  const first = await stored('applied')
  holdsInjection(first)
  const { stdout } = succeeded(await apply())
  expect(stdout).toContain('serverside-applied')
  const second = await stored('applied')
  expect(get(second, 'spec')).toEqual(get(first, 'spec'))
  expect(dig(second, 'metadata', 'resourceVersion')).toBe(dig(first, 'metadata', 'resourceVersion'))
})

test('client-side apply, twice, changes nothing', async () => {
  const apply = () => plane.kubectl(['apply', '-f', '-'], { input: appPod('applied') })
  succeeded(await apply())
  const first = await stored('applied')
  succeeded(await apply())
  expect(dig(await stored('applied'), 'metadata', 'resourceVersion')).toBe(dig(first, 'metadata', 'resourceVersion'))
})

test('a Deployment keeps its template as it is', async () => {
  const labels = { app: 'kept' }
  const template = { metadata: { labels }, spec: get(appPod('kept'), 'spec') }
  const spec = { replicas: 0, selector: { matchLabels: labels }, template }
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'kept', namespace: 'shop' }, spec }
  succeeded(await plane.kubectl(['create', '-f', '-'], { input: deployment }))
  const { body } = await plane.request('GET', '/apis/apps/v1/namespaces/shop/deployments/kept')
  expect(body).not.toContain('registry.example.com/side:1')
})

describe('with a webhook behind ours that adds a container', () => {
  let mesh: PatchingWebhook
  const theirs = {
    name: 'b-mesh',
    namespace: 'shop',
    mark: (pod: unknown) => namesIn(pod as JsonObject, 'containers').includes('mesh'),
  }

  beforeEach(async () => {
    mesh = await startPatchingWebhook(plane.webhookCa, pod =>
      namesIn(pod, 'containers').includes('mesh')
        ? []
        : [
            { op: 'add', path: '/spec/containers/0', value: { name: 'mesh', image: 'registry.example.com/mesh:1' } },
            { op: 'add', path: '/metadata/labels/mesh', value: 'on' },
          ],
    )
    await registerMutating(plane, { ...theirs, port: mesh.port, authority: plane.webhookCa })
  })

  afterEach(async () => {
    await unregisterMutating(plane, theirs)
    await mesh.stop()
  })

  test('the second call brings its container what it lacks, and moves nothing', async () => {
    const asked = mesh.calls()
    succeeded(await plane.kubectl(['create', '-f', '-'], { input: appPod('meshed') }))
    const pod = await stored('meshed')
    holdsInjection(pod, ['mesh'])
    expect(namesIn(pod, 'containers')).toEqual(['mesh', 'app', 'side'])
    expect(dig(pod, 'metadata', 'labels')).toMatchObject({ mesh: 'on', app: 'meshed' })
    expect(recordOf(pod)).toMatchObject([{ name: 'logs', env: { app: ['LOG_DIR'], mesh: ['LOG_DIR'] } }])
    expect(mesh.calls()).toBe(asked + 1)
  })
})

test('an unreachable gateway keeps nobody from creating pods where it is registered with Ignore', async () => {
  const { body } = await plane.request(
    'GET',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/a-portcullis',
  )
  const configuration = JSON.parse(body) as { webhooks: Record<string, unknown>[] }
  configuration.webhooks = configuration.webhooks.map(webhook => ({ ...webhook, failurePolicy: 'Ignore' }))
  succeeded(await plane.kubectl(['replace', '-f', '-'], { input: configuration }))
  await gateway.stop('SIGKILL')
  await waitUntil('pods pass without the gateway', async () => {
    const { code } = await plane.kubectl(['create', '-f', '-'], { input: appPod('alone') })
    return code === 0
  })
  expect(namesIn(await stored('alone'), 'containers')).toEqual(['app'])
})
