import process from 'node:process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { samplesOf } from '../../src/controller/scrape.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type Installation, install } from './support/installation.ts'
import { type Nodes, startNodes } from './support/nodes.ts'
import { waitUntil } from './support/processes.ts'
import { apply, createNamespaces, deployment, readyPods, rolloutBecomes, SOON, stages } from './support/rollouts.ts'
import { buildWithoutProof } from './support/unproven-build.ts'

let plane: ControlPlane
let nodes: Nodes
let portcullis: Installation
let namespaces: readonly string[]

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  nodes = await startNodes(plane, 4)
  portcullis = await install(plane, {
    main: buildWithoutProof(plane.directory),
    values: SOON,
  })
  namespaces = await createNamespaces(plane, 40, 4)
  await apply(plane, ...namespaces.map(namespace => deployment(namespace, 'web', 2)))
  await waitUntil('all pods are ready', async () => (await readyPods(plane, namespaces)) === 80)
  // What the policy pod-adoption would refuse at once is let in here: it is the rollout that has to stop it.
  await apply(plane, {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name: 'let-orphans-in', namespace: 'portcullis-system' },
    spec: { policies: ['pod-adoption'], reason: 'a test of what comes after it' },
  })
})

afterAll(async () => {
  await portcullis?.stop()
  await nodes?.stop()
  await plane?.stop()
})

interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

/** Pods that lost the labels by which their owner finds them. */
async function orphans(): Promise<readonly Pod[]> {
  const { body } = await plane.request('GET', '/api/v1/pods')
  const { items } = JSON.parse(body) as { items: Pod[] }
  return items.filter(
    ({ metadata }) => namespaces.includes(metadata.namespace) && metadata.labels?.['app'] === undefined,
  )
}

test('an injection that orphans pods is stopped by their number, within the canary', async () => {
  await apply(
    plane,
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'SidecarInjection',
      metadata: { name: 'team-label' },
      spec: { trigger: { always: true }, labels: { team: 'shop' }, staged: true },
    },
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'CanaryRollout',
      metadata: { name: 'team-label' },
      spec: {
        target: { kind: 'SidecarInjection', name: 'team-label' },
        stages: stages(120),
        gates: { orphanedPods: 0, podGrowth: 1.5 },
      },
    },
  )
  await rolloutBecomes(plane, 'team-label', ({ stage, replicas }) => stage === 'canary' && replicas?.current === 2)
  expect(await orphans()).toEqual([])
  // Pods are made everywhere; those of the canary alone get the label.
  for (const namespace of namespaces.slice(0, 8))
    await plane.request('DELETE', `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3Dweb`)
  await waitUntil('the first pod is an orphan', async () => (await orphans()).length > 0)
  const first = performance.now()
  const { message } = await rolloutBecomes(plane, 'team-label', ({ phase }) => phase === 'RolledBack')
  const seconds = ((performance.now() - first) / 1000).toFixed(1)
  await waitUntil('every gateway has taken it back', async () => {
    const texts = await Promise.all(portcullis.kubelet.running('gateway').map(pod => pod.metrics()))
    return texts.every(text =>
      samplesOf(text, 'portcullis_rollout_info').some(({ labels }) => labels['phase'] === 'RolledBack'),
    )
  })
  expect(message).toMatch(/^in stage canary: orphanedPods is \d+, and may be 0/)
  await waitUntil('everybody has pods again', async () => (await readyPods(plane, namespaces)) === 80)
  const left = await orphans()
  process.stdout.write(`taken back ${seconds} s after the first orphan was seen; ${left.length} orphans in all\n`)
  // Within the canary, and no more are made.
  for (const { metadata } of left) expect(namespaces.slice(0, 4)).toContain(metadata.namespace)
  await new Promise(resolve => setTimeout(resolve, 3000))
  expect((await orphans()).length).toBe(left.length)
})
