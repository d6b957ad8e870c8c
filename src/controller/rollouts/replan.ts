import { deepEqual, type Json } from '../../json/value.ts'
import type { StageDocument } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import { COMPLETE, type RolloutStatus } from '../../rollout/status.ts'
import { WAITING } from '../../rollout/step.ts'

/**
 * Whether the stages that a record has reached are no longer those of its rollout: to go on by their numbers would bring the target to
 * namespaces that no gate was asked about. What is ahead may be edited freely, and so may holds; but objects of no namespace must not join
 * at once where there are fewer of them, nor leave where there are more.
 */
export function isReplanned({ stages: reached, status }: RecordDocument, stages: readonly StageDocument[]): boolean {
  if (status.phase === 'Complete') return false
  const older = status.older.map(({ stage }) => stage).filter(stage => stage !== COMPLETE)
  const layers = [status.stage, ...older]
  const count = Math.max(...layers) + 1
  if (count === 0) return false
  const isLast = (stage: number, plan: readonly StageDocument[]) => stage >= plan.length - 1
  return (
    layers.some(stage => isLast(stage, reached) !== isLast(stage, stages)) ||
    !deepEqual(planOf(reached, count), planOf(stages, count))
  )
}

function planOf(stages: readonly StageDocument[], count: number): Json {
  const plan = stages.slice(0, count).map(({ hold: _, ...stage }) => stage)
  return JSON.parse(JSON.stringify(plan)) as Json
}

/** A rollout whose stages were changed begins again at the first one, on top of what it has brought: that is a record of its own by now. */
export function replanned({ status: { phase, revision } }: RecordDocument, now: number): RolloutStatus {
  return {
    ...WAITING,
    phase: phase === 'Progressing' ? 'Pending' : phase,
    revision,
    since: now,
    reason: {
      word: 'StagesChanged',
      message: 'its stages were changed: it begins again at the first one, and what it has brought stays where it is',
    },
  }
}
