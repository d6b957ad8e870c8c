import type { Baseline, GateVerdict } from './gates.ts'

/**
 * Where a rollout stands.
 * `Pending`: it has not reached its first stage. `Progressing`: a stage holds. `Paused`: after a breach, until somebody resumes it.
 * `RolledBack`, `Aborted`: the target is in force nowhere. `Complete`: it is in force everywhere.
 */
export type Phase = 'Pending' | 'Progressing' | 'Paused' | 'RolledBack' | 'Aborted' | 'Complete'

/** A revision of the target, and how far it has come. */
export interface Layer {
  readonly revision: string
  /** The last stage that it has reached, from 0 on; {@link COMPLETE} where it was in force for everybody, in whatever ring. */
  readonly stage: number
}

/** Further than every stage. A number, because a status is JSON. */
export const COMPLETE = Number.MAX_SAFE_INTEGER

/** Layers without those of a revision. One that was complete stays: what it replaced may be gone by now. */
export function withoutRevision(layers: readonly Layer[], gone: string): readonly Layer[] {
  return layers.filter(({ revision, stage }) => revision !== gone || stage === COMPLETE)
}

/** Why the status is what it is: a word for machines and a sentence for people. */
export interface Reason {
  readonly word:
    | 'TargetMissing'
    | 'TargetNotStaged'
    | 'Waiting'
    | 'StageReached'
    | 'Holding'
    | 'GateUnknown'
    | 'WouldBlock'
    | 'Breached'
    | 'Paused'
    | 'Resumed'
    | 'TargetChanged'
    | 'StagesChanged'
    | 'Aborted'
    | 'Complete'
    | 'TargetTaken'
  readonly message: string
}

/** How far each revision has come: all that decides what is in force. */
export type Reach = Pick<RolloutStatus, 'phase' | 'revision' | 'stage' | 'older'>

/** Everything that a controller has to remember; it is what `kubectl get canaryrollouts` shows. */
export interface RolloutStatus {
  readonly phase: Phase
  /** The revision that is being rolled out; `''` before there is one. */
  readonly revision: string
  /** The last stage that it has reached; -1 before the first. */
  readonly stage: number
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  /** Undefined before the first stage. */
  readonly baseline: Baseline | undefined
  /** Where the present revision has not come, the newest of these that has; where none has, what it replaces. */
  readonly older: readonly Layer[]
  readonly gates: readonly GateVerdict[]
  readonly reason: Reason
}

/** Which version is in force for somebody at a ring. */
export type InForce =
  | { readonly kind: 'revision'; readonly revision: string }
  /** What the target replaces. */
  | { readonly kind: 'replaced' }
  /**
   * Nobody knows the ring: a policy of either version denies, and nothing is injected.
   * `replaced`: what the target replaces is one of them.
   */
  | { readonly kind: 'any'; readonly revisions: readonly string[]; readonly replaced: boolean }

/**
 * Which version is in force at a ring: never none, whatever the status is.
 *
 * @param ring what `ringOf` says; undefined: no stage ever reaches it.
 */
export function inForceAt(reach: Reach, ring: number | 'unknown' | undefined): InForce {
  const { phase, revision, stage, older } = reach
  const reached: Layer = { revision, stage: phase === 'Complete' ? COMPLETE : stage }
  const layers = [reached, ...older].filter(layer => layer.stage >= 0)
  const everywhere = layers.findIndex(layer => layer.stage === COMPLETE)
  // Below one that is in force for everybody nothing is.
  const above = everywhere < 0 ? layers : layers.slice(0, everywhere + 1)
  if (ring === 'unknown' && above[0]?.stage !== COMPLETE)
    return { kind: 'any', revisions: above.map(layer => layer.revision), replaced: everywhere < 0 }
  const found = above.find(layer => layer.stage === COMPLETE || (typeof ring === 'number' && ring <= layer.stage))
  return found === undefined ? { kind: 'replaced' } : { kind: 'revision', revision: found.revision }
}
