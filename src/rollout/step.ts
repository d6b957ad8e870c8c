import { askGates, baselineOf, type GateVerdict, type Observations } from './gates.ts'
import { measureText } from './measure.ts'
import type { RolloutSpec } from './spec.ts'
import { COMPLETE, type Layer, type Phase, type Reason, type RolloutStatus, withoutRevision } from './status.ts'

/** What an operator has asked for and nobody has done yet. */
export interface Requests {
  /** Ends the hold of the stage of this name; never a breached gate. */
  readonly promote?: string
  readonly resume?: boolean
  readonly abort?: boolean
}

/** The status of a rollout of which nothing is known yet. */
export const WAITING: RolloutStatus = {
  phase: 'Pending',
  revision: '',
  stage: -1,
  since: 0,
  baseline: undefined,
  older: [],
  gates: [],
  reason: { word: 'Waiting', message: 'it has not begun' },
}

/**
 * The next status: what is seen decides, never what was hoped for. Pure: the same arguments, the same status. At most one stage is
 * reached in one step, and a breach is never followed by a promotion in the same one.
 *
 * @param status undefined before the first step.
 * @param now milliseconds since 1970.
 */
export function step(
  spec: RolloutSpec,
  status: RolloutStatus | undefined,
  seen: Observations,
  requests: Requests,
  now: number,
): RolloutStatus {
  const before = clamped(spec, status ?? WAITING)
  if (requests.abort === true && before.phase !== 'Complete')
    return withdrawn(before, 'Aborted', { word: 'Aborted', message: 'somebody aborted it' }, now)
  // Without a target that compiles nothing moves: what is in force stays in force.
  if (seen.revision === undefined)
    return because(
      before,
      'TargetMissing',
      'the target is not there, not staged, does not compile, or has only just changed',
    )
  if (seen.revision !== before.revision) return targetChanged(before, seen.revision, now)
  if (before.phase === 'Complete') return before
  if (before.phase === 'RolledBack' || before.phase === 'Aborted' || before.phase === 'Paused')
    return requests.resume === true ? resumed(before, seen, now) : before
  return before.stage < 0 ? begin(spec, before, seen, now) : hold(spec, before, seen, requests, now)
}

/** A rollout that is complete may have fewer stages by now; another one goes by those that it has reached. */
function clamped({ stages }: RolloutSpec, status: RolloutStatus): RolloutStatus {
  const stage = Math.min(status.stage, stages.length - 1)
  return stage === status.stage ? status : { ...status, stage }
}

function because(status: RolloutStatus, word: Reason['word'], message: string): RolloutStatus {
  return { ...status, reason: { word, message } }
}

/** A new revision starts again at the first stage; the one before stays where it was. */
function targetChanged(before: RolloutStatus, revision: string, now: number): RolloutStatus {
  const reached: readonly Layer[] =
    before.phase === 'Complete'
      ? [{ revision: before.revision, stage: COMPLETE }]
      : before.stage >= 0
        ? [{ revision: before.revision, stage: before.stage }]
        : []
  // Of an older one only what reaches further than those above it is still in force anywhere.
  const older = [...reached, ...before.older.filter(({ stage }) => stage > (reached[0]?.stage ?? -1))]
  return {
    ...WAITING,
    revision,
    since: now,
    older,
    reason: { word: 'TargetChanged', message: `revision ${revision} begins at the first stage` },
  }
}

/** Takes the present revision out of force everywhere, also where it had come before it was edited and edited back. */
function withdrawn(before: RolloutStatus, phase: Phase, reason: Reason, now: number): RolloutStatus {
  const older = withoutRevision(before.older, before.revision)
  return { ...before, phase, stage: -1, since: now, baseline: undefined, older, reason }
}

function resumed(before: RolloutStatus, seen: Observations, now: number): RolloutStatus {
  const reason: Reason = { word: 'Resumed', message: 'somebody resumed it' }
  if (before.stage < 0) return { ...before, phase: 'Pending', since: now, gates: [], reason }
  const baseline = baselineOf(seen.pods)
  // What is there by now is accepted; without knowing it nothing could be.
  return baseline === undefined ? before : { ...before, phase: 'Progressing', since: now, baseline, gates: [], reason }
}

function begin(spec: RolloutSpec, before: RolloutStatus, seen: Observations, now: number): RolloutStatus {
  if (spec.paused) return because(before, 'Paused', 'spec.paused is true')
  const baseline = baselineOf(seen.podsAhead)
  if (baseline === undefined) return because(before, 'GateUnknown', 'what is there already is not known')
  // What is breached before anything was done would end the first stage at once, and prove nothing.
  const gates = askGates(spec.gates, seen, baseline)
  const status: RolloutStatus = { ...before, gates }
  const breached = gates.filter(isBreached)
  if (breached.length > 0) return because(status, 'Breached', `before it began: ${sentenceOf(breached, seen)}`)
  const unknown = gates.filter(isUnknown)
  if (unknown.length > 0) return because(status, 'GateUnknown', `nobody knows: ${namesOf(unknown)}`)
  return reach(spec, status, seen, 0, now)
}

