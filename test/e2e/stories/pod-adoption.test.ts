import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type ControlPlane, createNamespace, startControlPlane } from '../support/control-plane.ts'
import { type GatewayProcess, startGateway } from '../support/gateway.ts'
import { registerMutating, unregisterMutating } from '../support/mutating.ts'
import { startPatchingWebhook } from '../support/patching-webhook.ts'
import { waitUntil } from '../support/processes.ts'
import { registerGateway, unregisterGateway } from '../support/webhooks.ts'
import { createDeployment, eventsIn, podsIn, type StoredPod } from '../support/workloads.ts'

let plane: ControlPlane
let gateway: GatewayProcess

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  for (const name of ['leaking', 'guarded', 'sound', 'blind']) await createNamespace(plane, name)
  gateway = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    args: ['--kubeconfig', join(plane.directory, 'admin.kubeconfig')],
  })
})

afterAll(async () => {
  await gateway?.stop()
  await plane?.stop()
})

const hasTeam = (pod: unknown) => (pod as StoredPod).metadata.labels?.['team'] === 'payments'

/** Somebody's webhook, which writes the map of labels to add one, for the pods of a namespace. */
async function startWrongWebhook(namespace: string): Promise<void> {
  const wrong = await startPatchingWebhook(plane.webhookCa, () => [
    { op: 'add', path: '/metadata/labels', value: { team: 'payments' } },
  ])
  const mutating = { name: `wrong-${namespace}`, namespace, mark: hasTeam }
  onTestFinished(async () => {
    await unregisterMutating(plane, mutating)
    await wrong.stop()
  })
  await registerMutating(plane, { ...mutating, port: wrong.port, authority: plane.webhookCa })
}

async function registerPortcullis(port: number): Promise<void> {
  onTestFinished(() => unregisterGateway(plane))
  await registerGateway(plane, { port, authority: plane.webhookCa })
}

async function lookUps(of: GatewayProcess, result: string): Promise<number> {
  const line = new RegExp(`^portcullis_owner_lookups_total\\{result="${result}"\\} (\\d+)`, 'm')
  return Number(line.exec(await of.metrics())?.[1])
}

test('war story 4: the wrong webhook leaks pods without end', async () => {
  await startWrongWebhook('leaking')
  await createDeployment(plane, 'leaking')
  const started = performance.now()
  await waitUntil('thirty pods have leaked', async () => (await podsIn(plane, 'leaking')).length >= 30)
  await plane.request('DELETE', '/apis/apps/v1/namespaces/leaking/deployments/web')
  const { length } = await podsIn(plane, 'leaking')
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  process.stdout.write(`without the policy: ${length} pods of a Deployment of one replica in ${seconds} s\n`)
})

test("war story 4: with pod-adoption the orphan is refused, the ReplicaSet's event says why, and the count stays 0", async () => {
  await startWrongWebhook('guarded')
  await registerPortcullis(gateway.port)
  await createDeployment(plane, 'guarded')
  const refusals = async () =>
    (await eventsIn(plane, 'guarded', 'FailedCreate')).filter(text => text.includes('is refused by policy'))
  await waitUntil('the ReplicaSet says why', async () => (await refusals()).length > 0)
  await waitUntil('it has tried again and again', async () => (await lookUps(gateway, 'cached')) > 2)
  // Dozens have leaked in this time without the policy.
  await sleep(5000)
  expect(await podsIn(plane, 'guarded')).toEqual([])
  const [message = ''] = await refusals()
  process.stdout.write(`with the policy: 0 pods; ${message}\n`)
  expect(message).toMatch(
    /is refused by policy pod-adoption:\n- the pod's labels do not satisfy the selector of its owner ReplicaSet "web-\w+" \("app" must be "web", "pod-template-hash" must be "\w+"\): the owner could never adopt it, and would make new pods for ever/,
  )
  // One owner, one question.
  expect(await lookUps(gateway, 'found')).toBe(1)
})

test('pods that keep their labels are made: of a Deployment, a Job, and of nobody', async () => {
  await registerPortcullis(gateway.port)
  await createDeployment(plane, 'sound')
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'registry.example.com/job:1' }] },
  }
  const job = { metadata: { name: 'once' }, spec: { template } }
  expect((await plane.request('POST', '/apis/batch/v1/namespaces/sound/jobs', job)).status).toBe(201)
  const pod = { metadata: { name: 'alone' }, spec: { containers: [{ name: 'a', image: 'registry.example.com/a:1' }] } }
  expect((await plane.request('POST', '/api/v1/namespaces/sound/pods', pod)).status).toBe(201)
  await waitUntil('all three are there', async () => (await podsIn(plane, 'sound')).length === 3)
  await sleep(1000)
  expect(await podsIn(plane, 'sound')).toHaveLength(3)
})

test('a gateway that cannot reach the API skips, counts, and lets every pod pass', async () => {
  const kubeconfig = join(plane.directory, 'nowhere.kubeconfig')
  const cluster = { server: 'https://127.0.0.1:9' }
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: {} }],
    }),
  )
  const blind = await startGateway({
    directory: plane.directory,
    authority: plane.webhookCa,
    args: ['--kubeconfig', kubeconfig],
  })
  onTestFinished(async () => void (await blind.stop()))
  await registerPortcullis(blind.port)
  await createDeployment(plane, 'blind')
  await waitUntil('the pod is there', async () => (await podsIn(plane, 'blind')).length === 1)
  expect(await lookUps(blind, 'failed')).toBeGreaterThan(0)
  expect(await blind.metrics()).toMatch(/portcullis_decisions_total\{policy="pod-adoption",action="Skipped"/)
})
