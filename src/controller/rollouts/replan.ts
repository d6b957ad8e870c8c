import { deepEqual, type Json } from '../../json/value.ts'
import { type StageDocument, stageOf } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import type { Observations } from '../../rollout/gates.ts'
import type { RolloutSpec } from '../../rollout/spec.ts'
import { COMPLETE, type RolloutStatus, withoutRevision } from '../../rollout/status.ts'
import { step, WAITING } from '../../rollout/step.ts'
import { MAX_BEFORE, remembered } from './next-record.ts'

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

/**
 * A rollout whose stages were changed begins again at the first one, on top of what it has brought: that is a record of its own by now. One
 * that has stopped does so once it is resumed, and has stopped when it did.
 */
export function replanned({ status: { phase, revision, since } }: RecordDocument, now: number): RolloutStatus {
  const isStopped = phase !== 'Progressing' && phase !== 'Pending'
  const begins = isStopped ? 'once it is resumed it begins' : 'it begins'
  return {
    ...WAITING,
    phase: isStopped ? phase : 'Pending',
    revision,
    since: isStopped ? since : now,
    reason: {
      word: 'StagesChanged',
      message: `its stages were changed: ${begins} again at the first one, and what it has brought stays where it is`,
    },
  }
}

/**
 * What a rollout has brought by the stages that it had before, the newest first: its gates are asked there as long as it goes on. Once
 * somebody has resumed it what is there is accepted.
 *
 * @param isNewPlan whether it begins again at this moment.
 */
export function leftBelow(record: RecordDocument, isNewPlan: boolean): readonly RecordDocument[] {
  const { uid, status } = record
  if (status.phase !== 'Pending' && status.phase !== 'Progressing') return []
  const found: RecordDocument[] = []
  for (let left = isNewPlan ? record : record.before; left?.uid === uid; left = left.before)
    if (left.status.phase === 'Progressing' && left.status.revision === status.revision) found.push(left)
  return found
}

/** Whether one more record on top of this one would make those between forgotten, and namespaces fall out with them. */
export function isFull({ before }: RecordDocument): boolean {
  let depth = 0
  for (let record = before; record !== undefined; record = record.before) depth++
  return depth >= MAX_BEFORE
}

/** A rollout whose stages were changed too often stays where it is, and is stopped and aborted by the stages that it had. */
export function stuck(status: RolloutStatus): RolloutStatus {
  const message =
    'its stages were changed again, and no more can be remembered of what it has brought by others: put them back as they were, or abort it'
  return status.reason.word === 'Paused' ? { ...status, reason: { word: 'StagesChanged', message } } : status
}

/** A rollout by the stages that it had: nothing goes on by stages that are no more. */
export function formerly(spec: RolloutSpec, { stages }: RecordDocument): RolloutSpec {
  const [first, ...rest] = stages.map(stageOf)
  if (first === undefined) throw new Error('a record without a stage passed its schema')
  return { ...spec, stages: [first, ...rest], paused: true }
}

/**
 * The status of a rollout after a breach where it stood by other stages.
 *
 * @param left what it has brought by them.
 * @param see what is seen there.
 * @returns undefined where no gate is breached.
 */
export function brokenBelow(
  known: RolloutStatus,
  left: readonly RecordDocument[],
  spec: RolloutSpec,
  see: (spec: RolloutSpec, record: RecordDocument) => Observations,
  now: number,
): RolloutStatus | undefined {
  for (const record of left) {
    const former = formerly(spec, record)
    const { phase, gates, reason } = step(former, remembered(record), see(former, record), {}, now)
    const broken = { ...known, phase, since: now, gates, reason }
    if (phase === 'Paused') return broken
    if (phase === 'RolledBack')
      return { ...broken, stage: -1, baseline: undefined, older: withoutRevision(known.older, known.revision) }
  }
  return undefined
}
