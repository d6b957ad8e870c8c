import { Counter, type Registry } from 'prom-client'

/** What became of a review that might have been recorded. */
export type RecordResult = 'recorded' | 'sampled-out' | 'dropped' | 'failed'

/** For gateways that record their traffic. */
export function createTrafficMetrics(registry: Registry) {
  const recorded = new Counter({
    name: 'portcullis_traffic_recorded_total',
    help: 'Reviews by what became of them where traffic is recorded: recorded, sampled-out, dropped (a Secret, too large, or more than the disk takes) or failed (not written, or not readable).',
    labelNames: ['result'],
    registers: [registry],
  })
  for (const result of ['recorded', 'sampled-out', 'dropped', 'failed'] satisfies RecordResult[])
    recorded.inc({ result }, 0)
  return { recorded }
}

export type TrafficMetrics = ReturnType<typeof createTrafficMetrics>
