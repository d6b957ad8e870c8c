import { dig, getList, type JsonObject } from '../../json/value.ts'
import type { NamespaceTable } from '../../policy/match.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import { type Baseline, denialRatio, type Observations, type PodFacts } from '../../rollout/gates.ts'
import { ringOf } from '../../rollout/rings.ts'
import type { Gates, RolloutSpec } from '../../rollout/spec.ts'
import { growthOf, type PodCount } from '../pods/count.ts'
import type { LatencyWindow, ReplicaCounts } from './replicas.ts'
import type { UnreadyWatch, Workload } from './workloads.ts'

/** What was measured for all rollouts at once. Whatever is undefined nobody knows. */
export interface Measured {
  readonly namespaces: NamespaceTable
  /** Young enough to be believed. */
  readonly pods: PodCount | undefined
  /** When they were counted, in milliseconds since 1970. */
  readonly podsAt: number
  /** Undefined where no gate asks for it, too. */
  readonly workloads: readonly Workload[] | undefined
  readonly unready: UnreadyWatch
  readonly latency: Pick<LatencyWindow, 'p99' | 'atLeast'>
  /** Of a clock that never jumps. */
  readonly now: number
}

/** What was measured for one of them. */
export interface MeasuredOne {
  readonly target: { readonly object: JsonObject; readonly revision: string | undefined } | undefined
  /** Undefined before there is a record. */
  readonly counts: ReplicaCounts | undefined
  readonly wouldBlock: number | undefined
  readonly injectedRestarts: number | undefined
}

/** What a rollout is told. */
export function observationsOf(
  spec: RolloutSpec,
  status: RecordDocument['status'] | undefined,
  all: Measured,
  one: MeasuredOne,
): Observations {
  const stage = status?.stage ?? -1
  return {
    revision: one.target?.revision,
    // What was counted before the stage began says nothing of it.
    pods: stage >= 0 && all.podsAt < (status?.since ?? 0) ? undefined : presentPods(spec, stage, status?.baseline, all),
    podsAhead: podsUpTo(spec, stage + 1, all),
    ...countedOf(spec.gates, one.counts, failsClosed(one.target?.object)),
    wouldBlock: one.wouldBlock,
    injectedRestarts: one.injectedRestarts,
    latencyP99: all.latency.p99() ?? above(all.latency.atLeast(), spec.gates.latencyP99),
  }
}

/** What some gateways say, where it is too much whatever the others say. */
function above(value: number, limit = Number.POSITIVE_INFINITY): number | undefined {
  return value > limit ? value : undefined
}

type Counted = Pick<Observations, 'requests' | 'denials' | 'errors'>

/**
 * What gateways have counted. Of one that does not answer, or goes by an older state, nothing is known, and then nobody knows; but what the
 * others have counted is enough to end a stage: it may be the target that the silent one dies of.
 */
function countedOf(gates: Gates, counts: ReplicaCounts | undefined, refusesErrors: boolean): Counted {
  if (counts === undefined) return { requests: undefined, denials: undefined, errors: undefined }
  const { total, current, requests, failures, errors } = counts
  const denials = counts.denials + (refusesErrors ? failures : 0)
  const isWhole = total > 0 && current === total
  const isRefused = (denialRatio(gates, requests, denials) ?? 0) > (gates.denials?.ratio ?? 1)
  return {
    ...(isWhole || isRefused ? { requests, denials } : { requests: undefined, denials: undefined }),
    errors: isWhole ? errors : above(errors, gates.errors),
  }
}

/** Whether a target refuses what it cannot judge. */
function failsClosed(target: JsonObject | undefined): boolean {
  const spec = dig(target, 'spec')
  return getList(spec, 'validationActions').includes('Deny') && dig(spec, 'failurePolicy') !== 'Ignore'
}

/** The names of the namespaces that the first stages reach, up to and with this one. */
function namespacesUpTo(spec: RolloutSpec, stage: number, namespaces: NamespaceTable): ReadonlySet<string> {
  return new Set(
    Object.entries(namespaces).flatMap(([name, labels]) => {
      const ring = ringOf(spec, { name, labels })
      return typeof ring === 'number' && ring <= stage ? [name] : []
    }),
  )
}

/** Every pod that a workload lacks counts: it is what stands there when a stage begins. */
function podsUpTo(spec: RolloutSpec, stage: number, all: Measured): PodFacts | undefined {
  const reached = namespacesUpTo(spec, stage, all.namespaces)
  const facts = podFacts(reached, all)
  const { missing, coming } = all.unready.tally(within(all.workloads, reached), all.now)
  return facts && { ...facts, unready: missing + coming }
}

/** Pods that workloads lack only for a moment are ones of which nobody knows yet, where they would breach the gate. */
function presentPods(
  spec: RolloutSpec,
  stage: number,
  baseline: Baseline | undefined,
  all: Measured,
): PodFacts | undefined {
  const reached = namespacesUpTo(spec, stage, all.namespaces)
  const facts = podFacts(reached, all)
  if (facts === undefined) return undefined
  const { missing, coming } = all.unready.tally(within(all.workloads, reached), all.now)
  const allowed = (baseline?.unready ?? 0) + (spec.gates.unready ?? 1) * Math.max(1, facts.wanted)
  if (missing > allowed) return { ...facts, unready: missing }
  return { ...facts, unready: missing + coming > allowed ? undefined : missing + coming }
}

function podFacts(reached: ReadonlySet<string>, { pods, workloads }: Measured): PodFacts | undefined {
  if (pods === undefined) return undefined
  const own = pods.conspicuous.filter(({ owner }) => reached.has(owner.namespace))
  return {
    orphaned: own.reduce((sum, { orphans }) => sum + orphans, 0),
    growth: Math.max(1, ...own.map(growthOf)),
    unready: 0,
    wanted: within(workloads, reached).reduce((sum, { wanted }) => sum + wanted, 0),
  }
}

function within(workloads: readonly Workload[] | undefined, reached: ReadonlySet<string>): readonly Workload[] {
  return (workloads ?? []).filter(({ namespace }) => reached.has(namespace))
}
