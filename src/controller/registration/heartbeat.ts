import type { ControllerContext, Task } from '../task.ts'
import type { RegistrationMetrics } from './metrics.ts'
import type { ProbeResult } from './probe.ts'

export interface HeartbeatOptions {
  readonly probe: () => Promise<ProbeResult>
  readonly metrics: RegistrationMetrics
  readonly intervalMs?: number
  /** Told of each result, for the statuses of documents. */
  readonly onResult?: (result: ProbeResult) => void
}

const INTERVAL_MS = 60_000

/**
 * Asks every minute whether what must be refused is refused, through the API server: a registration that somebody deleted, or
 * a gateway that answers nobody, is invisible otherwise.
 */
export function heartbeatTask({ log, now }: ControllerContext, options: HeartbeatOptions): Task {
  const { probe, metrics, onResult, intervalMs = INTERVAL_MS } = options
  return {
    name: 'heartbeat',
    intervalMs,
    async round() {
      const result = await probe()
      onResult?.(result)
      const isGood = result.kind === 'refused' || result.kind === 'observed'
      metrics.heartbeatRefused.set(isGood ? 1 : 0)
      if (isGood) metrics.heartbeatSuccess.set(now() / 1000)
      else log.error({ result: result.kind, reason: result.message }, 'the heartbeat was not refused')
    },
  }
}