/** What the next stage would lose keeps it from being reached, and is asked for there. */
function isBreached({ gate, state }: GateVerdict): boolean {
  return state === 'breached' && gate !== 'wouldBlock'
}

function isUnknown({ gate, state }: GateVerdict): boolean {
  return state === 'unknown' && gate !== 'wouldBlock'
}

function hold(
  spec: RolloutSpec,
  before: RolloutStatus,
  seen: Observations,
  requests: Requests,
  now: number,
): RolloutStatus {
  const baseline = before.baseline ?? baselineOf(seen.pods)
  if (baseline === undefined) return because(before, 'GateUnknown', 'what was there already is not known')
  const gates = askGates(spec.gates, seen, baseline)
  const status: RolloutStatus = { ...before, phase: 'Progressing', baseline, gates }
  const breached = gates.filter(isBreached)
  // Also while it is paused: a pause keeps it from going on, not from being stopped.
  if (breached.length > 0) return breach(spec, status, breached, seen, now)
  if (spec.paused) return because(status, 'Paused', 'spec.paused is true')
  const stage = spec.stages[before.stage]
  const left = before.since + (stage?.holdMs ?? 0) - now
  if (left > 0 && requests.promote !== stage?.name)
    return because(status, 'Holding', `stage ${stage?.name} holds until ${new Date(now + left).toISOString()}`)
  const unknown = gates.filter(isUnknown)
  if (unknown.length > 0) return because(status, 'GateUnknown', `nobody knows: ${namesOf(unknown)}`)
  if (before.stage < spec.stages.length - 1) return reach(spec, status, seen, before.stage + 1, now)
  // It comes to the namespaces that no stage has reached, too.
  const reason = lossOf(spec, seen, 'the namespaces that no stage reaches')
  if (reason !== undefined) return { ...status, reason }
  return {
    ...status,
    phase: 'Complete',
    since: now,
    older: [],
    reason: { word: 'Complete', message: 'every stage held' },
  }
}

/** Why the target cannot go where it would go next: what is there could not live under it. */
function lossOf({ gates }: RolloutSpec, { wouldBlock }: Observations, next: string): Reason | undefined {
  if (gates.wouldBlock === undefined) return undefined
  if (wouldBlock === undefined) return { word: 'GateUnknown', message: `nobody knows what ${next} would lose` }
  if (wouldBlock <= gates.wouldBlock) return undefined
  const workloads = wouldBlock === 1 ? '1 workload' : `${wouldBlock} workloads`
  const message = `${workloads} of ${next} could not be rescheduled, scaled or rolled back under the target: portcullis preview names them`
  return { word: 'WouldBlock', message }
}

function breach(
  spec: RolloutSpec,
  status: RolloutStatus,
  breached: readonly GateVerdict[],
  seen: Observations,
  now: number,
): RolloutStatus {
  const stage = spec.stages[status.stage]?.name
  const reason: Reason = { word: 'Breached', message: `in stage ${stage}: ${sentenceOf(breached, seen)}` }
  return spec.onBreach === 'Rollback'
    ? withdrawn(status, 'RolledBack', reason, now)
    : { ...status, phase: 'Paused', since: now, reason }
}

/** Goes to a stage, unless its workloads could not live under the target, or nobody knows what is there already. */
function reach(
  spec: RolloutSpec,
  status: RolloutStatus,
  seen: Observations,
  stage: number,
  now: number,
): RolloutStatus {
  const name = spec.stages[stage]?.name ?? ''
  const loss = lossOf(spec, seen, name)
  if (loss !== undefined) return { ...status, reason: loss }
  const baseline = baselineOf(seen.podsAhead)
  if (baseline === undefined) return because(status, 'GateUnknown', 'what is there already is not known')
  const reason: Reason = { word: 'StageReached', message: `stage ${name} is reached` }
  // Older ones stay behind it: a rollback brings back what was there.
  return { ...status, phase: 'Progressing', stage, since: now, baseline, gates: [], reason }
}

function sentenceOf(breached: readonly GateVerdict[], { requests, denials }: Observations): string {
  return breached
    .map(({ gate, value, limit }) => {
      const of = gate === 'denials' ? ` (${denials} of ${requests} requests)` : ''
      const is = value === undefined ? 'unknown' : measureText(gate, value)
      return `${gate} is ${is}${of}, and may be ${measureText(gate, limit)}`
    })
    .join('; ')
}

function namesOf(gates: readonly GateVerdict[]): string {
  return gates.map(({ gate }) => gate).join(', ')
}
