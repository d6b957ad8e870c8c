import type { Gates } from './spec.ts'

/** What was seen of a stage. Whatever is undefined nobody knows, and what nobody knows never promotes. */
export interface Observations {
  /** The target's revision that compiles; undefined where there is none. */
  readonly revision: string | undefined
  readonly orphanedPods: number | undefined
  readonly podGrowth: number | undefined
  /** Counted by every replica since it is there: undefined where one of them did not answer. */
  readonly requests: number | undefined
  readonly denials: number | undefined
  readonly errors: number | undefined
  /** Of the stage that would be next. */
  readonly wouldBlock: number | undefined
  readonly unready: number | undefined
  readonly injectedRestarts: number | undefined
  readonly latencyP99: number | undefined
}

/** What stood there already when the stage began: only what is new counts. */
export interface Baseline {
  readonly orphanedPods: number
  readonly requests: number
  readonly denials: number
  readonly errors: number
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
export function baselineOf({ orphanedPods, requests, denials, errors }: Observations): Baseline | undefined {
  if (orphanedPods === undefined || requests === undefined || denials === undefined || errors === undefined)
    return undefined
  return { orphanedPods, requests, denials, errors }
}

/** Asks every gate that the rollout has, in a fixed order. */
export function askGates(gates: Gates, seen: Observations, baseline: Baseline): readonly GateVerdict[] {
  const verdicts: GateVerdict[] = []
  const ask = (gate: GateName, limit: number | undefined, value: number | undefined) => {
    if (limit === undefined) return
    if (value === undefined) verdicts.push({ gate, state: 'unknown', limit })
    else verdicts.push({ gate, state: value > limit ? 'breached' : 'ok', value, limit })
  }
  // A replica that started anew counts from nothing: no less than nothing is new.
  const since = (now: number | undefined, before: number) => (now === undefined ? undefined : Math.max(0, now - before))
  ask('orphanedPods', gates.orphanedPods, since(seen.orphanedPods, baseline.orphanedPods))
  ask('podGrowth', gates.podGrowth, seen.podGrowth)
  ask(
    'denials',
    gates.denials?.ratio,
    denialRatio(gates, since(seen.requests, baseline.requests), since(seen.denials, baseline.denials)),
  )
  ask('wouldBlock', gates.wouldBlock, seen.wouldBlock)
  ask('unready', gates.unready, seen.unready)
  ask('injectedRestarts', gates.injectedRestarts, seen.injectedRestarts)
  ask('errors', gates.errors, since(seen.errors, baseline.errors))
  ask('latencyP99', gates.latencyP99, seen.latencyP99)
  return verdicts
}

/** Of too few requests a ratio says nothing, and breaches nothing. */
function denialRatio({ denials }: Gates, requests: number | undefined, denied: number | undefined): number | undefined {
  if (requests === undefined || denied === undefined) return undefined
  return requests < Math.max(1, denials?.minimumRequests ?? 1) ? 0 : denied / requests
}
