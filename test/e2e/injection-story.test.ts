import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { injectionFolder } from '../support/injection.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { type MutatingOptions, registerMutating, unregisterMutating } from './support/mutating.ts'
import { startPatchingWebhook } from './support/patching-webhook.ts'
import { waitUntil } from './support/processes.ts'

const LEAKED = 20
const LABELS = { app: 'web' }

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  await createNamespace(plane, 'leaking')
  await createNamespace(plane, 'sound')
  const injections = injectionFolder({ team: { labels: { team: 'payments' } } })
  gateway = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    args: ['--injections', injections],
  })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

interface PodList {
  readonly items: readonly {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>
      readonly ownerReferences?: readonly { readonly kind: string; readonly controller: boolean }[]
    }
  }[]
}

async function podsIn(namespace: string): Promise<PodList['items']> {
  const { body } = await plane.request('GET', `/api/v1/namespaces/${namespace}/pods`)
  return (JSON.parse(body) as PodList).items
}

async function createDeployment(namespace: string): Promise<void> {
  const template = {
    metadata: { labels: LABELS },
    spec: { containers: [{ name: 'web', image: 'registry.example.com/web:1' }] },
  }
  const { status, body } = await plane.request('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    metadata: { name: 'web' },
    spec: { replicas: 1, selector: { matchLabels: LABELS }, template },
  })
  expect(status, body).toBe(201)
}

const hasTeam = (pod: unknown) => (pod as PodList['items'][number]).metadata.labels?.['team'] === 'payments'

async function register(options: Pick<MutatingOptions, 'name' | 'namespace' | 'port'>): Promise<void> {
  const mutating = { authority: plane.webhookCa, mark: hasTeam, ...options }
  await registerMutating(plane, mutating)
  onTestFinished(() => unregisterMutating(plane, mutating))
}

test('a webhook that writes the whole map of labels to add one makes a Deployment of one replica leak pods', async () => {
  const wrong = await startPatchingWebhook(plane.webhookCa, () => [
    { op: 'add', path: '/metadata/labels', value: { team: 'payments' } },
  ])
  onTestFinished(() => wrong.stop())
  await register({ name: 'wrong', namespace: 'leaking', port: wrong.port })
  await createDeployment('leaking')
  await waitUntil(`${LEAKED} pods have leaked`, async () => (await podsIn('leaking')).length >= LEAKED)
  await plane.request('DELETE', '/apis/apps/v1/namespaces/leaking/deployments/web')
  const pods = await podsIn('leaking')
  process.stdout.write(`${pods.length} pods of a Deployment of one replica\n`)
  // Not one of them has what the ReplicaSet finds its pods by.
  expect(pods.filter(({ metadata }) => metadata.labels['app'] === LABELS.app)).toEqual([])
  expect(new Set(pods.map(({ metadata }) => JSON.stringify(metadata.labels)))).toEqual(
    new Set([JSON.stringify({ team: 'payments' })]),
  )
})

test('the same label through the gateway makes one pod, which its ReplicaSet owns', async () => {
  await register({ name: 'portcullis', namespace: 'sound', port: gateway.port })
  await createDeployment('sound')
  await waitUntil('the pod is there', async () => (await podsIn('sound')).length > 0)
  // The wrong webhook has leaked dozens in this time.
  await sleep(5000)
  const pods = await podsIn('sound')
  expect(pods).toHaveLength(1)
  expect(pods[0]?.metadata.labels).toEqual({
    ...LABELS,
    team: 'payments',
    'pod-template-hash': expect.stringMatching(/^[a-z0-9]+$/),
  })
  expect(pods[0]?.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', controller: true }])
  const { body } = await plane.request('GET', '/apis/apps/v1/namespaces/sound/deployments/web')
  expect(JSON.parse(body)).toMatchObject({ status: { replicas: 1, updatedReplicas: 1 } })
})
