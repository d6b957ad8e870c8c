import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { createControllerMetrics, measuredGauge } from '../../src/controller/metrics.ts'
import type { Task } from '../../src/controller/task.ts'
import { leadTerm } from '../../src/controller/term.ts'
import { sample } from '../support/wire.ts'

const log = { info() {}, warn() {}, error() {} }

/** A controller with one part that measures at once and ends its round when it is told to. */
function world() {
  const page = new Registry()
  const metrics = createControllerMetrics(page)
  let endRound = () => {}
  let terms = 0
  const tasksOf = (registry: Registry): readonly Task[] => {
    const orphans = measuredGauge({ name: 'portcullis_orphaned_pods', help: 'Pods.', registers: [registry] })
    const value = ++terms
    return [
      {
        name: 'pods',
        intervalMs: 1,
        round: () => {
          orphans.set(value)
          return new Promise(resolve => {
            endRound = resolve
          })
        },
      },
    ]
  }
  const lead = (signal: AbortSignal) => leadTerm({ context: { log, now: () => 0 }, page, metrics, tasksOf }, signal)
  return { page, lead, endRound: () => endRound() }
}

it('serves what the leader measures for as long as it leads, though a round is still under way', async () => {
  const { page, lead, endRound } = world()
  expect(await page.metrics()).not.toContain('portcullis_orphaned_pods')
  const lease = new AbortController()
  const term = lead(lease.signal)
  const leading = await page.metrics()
  expect(sample(leading, 'portcullis_leader')).toBe(1)
  expect(sample(leading, 'portcullis_orphaned_pods')).toBe(1)
  expect(leading).toContain('portcullis_controller_rounds_total')
  lease.abort()
  const lost = await page.metrics()
  expect(sample(lost, 'portcullis_leader')).toBe(0)
  expect(lost).not.toMatch(/portcullis_(orphaned|controller)/)
  endRound()
  await term
  expect(await page.metrics()).not.toMatch(/portcullis_(orphaned|controller)/)
})

it('makes the parts anew for each term', async () => {
  const { page, lead, endRound } = world()
  for (const expected of [1, 2]) {
    const lease = new AbortController()
    const term = lead(lease.signal)
    expect(sample(await page.metrics(), 'portcullis_orphaned_pods')).toBe(expected)
    lease.abort()
    endRound()
    await term
  }
})

it('serves nothing of a term that was over before it began', async () => {
  const { page, lead } = world()
  await lead(AbortSignal.abort())
  expect(sample(await page.metrics(), 'portcullis_leader')).toBe(0)
  expect(await page.metrics()).not.toContain('portcullis_orphaned_pods')
})

it('a gauge that was not measured yet has no series, rather than a 0', async () => {
  const registry = new Registry()
  const gauge = measuredGauge({ name: 'portcullis_heartbeat_refused', help: 'Help.', registers: [registry] })
  expect(await registry.metrics()).not.toMatch(/^portcullis/m)
  gauge.set(0)
  expect(await registry.metrics()).toMatch(/^portcullis_heartbeat_refused 0$/m)
})
