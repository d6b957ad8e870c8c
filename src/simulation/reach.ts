import type { Place } from '../rollout/record.ts'
import { type Rings, ringOf, ringOfClusterScoped } from '../rollout/rings.ts'

/**
 * Whether a rollout has come to a place once it is at a stage.
 * `'certain'`: it has, but by which stage nobody knows, because an earlier one selects on labels that are not known.
 */
export type Reached = 'yes' | 'no' | 'certain' | 'unknown'

/** @param stage from 0 on; undefined when the rollout is complete, and is in force whatever the ring. */
export function reachedAt(rings: Rings, place: Place, stage: number | undefined): Reached {
  if (stage === undefined) return 'yes'
  if (place === 'cluster') return stage >= ringOfClusterScoped(rings) ? 'yes' : 'no'
  const ring = ringOf(rings, place)
  if (typeof ring === 'number') return ring <= stage ? 'yes' : 'no'
  if (ring === undefined) return 'no'
  const until = rings.stages.slice(0, stage + 1).map(single => ringOf({ name: rings.name, stages: [single] }, place))
  if (until.includes(0)) return 'certain'
  return until.includes('unknown') ? 'unknown' : 'no'
}
