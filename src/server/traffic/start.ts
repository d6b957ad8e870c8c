import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'
import type { Snapshot } from '../snapshot.ts'
import { createTrafficMetrics } from './metrics.ts'
import { type TrafficOptions, TrafficRecorder } from './recorder.ts'

/** The recorder of a gateway, with the clocks of the process; its metrics are there only where it is. */
export function startRecorder(
  options: TrafficOptions,
  snapshot: () => Pick<Snapshot, 'namespaces'>,
  { registry }: { readonly registry: Registry },
  logger: FastifyBaseLogger,
): TrafficRecorder {
  return new TrafficRecorder(options, {
    metrics: createTrafficMetrics(registry),
    logger,
    namespaces: () => snapshot().namespaces,
    now: () => Date.now(),
    monotonic: () => performance.now(),
  })
}
