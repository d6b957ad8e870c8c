import { deepEqual, getString, type Json, type JsonObject } from '../../json/value.ts'
import type { CompiledRollout } from '../../policy/rollout.ts'
import type { RecordDocument, Remembered } from '../../policy/rollout-record.ts'
import type { RolloutStatus } from '../../rollout/status.ts'

/** What decides the next record of a target. */
export interface RecordFacts {
  readonly object: JsonObject
  readonly rollout: CompiledRollout
  readonly status: RolloutStatus
  /** The present record of the target, whosever it is. */
  readonly stored: RecordDocument | undefined
  /** What stands in for it where it was lost. */
  readonly restored: RecordDocument | undefined
}

/** Rollouts that were deleted on their way, one after the other: older ones are forgotten. */
const MAX_BEFORE = 5

/**
 * The record that follows from a status: the present one, the same value, where nothing changed. Another rollout's record becomes what is
 * below it.
 */
export function nextRecord({ object, rollout, status, stored, restored }: RecordFacts): RecordDocument {
  const uid = getString(object['metadata'], 'uid') ?? ''
  const known = stored ?? restored
  const own = known?.uid === uid ? known : undefined
  const below = own === undefined ? known : own.before
  const { name, target, replaces, elsewhere, stages } = rollout
  const next: Omit<RecordDocument, 'number'> = {
    kind: 'RolloutRecord',
    rollout: name,
    uid,
    target,
    ...(replaces !== undefined && { replaces }),
    elsewhere,
    stages: [...stages],
    status: recorded(status),
    // What is complete is in force everywhere, and nothing below it.
    ...(below !== undefined && status.phase !== 'Complete' && { before: bounded(below, MAX_BEFORE) }),
  }
  if (stored !== undefined && own === stored) {
    const { number: _, ...present } = stored
    if (isSame(present, next)) return stored
  }
  return { ...next, number: (known?.number ?? 0) + 1 }
}

/** What a record remembers, as the logic of rollouts takes it. */
export function remembered({ status }: RecordDocument): RolloutStatus {
  const { baseline, ...rest } = status
  return { ...rest, baseline, gates: [], reason: { word: 'Waiting', message: '' } }
}

function recorded({ phase, revision, stage, since, baseline, older }: Remembered): RecordDocument['status'] {
  return { phase, revision, stage, since, ...(baseline !== undefined && { baseline }), older: [...older] }
}

function bounded(record: RecordDocument, depth: number): RecordDocument {
  const { before, ...rest } = record
  return before === undefined || depth <= 1 ? rest : { ...rest, before: bounded(before, depth - 1) }
}

/** Whether two say the same: what is undefined is not said. */
function isSame(a: unknown, b: unknown): boolean {
  return deepEqual(JSON.parse(JSON.stringify(a)) as Json, JSON.parse(JSON.stringify(b)) as Json)
}
