import { deepEqual, type Json } from '../../json/value.ts'
import { type StageDocument, stageOf } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import type { RolloutSpec } from '../../rollout/spec.ts'
import { COMPLETE, type RolloutStatus } from '../../rollout/status.ts'

/**
 * Whether the stages that a record has reached are no longer those of its rollout: to go on by their numbers would bring the target to
 * namespaces that no gate was asked about. What is ahead may be edited freely, and so may holds; but objects of no namespace must not join
 * at once where there are fewer of them, nor leave where there are more.
 */
export function areReachedStagesEdited(
  { stages: reached, status }: RecordDocument,
  stages: readonly StageDocument[],
): boolean {
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

/** A rollout by the stages of its record: its gates are asked where it stands, and it does not go on by stages that are no more. */
export function asRecorded(spec: RolloutSpec, { stages }: RecordDocument): RolloutSpec {
  const [first, ...rest] = stages.map(stageOf)
  if (first === undefined) throw new Error('a record without a stage passed its schema')
  return { ...spec, stages: [first, ...rest], paused: true }
}

/** What is said of one that stays where it is, since the stages that it has reached were edited. */
export function kept(status: RolloutStatus): RolloutStatus {
  if (status.reason.word !== 'Paused') return status
  const message =
    'stages that it has reached were changed: put them back as they were, or abort it and resume it, or delete it and make another one on top of what it has brought'
  return { ...status, reason: { word: 'StagesChanged', message } }
}
