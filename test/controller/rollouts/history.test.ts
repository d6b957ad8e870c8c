import pino from 'pino'
import { expect, it } from 'vitest'
import { historyWith, MAX_HISTORY } from '../../../src/controller/rollouts/history.ts'
import { rolloutTask } from '../../../src/controller/rollouts/task.ts'
import { dig, getList, type JsonObject } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const at = (seconds: number) => new Date(seconds * 1000).toISOString()
const said = (phase: string, stage: string, reason: string, message = ''): JsonObject => ({
  phase,
  stage,
  reason,
  message,
})

/** A rollout that says one thing after the other, a second apart. */
function walk(statuses: readonly JsonObject[]): readonly JsonObject[] {
  let rollout: JsonObject = {}
  for (const [second, status] of statuses.entries())
    rollout = { status: { ...status, history: historyWith(rollout, status, at(second)) } }
  return getList(rollout['status'], 'history') as readonly JsonObject[]
}

it('remembers each change of phase, stage or reason, and nothing that is merely measured anew', () => {
  expect(
    walk([
      said('Pending', '', 'Waiting'),
      said('Progressing', 'canary', 'StageReached', 'stage canary is reached'),
      said('Progressing', 'canary', 'Holding', 'until noon'),
      said('Progressing', 'canary', 'Holding', 'until one'),
      said('RolledBack', '', 'Breached'),
    ]),
  ).toEqual([
    { at: at(0), phase: 'Pending', stage: '', reason: 'Waiting', message: '' },
    { at: at(1), phase: 'Progressing', stage: 'canary', reason: 'StageReached', message: 'stage canary is reached' },
    { at: at(2), phase: 'Progressing', stage: 'canary', reason: 'Holding', message: 'until noon' },
    { at: at(4), phase: 'RolledBack', stage: '', reason: 'Breached', message: '' },
  ])
})

it('drops what changed the reason alone before what began a stage', () => {
  const flapping = Array.from({ length: 300 }, (_, index) =>
    said('Progressing', 'canary', index % 2 === 0 ? 'GateUnknown' : 'Holding'),
  )
  const history = walk([
    said('Pending', '', 'Waiting'),
    said('Progressing', 'canary', 'StageReached'),
    ...flapping,
    said('Progressing', 'everywhere', 'StageReached'),
  ])
  expect(history).toHaveLength(MAX_HISTORY)
  expect(history.filter(entry => entry['reason'] === 'StageReached').map(entry => entry['at'])).toEqual([
    at(1),
    at(302),
  ])
  expect(history[0]).toMatchObject({ at: at(0), phase: 'Pending' })
  // Of those that go, the oldest: what was said last stays.
  expect(history.at(-2)).toMatchObject({ at: at(301) })
})

it('drops the oldest where every entry is a change of phase or stage', () => {
  const history = walk(
    Array.from({ length: MAX_HISTORY + 7 }, (_, index) => said('Progressing', `stage-${index}`, 'StageReached')),
  )
  expect(history).toHaveLength(MAX_HISTORY)
  expect(history[0]).toMatchObject({ stage: 'stage-7' })
})

it('cuts a message that no gate would make', () => {
  const [entry] = walk([said('Pending', '', 'Waiting', 'x'.repeat(100_000))])
  expect(String(entry?.['message'])).toHaveLength(512)
})

it('is written by the controller once for each Event, and not anew in a round in which nothing changed', async () => {
  const cluster = new FakeCluster()
  const collection = '/apis/portcullis.dev/v1alpha1/canaryrollouts'
  const policy = cluster.put('/apis/portcullis.dev/v1alpha1/policies', {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'new' },
    spec: {},
  })
  cluster.put(collection, {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name: 'roll' },
    spec: { target: { kind: 'Policy', name: 'new' }, stages: [{ name: 'everywhere', hold: '1h' }] },
  })
  let now = Date.parse('2030-01-01T00:00:00Z')
  const task = rolloutTask(
    { client: cluster.client, namespace: 'portcullis-system', log: pino({ level: 'silent' }), now: () => now },
    {
      intervalMs: 1000,
      facts: async () => ({
        namespaces: {},
        target: () => ({ object: policy, revision: undefined }),
        missing: () => ({ word: 'TargetMissing' as const, message: '' }),
      }),
      pods: () => undefined,
      wouldBlock: async () => 0,
      injectedRestarts: async () => 0,
      monotonic: () => now,
    },
  )
  const history = () => getList(dig(cluster.get(`${collection}/roll`), 'status'), 'history')
  await task.round(new AbortController().signal)
  const first = history()
  expect(first).toEqual([
    expect.objectContaining({ at: '2030-01-01T00:00:00.000Z', phase: 'Pending', stage: '', reason: 'Waiting' }),
  ])
  now += 10_000
  await task.round(new AbortController().signal)
  expect(history()).toEqual(first)
  expect(cluster.paths.filter(path => path.includes('/events/'))).toHaveLength(1)
})
