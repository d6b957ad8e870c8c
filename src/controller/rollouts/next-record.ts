import { deepEqual, getString, type Json, type JsonObject } from '../../json/value.ts'
import type { CompiledRollout, StageDocument } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import { type RolloutStatus, withoutRevision } from '../../rollout/status.ts'

/** What decides the next record of a target. */
export interface RecordFacts {
  readonly object: JsonObject
  readonly rollout: CompiledRollout
  readonly status: RolloutStatus
  /** The present record of the target, whosever it is. */
  readonly stored: RecordDocument | undefined
  /** What stands in for it where it was lost. */
  readonly restored: RecordDocument | undefined
  /** By which stages the status was decided: those of a record that goes on, or the rollout's. */
  readonly stages: readonly StageDocument[]
}

/** Rollouts that were deleted on their way, one after the other: of more than these the ones between are forgotten. */
const MAX_BEFORE = 5

/**
 * The record that follows from a status: the present one, the same value, where nothing changed. Another rollout's record becomes what is
 * below it.
 */
export function nextRecord(facts: RecordFacts): RecordDocument {
  const { object, rollout, status, stages, stored, restored } = facts
  const uid = getString(object['metadata'], 'uid') ?? ''
  const known = stored ?? restored
  const own = known?.uid === uid ? known : undefined
  const below = own === undefined ? known : own.before
  const left = below && isWithdrawn(status) ? withdrawn(below, status.revision) : below
  const { name, target, replaces, elsewhere } = rollout
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
    ...(left !== undefined && status.phase !== 'Complete' && { before: bounded(left, MAX_BEFORE) }),
  }
  if (stored !== undefined && own === stored) {
    const { number: _, ...present } = stored
    if (isSame(present, next)) return stored
  }
  return { ...next, number: (known?.number ?? 0) + 1 }
}

/** What a record remembers, as the logic of rollouts takes it. */
export function remembered({ status }: RecordDocument): RolloutStatus {
  const { baseline, reason, gates, ...rest } = status
  return {
    ...rest,
    baseline,
    // Both are words that this program has written itself.
    gates: (gates ?? []) as RolloutStatus['gates'],
    reason: (reason ?? { word: 'Waiting', message: '' }) as RolloutStatus['reason'],
  }
}

function recorded({ baseline, gates, older, ...status }: RolloutStatus): RecordDocument['status'] {
  return { ...status, ...(baseline !== undefined && { baseline }), older: [...older], gates: [...gates] }
}

/** Whether nothing moves until somebody acts: its gates are asked no more, and nobody needs lists of the whole cluster for it. */
export function isOver(record: RecordDocument | undefined): boolean {
  return record !== undefined && (record.status.phase === 'Complete' || isWithdrawn(record.status))
}

function isWithdrawn({ phase }: Pick<RolloutStatus, 'phase'>): boolean {
  return phase === 'RolledBack' || phase === 'Aborted'
}

/** A revision that is taken back goes from where earlier rollouts had brought it, too, unless one of them was complete. */
function withdrawn(record: RecordDocument, revision: string): RecordDocument {
  const { status, before } = record
  const isIt = status.revision === revision && status.phase !== 'Complete'
  const older = [...withoutRevision(status.older, revision)]
  return {
    ...record,
    status: { ...status, ...(isIt && { phase: 'Aborted', stage: -1 }), older },
    ...(before !== undefined && { before: withdrawn(before, revision) }),
  }
}

/** The last of all stays: if any was complete it is that one, and then nothing else is in force where the others have not come. */
function bounded(record: RecordDocument, depth: number): RecordDocument {
  const { before, ...rest } = record
  if (before === undefined) return rest
  return depth <= 2 ? { ...rest, before: lastOf(before) } : { ...rest, before: bounded(before, depth - 1) }
}

function lastOf(record: RecordDocument): RecordDocument {
  return record.before === undefined ? record : lastOf(record.before)
}

/** Whether two say the same. Why it was written, and what the gates say at this moment, is no reason to write it again. */
function isSame(a: Omit<RecordDocument, 'number'>, b: Omit<RecordDocument, 'number'>): boolean {
  const essence = ({ status: { reason: _, gates: __, ...status }, ...record }: typeof a) =>
    JSON.parse(JSON.stringify({ ...record, status })) as Json
  return deepEqual(essence(a), essence(b))
}
