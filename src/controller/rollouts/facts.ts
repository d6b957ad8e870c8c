import type { JsonObject } from '../../json/value.ts'
import type { NamespaceTable } from '../../policy/match.ts'
import type { CompiledRollout } from '../../policy/rollout.ts'
import type { Target } from '../../rollout/record.ts'
import type { Reason } from '../../rollout/status.ts'
import type { PodCount } from '../pods/count.ts'
import type { scrape } from '../scrape.ts'
import type { LeftPods } from './left-pods.ts'
import type { RolloutMetrics } from './metrics.ts'

/** What the other parts know. */
export interface RolloutFacts {
  readonly namespaces: NamespaceTable
  /**
   * What is rolled out, as the API has it, and its newest revision that compiles and is kept; undefined where there is none that is staged.
   */
  target(target: Target): RolledTarget | undefined
  /** Why there is nothing to roll out, and what to do. */
  missing(target: Target): Reason
}

/** What a rollout brings. */
export interface RolledTarget {
  /** As the API has it. */
  readonly object: JsonObject
  /** Undefined where there is none yet that could be brought back. */
  readonly revision: string | undefined
  /** It does not compile, and neither did any revision that is kept. */
  readonly isFaulty?: boolean
}

export interface RolloutTaskOptions {
  readonly intervalMs: number
  /** Undefined while not all documents have been seen. */
  readonly facts: () => Promise<RolloutFacts | undefined>
  /** What was counted of pods last, and when, by the clock that never jumps. */
  readonly pods: () => { readonly count: PodCount; readonly at: number; readonly maxAgeMs: number } | undefined
  /** Workloads of a stage that the target would refuse, as of no longer ago than that. */
  readonly wouldBlock: (
    rollout: CompiledRollout,
    stage: number,
    namespaces: NamespaceTable,
    maxAgeMs: number,
  ) => Promise<number | undefined>
  readonly injectedRestarts: (target: { name: string; revision: string }, since: number) => Promise<number>
  readonly metrics?: RolloutMetrics
  /** The pods that still have an injection that was taken back; none are looked for unless given. */
  readonly leftPods?: (target: { name: string; revision: string }) => Promise<LeftPods>
  readonly monotonic: () => number
  readonly scrape?: typeof scrape
}
