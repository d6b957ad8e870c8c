import { Histogram, Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { countReplicas, LatencyWindow } from '../../../src/controller/rollouts/replicas.ts'
import { bareFacts } from '../../../src/review/facts.ts'
import { createMetrics, observeReview, observeRollouts } from '../../../src/server/metrics.ts'
import { recordOf } from '../../support/rollouts.ts'

const record = recordOf({ revision: 'r1' }, { number: 7 })

/** A gateway that goes by a record, and what it has counted. */
async function gateway(
  counted: readonly (readonly [
    role: 'target' | 'shadow' | 'replaced',
    result: 'passed' | 'violated' | 'error' | 'skipped',
  ])[],
  number = 7,
) {
  const metrics = createMetrics()
  await observeRollouts(metrics, [{ ...record, number }])
  for (const [role, result] of counted) {
    const rollouts = [{ rollout: 'roll', record: number, role, version: 'new@r1', result }]
    observeReview(metrics, { ...bareFacts('validate', 'allowed', 200, 'hash'), rollouts }, 0.001)
  }
  return metrics
}

describe('what gateways count', () => {
  it('is summed up over those that go by the present record, as the real metrics say it', async () => {
    const one = await gateway([
      ['target', 'passed'],
      ['target', 'violated'],
      ['replaced', 'violated'],
    ])
    const two = await gateway([
      ['target', 'passed'],
      ['shadow', 'error'],
      ['replaced', 'error'],
    ])
    const old = await gateway([['target', 'violated']], 6)
    const replicas = await Promise.all(
      [one, two, old].map(async ({ registry }, index) => ({ name: `g${index}`, text: await registry.metrics() })),
    )
    expect(countReplicas([...replicas, { name: 'mute', text: undefined }], record)).toEqual({
      total: 4,
      current: 2,
      requests: 3,
      denials: 1,
      failures: 0,
      errors: 1,
    })
  })

  it('is of the revision that is rolled out alone, not of what an earlier one made of the rest of the cluster', async () => {
    const metrics = await gateway([
      ['target', 'violated'],
      ['target', 'passed'],
    ])
    const before = { rollout: 'roll', record: 7, role: 'target', version: 'new@r0' } as const
    for (const result of ['passed', 'passed', 'violated', 'error'] as const)
      observeReview(metrics, { ...bareFacts('validate', 'allowed', 200, 'hash'), rollouts: [{ ...before, result }] }, 1)
    const replicas = [{ name: 'a', text: await metrics.registry.metrics() }]
    expect(countReplicas(replicas, record)).toMatchObject({ requests: 2, denials: 1, errors: 0 })
  })

  it('leaves dry runs out: whoever may try one decides nothing about a rollout by it', async () => {
    const metrics = createMetrics()
    await observeRollouts(metrics, [record])
    const request = {
      uid: 'u',
      operation: 'CREATE',
      subResource: '',
      namespace: 'shop',
      name: 'a',
      resource: 'pods',
      kind: 'Pod',
      user: 'dev',
    } as const
    for (const result of ['passed', 'violated', 'error'] as const)
      for (const dryRun of [true, true, false]) {
        const rollouts = [{ rollout: 'roll', record: 7, role: 'target', version: 'new@r1', result } as const]
        const facts = { ...bareFacts('validate', 'allowed', 200, 'hash'), rollouts, request: { ...request, dryRun } }
        observeReview(metrics, facts, 1)
      }
    const replicas = [{ name: 'a', text: await metrics.registry.metrics() }]
    expect(countReplicas(replicas, record)).toMatchObject({ requests: 3, denials: 1, errors: 1, failures: 1 })
  })

  it('is of the target that the rollout has now, where it had another one before', async () => {
    const other = { ...record, target: { kind: 'Policy', name: 'another' } } as const
    const metrics = createMetrics()
    await observeRollouts(metrics, [other])
    const rollouts = [{ rollout: 'roll', record: 7, role: 'target', version: 'another@r1', result: 'passed' } as const]
    observeReview(metrics, { ...bareFacts('validate', 'allowed', 200, 'hash'), rollouts }, 1)
    const replicas = [{ name: 'a', text: await metrics.registry.metrics() }]
    expect(countReplicas(replicas, record)).toMatchObject({ current: 0, requests: 0 })
    expect(countReplicas(replicas, other)).toMatchObject({ current: 1, requests: 1 })
  })

  it('is forgotten with the state that it was counted in', async () => {
    const metrics = await gateway([['target', 'violated']])
    await observeRollouts(metrics, [{ ...record, number: 8 }])
    const text = await metrics.registry.metrics()
    expect(text).not.toMatch(/rollout_reviews_total\{/)
    expect(text).toMatch(/rollout_info\{[^}]*record="8"/)
    await observeRollouts(metrics, [])
    expect(await metrics.registry.metrics()).not.toMatch(/rollout_info\{/)
  })
})

describe('the latency of the slowest gateway', () => {
  const histogram = () => {
    const registry = new Registry()
    const seconds = new Histogram({
      name: 'portcullis_review_duration_seconds',
      help: 'h',
      labelNames: ['path', 'dry_run'] as const,
      buckets: [0.01, 0.05, 0.1, 1],
      registers: [registry],
    })
    return { seconds, text: () => registry.metrics() }
  }
  const observe = ({ seconds }: ReturnType<typeof histogram>, count: number, value: number, isDryRun = false) => {
    for (let index = 0; index < count; index++)
      seconds.observe({ path: index % 2 === 0 ? 'validate' : 'mutate', dry_run: String(isDryRun) }, value)
  }

  it('leaves dry runs out', async () => {
    const [window, a] = [new LatencyWindow(), histogram()]
    window.add([{ name: 'a', text: await a.text() }], 0)
    observe(a, 1000, 0.005)
    observe(a, 1000, 0.5, true)
    window.add([{ name: 'a', text: await a.text() }], 1000)
    expect(window.p99()).toBeLessThan(0.01)
  })

  it('is unknown until every one has been seen twice', async () => {
    const [window, a, b] = [new LatencyWindow(), histogram(), histogram()]
    expect(window.p99()).toBeUndefined()
    window.add([{ name: 'a', text: await a.text() }], 0)
    expect(window.p99()).toBeUndefined()
    window.add([{ name: 'a', text: await a.text() }], 1000)
    expect(window.p99()).toBe(0)
    window.add(
      [
        { name: 'a', text: await a.text() },
        { name: 'b', text: await b.text() },
      ],
      2000,
    )
    expect(window.p99()).toBeUndefined()
  })

  it('is of what came within the window, of the slowest, and of a hundred reviews at least', async () => {
    const [window, a, b] = [new LatencyWindow(), histogram(), histogram()]
    const see = async (at: number) =>
      window.add(
        [
          { name: 'a', text: await a.text() },
          { name: 'b', text: await b.text() },
        ],
        at,
      )
    observe(a, 500, 0.5)
    await see(0)
    observe(a, 99, 0.5)
    await see(10_000)
    // Slow ones before, and too few since.
    expect(window.p99()).toBe(0)
    observe(a, 1, 0.5)
    await see(20_000)
    expect(window.p99()).toBeGreaterThan(0.1)
    observe(b, 1000, 0.005)
    for (let at = 30_000; at <= 100_000; at += 10_000) await see(at)
    expect(window.p99()).toBe(0)
    observe(b, 980, 0.005)
    observe(b, 20, 0.07)
    await see(110_000)
    // As Prometheus' histogram_quantile: rank 990 of 1000, 980 of them below 0.05, all below 0.1.
    expect(window.p99()).toBeCloseTo(0.075, 6)
  })

  it('begins anew where a gateway did, and forgets one that is gone', async () => {
    const window = new LatencyWindow()
    const [before, after] = [histogram(), histogram()]
    observe(before, 1000, 0.5)
    window.add([{ name: 'a', text: await before.text() }], 0)
    window.add([{ name: 'a', text: await after.text() }], 1000)
    expect(window.p99()).toBeUndefined()
    window.add([{ name: 'a', text: await after.text() }], 2000)
    expect(window.p99()).toBe(0)
    window.add([], 3000)
    expect(window.p99()).toBeUndefined()
  })

  it('is unknown while one does not answer, but for what the others are known to take at least', async () => {
    const [window, a, b] = [new LatencyWindow(), histogram(), histogram()]
    const see = async (at: number, isMute: boolean) =>
      window.add(
        [
          { name: 'a', text: await a.text() },
          { name: 'b', text: isMute ? undefined : await b.text() },
        ],
        at,
      )
    await see(0, false)
    observe(a, 1000, 0.07)
    observe(b, 1000, 0.5)
    await see(1000, true)
    expect(window.p99()).toBeUndefined()
    expect(window.atLeast()).toBeCloseTo(0.0995, 6)
    await see(2000, false)
    expect(window.p99()).toBeGreaterThan(0.5)
    expect(window.atLeast()).toBe(window.p99())
    // What one was like before it fell silent says nothing of now.
    await see(3000, true)
    expect(window.atLeast()).toBeCloseTo(0.0995, 6)
  })
  it('is unknown while one does not answer', async () => {
    const [window, a] = [new LatencyWindow(), histogram()]
    for (const at of [0, 1000])
      window.add(
        [
          { name: 'a', text: await a.text() },
          { name: 'b', text: undefined },
        ],
        at,
      )
    expect(window.p99()).toBeUndefined()
  })
})
