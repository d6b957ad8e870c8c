import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { createRoundMetrics } from '../../src/controller/metrics.ts'
import { runTasks } from '../../src/controller/run-tasks.ts'
import { sample } from '../support/wire.ts'

it('runs each task in rounds beside the others, and a round that fails is logged, counted and repeated', async () => {
  const registry = new Registry()
  const metrics = createRoundMetrics(registry)
  const stop = new AbortController()
  const logged: object[] = []
  const log = { info() {}, warn() {}, error: (fields: object) => void logged.push(fields) }
  let rounds = 0
  const running = runTasks(
    [
      { name: 'good', intervalMs: 5, round: async () => void rounds++ },
      { name: 'bad', intervalMs: 5, round: () => Promise.reject(new Error('down')) },
      // One that never ends by itself holds nobody up.
      {
        name: 'slow',
        intervalMs: 5,
        round: signal => new Promise(resolve => signal.addEventListener('abort', () => resolve())),
      },
    ],
    { log, now: () => 5000 },
    metrics,
    stop.signal,
  )
  await expect.poll(() => rounds).toBeGreaterThan(3)
  await expect.poll(() => logged.length).toBeGreaterThan(2)
  stop.abort()
  await running
  const text = await registry.metrics()
  expect(sample(text, 'portcullis_controller_rounds_total', { task: 'good', result: 'failed' })).toBe(0)
  expect(sample(text, 'portcullis_controller_rounds_total', { task: 'bad', result: 'failed' })).toBe(logged.length)
  expect(sample(text, 'portcullis_controller_last_success_timestamp_seconds', { task: 'good' })).toBe(5)
})
