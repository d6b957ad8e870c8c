import type { Selector } from '../workload/selector.ts'

/** One stage of a rollout. Stages are cumulative: what an earlier one has reached stays reached. */
export interface Stage {
  readonly name: string
  /** The namespaces that it reaches: by their labels, by a share of all, or, with neither, all of them. */
  readonly selector?: Selector
  /** From 0 to 100. */
  readonly percent?: number
  /** How long nothing may happen before the next one. */
  readonly holdMs: number
}

/** What ends a stage, or keeps it from being left. A gate that is left out is not asked. */
export interface Gates {
  /** Pods that nobody adopts, more than there were when the stage began. */
  readonly orphanedPods?: number
  /** Pods of one owner for each that it wants. */
  readonly podGrowth?: number
  readonly denials?: { readonly ratio: number; readonly minimumRequests: number }
  /** Workloads of the next stage that could not be rescheduled, scaled or rolled back under the target. Keeps, never ends. */
  readonly wouldBlock?: number
  /** The share of the stage's pods that were ready and are not. */
  readonly unready?: number
  /** The share of the stage's injected pods that were restarted. */
  readonly injectedRestarts?: number
  /** Evaluation errors and failed proofs. */
  readonly errors?: number
  /** Seconds. */
  readonly latencyP99?: number
}

/** A CanaryRollout as far as its logic goes. */
export interface RolloutSpec {
  /** Its own name: which namespaces a percentage reaches depends on it. */
  readonly name: string
  readonly stages: readonly [Stage, ...Stage[]]
  readonly gates: Gates
  readonly onBreach: 'Rollback' | 'Pause'
  readonly paused: boolean
}
