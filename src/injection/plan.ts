import { get, isObject, type JsonObject } from '../json/value.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { RolloutSources } from '../policy/rollout-sources.ts'
import { PodDraft } from './draft.ts'
import type { GenericFiles } from './generic/read.ts'
import type { Injection } from './injection.ts'
import type { InjectionPlan, InjectionResult } from './outcome.ts'
import { Planner } from './planner.ts'
import { podFacts, traitsOf, unselectedReason, untouchableReason } from './selection.ts'

/** All injections that may be made, as one immutable snapshot. */
export interface InjectionSet {
  /**
   * Each version of each injection that is made somewhere, in the order in which they are planned: those of the generic format
   * as they stand in it, then the others by name.
   */
  readonly injections: readonly Injection[]
  /** Those that are only planned where their rollout has not brought them. */
  readonly shadows: readonly Injection[]
  /** Each injection once, whether or not a rollout has brought it anywhere. */
  readonly documents: readonly Injection[]
  readonly rollouts: RolloutSources
  /** The files that those of the generic format come from. */
  readonly generic: GenericFiles | undefined
  /** Namespaces that no injection touches. */
  readonly excludedNamespaces: readonly string[]
  /** The namespace labels that an injection selects on. */
  readonly namespaceLabels: ReadonlySet<string>
  /** Names the set: equal documents, equal hash. */
  readonly hash: string
}

/** The pod that is about to be created. */
export interface InjectionSubject {
  /** A Pod, or the template of one: `metadata` and `spec` count. */
  readonly pod: JsonObject
  /** Of the request, never of the pod's own metadata. */
  readonly namespace: string
}

/** What others know about the pod. */
export interface InjectionPorts {
  readonly namespaceLabels: NamespaceLabels
  /** The label keys by which the pod's owner finds it, where that is known: these are never written. */
  readonly ownerKeys?: ReadonlySet<string>
  /** Volumes that the pod will have although it does not say so: the claims of a StatefulSet. */
  readonly claimedVolumes?: ReadonlySet<string>
}

/**
 * Plans what all injections together add to a pod. Nothing is remembered from one call to the next: each item is
 * compared with what is there, so that planning again on the result adds nothing. Pure: the same arguments, the same
 * plan; the pod is not written.
 */
export function planInjections(subject: InjectionSubject, set: InjectionSet, ports: InjectionPorts): InjectionPlan {
  const { pod, namespace } = subject
  const reason = untouchableReason(pod, namespace, set.excludedNamespaces)
  if (reason !== undefined) {
    const outcomes = set.injections.map(injection => ({ injection, result: reason, notes: [] }))
    return { outcomes, operations: [], active: [] }
  }
  const traits = traitsOf(pod, new PodDraft(pod))
  const planner = new Planner(traits, ports)
  const results = activate(set.injections, injection => {
    return unselectedReason(injection, traits, namespace, ports.namespaceLabels) ?? planner.begin(injection)
  })
  return planner.finish(set.injections, results)
}

/**
 * Tries every injection until none becomes active any more: one may bring what another one waits for, an annotation that
 * triggers it or a volume that it mounts. Were that left to the next call, the next call would not be empty.
 */
function activate(
  injections: readonly Injection[],
  attempt: (injection: Injection) => InjectionResult | 'active',
): ReadonlyMap<Injection, InjectionResult> {
  const reasons = new Map<Injection, InjectionResult>()
  let waiting = injections
  for (let count = -1; count !== waiting.length; ) {
    count = waiting.length
    waiting = waiting.filter(injection => {
      const result = attempt(injection)
      if (result !== 'active') reasons.set(injection, result)
      else reasons.delete(injection)
      return result !== 'active'
    })
  }
  return reasons
}

/**
 * A pod like `original`, but of nothing else than what the injections of a set declare for `pod`, whether it is there
 * already or not, and whichever of them it was: by what it adds, one may have become none of those that are for the pod.
 */
export function declaredPod(original: JsonObject, pod: JsonObject, { injections }: InjectionSet): JsonObject {
  const facts = podFacts(traitsOf(pod, new PodDraft(pod)))
  const declared = injections.flatMap(({ render }) => {
    const rendered = render(facts)
    return rendered.ok ? [rendered.additions] : []
  })
  const spec = get(original, 'spec')
  return {
    ...original,
    spec: {
      ...(isObject(spec) ? spec : {}),
      ephemeralContainers: [],
      volumes: declared.flatMap(({ volumes }) => volumes),
      containers: declared.flatMap(({ containers }) => containers),
      initContainers: declared.flatMap(({ initContainersFirst: first, initContainers }) => [
        ...first,
        ...initContainers,
      ]),
    },
  }
}
