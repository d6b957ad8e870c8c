import { dig, getList, getString, type Json, type JsonObject } from '../../json/value.ts'
import { type RecordDocument, readRecord } from '../../policy/rollout-record.ts'
import type { GateVerdict } from '../../rollout/gates.ts'
import type { Stage } from '../../rollout/spec.ts'
import type { RolloutStatus } from '../../rollout/status.ts'
import { historyWith } from './history.ts'
import type { LeftPods } from './left-pods.ts'
import type { ReplicaCounts } from './replicas.ts'

/** What stands in a rollout's status. */
export interface Published {
  readonly status: RolloutStatus
  readonly stages: readonly Stage[]
  readonly record: RecordDocument | undefined
  readonly counts: ReplicaCounts | undefined
  /** In how many namespaces the target is in force, of how many. */
  readonly namespaces?: { readonly reached: number; readonly total: number }
  /** The pods that still have what was taken back; undefined if nobody looked. */
  readonly left?: LeftPods | undefined
  /** Nothing was decided this time: what an operator has asked for is asked for still. */
  readonly isUndecided?: boolean
  /** Whether it compiles; the message of a fault is what `policy-lint` would say. */
  readonly fault: string | undefined
}

/** The status of a rollout as people and `kubectl get` read it. */
export function statusDocument(
  rollout: JsonObject,
  { status, stages, record, counts, namespaces, left, fault }: Published,
  now: number,
): JsonObject {
  const generation = dig(rollout, 'metadata', 'generation') ?? 0
  const { phase, stage, since, revision, gates, reason } = status
  const document = {
    observedGeneration: generation,
    phase,
    stage: phase === 'Complete' ? 'complete' : (stages[stage]?.name ?? ''),
    ...(since > 0 && { since: timeOf(since) }),
    revision,
    verdict: verdictOf(gates),
    reason: reason.word,
    message: reason.message,
    gates: gates.map(gateDocument),
    ...(counts !== undefined && { replicas: { total: counts.total, current: counts.current } }),
    ...(namespaces !== undefined && { namespaces }),
    ...(left !== undefined && left.pods > 0 && { left: { ...left, names: [...left.names] } }),
    ...(record !== undefined && { record: JSON.parse(JSON.stringify(record)) as JsonObject }),
    conditions: [compiled(rollout, generation, fault, now)],
  }
  return { ...document, history: historyWith(rollout, document, timeOf(now)) }
}

function compiled(rollout: JsonObject, generation: Json, fault: string | undefined, now: number): JsonObject {
  const status = fault === undefined ? 'True' : 'False'
  const old = getList(rollout['status'], 'conditions').find(condition => dig(condition, 'type') === 'Compiled')
  const isSame = dig(old, 'status') === status
  return {
    type: 'Compiled',
    status,
    reason: fault === undefined ? 'Compiled' : 'Faulty',
    message: fault ?? 'it can be carried out',
    observedGeneration: generation,
    lastTransitionTime: (isSame && getString(old, 'lastTransitionTime')) || timeOf(now),
  }
}

/** `ok`, or a word for each gate that is not. */
export function verdictOf(gates: readonly GateVerdict[]): string {
  const others = gates.filter(({ state }) => state !== 'ok')
  if (others.length === 0) return gates.length === 0 ? '' : 'ok'
  return others.map(({ gate, state }) => `${gate} ${state}`).join(', ')
}

function gateDocument({ gate, state, value, limit }: GateVerdict): JsonObject {
  return { gate, state, ...(value !== undefined && { value }), limit }
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

/** The record that a rollout's status bears: it stands in where the ControllerRevision was lost. */
export function publishedRecord(rollout: JsonObject): RecordDocument | undefined {
  const record = readRecord(dig(rollout, 'status', 'record'))
  return record !== undefined && record.uid === getString(rollout['metadata'], 'uid') ? record : undefined
}
