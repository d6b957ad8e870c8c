import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type Installation, install } from './support/installation.ts'
import { type Nodes, startNodes } from './support/nodes.ts'
import { waitUntil } from './support/processes.ts'
import {
  apply,
  createNamespaces,
  deployment,
  readyPods,
  rolloutStatus,
  stagedPolicy,
  stages,
} from './support/rollouts.ts'
import { dryRunCreate } from './support/webhooks.ts'

let plane: ControlPlane
let nodes: Nodes
let portcullis: Installation
let namespaces: readonly string[]

beforeAll(async () => {
  plane = await startControlPlane({ controllerManager: true })
  nodes = await startNodes(plane, 4)
  portcullis = await install(plane, {
    values: ['controller.rolloutInterval=1s', 'controller.podInterval=1s', 'controller.auditInterval=0s'],
  })
  namespaces = await createNamespaces(plane, 40, 4)
  await apply(plane, ...namespaces.map(namespace => deployment(namespace, 'web', 2)))
  await waitUntil('all pods are ready', async () => (await readyPods(plane, namespaces)) === 80)
}, 300_000)

afterAll(async () => {
  await portcullis?.stop()
  await nodes?.stop()
  await plane?.stop()
})

const privileged = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asked' },
  spec: { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] },
}

test('a good policy walks through its stages by itself', async () => {
  await apply(
    plane,
    stagedPolicy('no-privileged-v1', 'privileged', { staged: false }),
    stagedPolicy('no-privileged', 'privileged'),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'CanaryRollout',
      metadata: { name: 'good' },
      spec: {
        target: { kind: 'Policy', name: 'no-privileged' },
        replaces: 'no-privileged-v1',
        stages: stages(3),
        gates: {
          orphanedPods: 0,
          podGrowth: 1.5,
          denials: { ratio: 0.02, minimumRequests: 100 },
          wouldBlock: 0,
          unready: 0.05,
          errors: 0,
          latencyP99: '1s',
        },
      },
    },
  )
  const started = performance.now()
  const seen: string[] = []
  let asked = 0
  await waitUntil('it is complete', async () => {
    const status = await rolloutStatus(plane, 'good')
    const line = `${status?.phase} ${status?.stage}`
    if (seen.at(-1) !== line) {
      seen.push(line)
      process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1)} s: ${line}: ${status?.message}\n`)
    }
    const namespace = namespaces[asked++ % namespaces.length] ?? ''
    expect((await dryRunCreate(plane, privileged, namespace)).status).toBe(403)
    return status?.phase === 'Complete'
  })
  expect(seen.filter(line => line.startsWith('Progressing'))).toEqual([
    'Progressing canary',
    'Progressing quarter',
    'Progressing everywhere',
  ])
  await plane.kubectl(['delete', 'policies.portcullis.dev', 'no-privileged-v1'])
  expect((await dryRunCreate(plane, privileged, 'team-39')).status).toBe(403)
})
