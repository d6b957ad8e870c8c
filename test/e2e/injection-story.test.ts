import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { injectionFolder } from '../support/injection.ts'
import { type ControlPlane, createNamespace, startControlPlane } from './support/control-plane.ts'
import { type GatewayProcess, startGateway } from './support/gateway.ts'
import { type MutatingOptions, registerMutating, unregisterMutating } from './support/mutating.ts'
import { startPatchingWebhook } from './support/patching-webhook.ts'
import { waitUntil } from './support/processes.ts'
import { createDeployment, podsIn, type StoredPod } from './support/workloads.ts'

const LEAKED = 20

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

const hasTeam = (pod: unknown) => (pod as StoredPod).metadata.labels?.['team'] === 'payments'

async function register(options: Pick<MutatingOptions, 'name' | 'namespace' | 'port'>): Promise<void> {
  const mutating = { authority: plane.webhookCa, mark: hasTeam, ...options }
  onTestFinished(() => unregisterMutating(plane, mutating))
  await registerMutating(plane, mutating)
}

test('a webhook that writes the whole map of labels to add one makes a Deployment of one replica leak pods', async () => {
  const wrong = await startPatchingWebhook(plane.webhookCa, () => [
    { op: 'add', path: '/metadata/labels', value: { team: 'payments' } },
  ])
  onTestFinished(() => wrong.stop())
  await register({ name: 'wrong', namespace: 'leaking', port: wrong.port })
  await createDeployment(plane, 'leaking')
  await waitUntil(`${LEAKED} pods have leaked`, async () => (await podsIn(plane, 'leaking')).length >= LEAKED)
  await plane.request('DELETE', '/apis/apps/v1/namespaces/leaking/deployments/web')
  const pods = await podsIn(plane, 'leaking')
  process.stdout.write(`${pods.length} pods of a Deployment of one replica\n`)
  // Not one of them has what the ReplicaSet finds its pods by.
  expect(pods.filter(({ metadata }) => metadata.labels?.['app'] === 'web')).toEqual([])
  expect(new Set(pods.map(({ metadata }) => JSON.stringify(metadata.labels)))).toEqual(
    new Set([JSON.stringify({ team: 'payments' })]),
  )
})

test('the same label through the gateway makes one pod, which its ReplicaSet owns', async () => {
  await register({ name: 'portcullis', namespace: 'sound', port: gateway.port })
  await createDeployment(plane, 'sound')
  await waitUntil('the pod is there', async () => (await podsIn(plane, 'sound')).length > 0)
  // The wrong webhook has leaked dozens in this time.
  await sleep(5000)
  const pods = await podsIn(plane, 'sound')
  expect(pods).toHaveLength(1)
  expect(pods[0]?.metadata.labels).toEqual({
    app: 'web',
    team: 'payments',
    'pod-template-hash': expect.stringMatching(/^[a-z0-9]+$/),
  })
  expect(pods[0]?.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', controller: true }])
  await waitUntil('its Deployment has found it', async () => {
    const { body } = await plane.request('GET', '/apis/apps/v1/namespaces/sound/deployments/web')
    const { status } = JSON.parse(body) as { status: { replicas?: number; updatedReplicas?: number } }
    return status.replicas === 1 && status.updatedReplicas === 1
  })
})
