import { Gauge, type Registry } from 'prom-client'
import { getString, type JsonObject } from '../../json/value.ts'
import type { RolloutSpec } from '../../rollout/spec.ts'
import type { RolloutStatus } from '../../rollout/status.ts'

/** What is measured of rollouts by the controller that carries them out. */
export function createRolloutMetrics(registry: Registry) {
  return {
    overdue: new Gauge({
      name: 'portcullis_rollout_overdue_seconds',
      help: 'Seconds for which a rollout could have gone on and has not: since its stage has held for long enough, or before the first stage since it was made.',
      labelNames: ['rollout', 'target'] as const,
      registers: [registry],
    }),
  }
}

export type RolloutMetrics = ReturnType<typeof createRolloutMetrics>

/**
 * Seconds by which a rollout is late; undefined if it is over, or stopped after a breach, and 0 while its stage holds.
 *
 * @param now milliseconds since 1970.
 */
export function overdueSeconds(
  { metadata }: JsonObject,
  { stages }: Pick<RolloutSpec, 'stages'>,
  { phase, stage, since }: Pick<RolloutStatus, 'phase' | 'stage' | 'since'>,
  now: number,
): number | undefined {
  if (phase !== 'Pending' && phase !== 'Progressing') return undefined
  const made = Date.parse(getString(metadata, 'creationTimestamp') ?? '')
  const began = since > 0 ? since : Number.isNaN(made) ? now : made
  return Math.max(0, now - began - (stages[stage]?.holdMs ?? 0)) / 1000
}
