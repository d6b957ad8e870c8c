import { expect, it } from 'vitest'
import type { Followed } from '../../../src/cluster/following.ts'
import { followingTask } from '../../../src/controller/following/task.ts'
import { createMetrics, observeFollowing } from '../../../src/server/metrics.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const fine: Followed = { kind: 'Policy', ageSeconds: 20, lost: [], isUnserved: false }

async function pageOf(followed: readonly Followed[]): Promise<string> {
  const metrics = createMetrics()
  observeFollowing(metrics, followed)
  return metrics.registry.metrics()
}

function world() {
  const cluster = new FakeCluster()
  cluster.put('/api/v1/namespaces', { kind: 'Namespace', metadata: { name: 'portcullis-system' } })
  const labels = { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/component': 'gateway' }
  const pods = '/api/v1/namespaces/portcullis-system/pods'
  for (const name of ['a', 'b']) cluster.put(pods, { metadata: { name, labels }, status: { phase: 'Running' } })
  const state = { own: [fine], pages: {} as Record<string, string | undefined> }
  const log = { info() {}, warn() {}, error() {} }
  const task = followingTask(
    { client: cluster.client, namespace: 'portcullis-system', now: () => 0, log },
    { own: () => state.own, scrape: async ({ name }) => state.pages[name] },
  )
  const round = async () => {
    await task.round(new AbortController().signal)
    return cluster.paths
      .filter(path => path.includes('/events/'))
      .map(path => `${String(cluster.get(path)?.['reason'])}: ${String(cluster.get(path)?.['note'])}`)
  }
  return { state, round }
}

it('says nothing while everybody follows, or does not answer', async () => {
  const { state, round } = world()
  state.pages = { a: await pageOf([fine]) }
  expect(await round()).toEqual([])
})

it('names once who cannot follow which kind, and again after it could', async () => {
  const { state, round } = world()
  const stale = await pageOf([
    { ...fine, ageSeconds: 500 },
    { ...fine, kind: 'Namespace' },
  ])
  state.pages = { a: stale, b: stale }
  const [event = '', ...others] = await round()
  expect(event).toMatch(/^CannotFollow: Policy, seen by a, b: the API has said nothing about the kind for 120 s/)
  expect(others).toEqual([])
  expect(await round()).toHaveLength(1)
  state.pages = { a: await pageOf([fine]), b: stale }
  expect(await round()).toHaveLength(1)
  state.pages = { a: stale, b: stale }
  expect((await round()).filter(note => /seen by a:/.test(note))).toHaveLength(1)
})

it('tells documents that were lost from a kind that is not served, of gateways and of itself', async () => {
  const { state, round } = world()
  state.own = [{ ...fine, lost: ['Policy a'] }]
  state.pages = {
    a: await pageOf([{ ...fine, lost: ['Policy a', 'Policy b'], isUnserved: true }]),
    b: await pageOf([{ ...fine, isUnserved: true }]),
  }
  expect((await round()).map(note => note.slice(0, 60))).toEqual([
    expect.stringMatching(/^DocumentsLost: Policy, seen by the controller, a: /),
    expect.stringMatching(/^KindNotServed: Policy, seen by b: /),
  ])
})
