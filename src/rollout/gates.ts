import type { Gates } from './spec.ts'

/** What was seen of a stage. Whatever is undefined nobody knows, and what nobody knows never promotes. */
export interface Observations {
  /** The target's revision that compiles; undefined where there is none. */
  readonly revision: string | undefined
  /** In the namespaces that the present stage has reached. */
  readonly pods: PodFacts | undefined
  /** The same in those that the next one would reach, these included. */
  readonly podsAhead: PodFacts | undefined
  /** Counted since the present stage began: undefined where a replica did not answer, and the others alone breach nothing. */
  readonly requests: number | undefined
  readonly denials: number | undefined
  readonly errors: number | undefined
  /** Of the stage that would be next; after the last one of the namespaces that none reaches. */
  readonly wouldBlock: number | undefined
  readonly injectedRestarts: number | undefined
  readonly latencyP99: number | undefined
}

/** How the pods of some namespaces are. */
export interface PodFacts {
  /** Pods that nobody adopts. */
  readonly orphaned: number
  /** Pods of one owner for each that it wants, of the worst owner; 1 where none has too many. */
  readonly growth: number
  /** Pods that workloads want and that are not ready; undefined where it is not known yet. */
  readonly unready: number | undefined
  /** Pods that workloads want. */
  readonly wanted: number
}

/** What stood there already when the stage began: only what is new counts. */
export interface Baseline {
  readonly orphaned: number
  readonly growth: number
  readonly unready: number
}

export type GateName = keyof Gates

/** What one gate says. */
export interface GateVerdict {
  readonly gate: GateName
  readonly state: 'ok' | 'breached' | 'unknown'
  /** What was measured; undefined where nobody knows. */
  readonly value?: number
  readonly limit: number
}

/** What is there now, as the baseline of a stage; undefined where not all of it is known. */
export function baselineOf(pods: PodFacts | undefined): Baseline | undefined {
  if (pods?.unready === undefined) return undefined
  const { orphaned, growth, unready } = pods
  return { orphaned, growth, unready }
}

/** Asks every gate that the rollout has, in a fixed order. */
export function askGates(gates: Gates, seen: Observations, baseline: Baseline): readonly GateVerdict[] {
  const verdicts: GateVerdict[] = []
  const ask = (gate: GateName, limit: number | undefined, value: number | undefined) => {
    if (limit === undefined) return
    if (value === undefined) verdicts.push({ gate, state: 'unknown', limit })
    else verdicts.push({ gate, state: value > limit ? 'breached' : 'ok', value, limit })
  }
  const { pods } = seen
  ask('orphanedPods', gates.orphanedPods, pods && Math.max(0, pods.orphaned - baseline.orphaned))
  // An owner that had too many before has a reason of its own.
  ask('podGrowth', gates.podGrowth, pods && (pods.growth > baseline.growth ? pods.growth : 1))
  ask('denials', gates.denials?.ratio, denialRatio(gates, seen.requests, seen.denials))
  ask('wouldBlock', gates.wouldBlock, seen.wouldBlock)
  ask('unready', gates.unready, unreadyShare(pods, baseline))
  ask('injectedRestarts', gates.injectedRestarts, seen.injectedRestarts)
  ask('errors', gates.errors, seen.errors)
  ask('latencyP99', gates.latencyP99, seen.latencyP99)
  return verdicts
}

function unreadyShare(pods: PodFacts | undefined, baseline: Baseline): number | undefined {
  if (pods?.unready === undefined) return undefined
  return Math.max(0, pods.unready - baseline.unready) / Math.max(1, pods.wanted)
}

/** Of too few requests a ratio says nothing, and breaches nothing. */
export function denialRatio(
  { denials }: Gates,
  requests: number | undefined,
  denied: number | undefined,
): number | undefined {
  if (requests === undefined || denied === undefined) return undefined
  return requests < Math.max(1, denials?.minimumRequests ?? 1) ? 0 : denied / requests
}
