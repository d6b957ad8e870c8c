import { dig, get, getString, type Json, type JsonObject } from '../json/value.ts'
import { type NamespaceLabels, namespaceReader } from '../policy/match.ts'
import { oversizeOf } from '../workload/pod.ts'
import { selects } from '../workload/selector.ts'
import type { PodDraft } from './draft.ts'
import type { Injection, PodFacts, PodMatch } from './injection.ts'
import type { InjectionResult } from './outcome.ts'
import { isWellFormed } from './well-formed.ts'
import { runsOnWindows } from './windows.ts'

/** Why no injection touches a pod, or undefined: asked before anything is rendered. */
export function untouchableReason(
  pod: JsonObject,
  namespace: string,
  excludedNamespaces: readonly string[],
): InjectionResult | undefined {
  if (excludedNamespaces.includes(namespace)) return 'excluded-namespace'
  // The annotation alone is enough here, whoever wrote it: without an injection nothing is gained.
  if (dig(pod, 'metadata', 'annotations', 'kubernetes.io/config.mirror') !== undefined) return 'mirror-pod'
  if (oversizeOf([pod]) !== undefined) return 'oversized-pod'
  return isWellFormed(pod) ? undefined : 'malformed-pod'
}

/** Why an injection is not for a pod, as the earlier injections leave it, or undefined. */
export function unselectedReason(
  injection: Injection,
  traits: PodTraits,
  namespace: string,
  namespaceLabels: NamespaceLabels,
): InjectionResult | undefined {
  const { draft } = traits
  if (injection.ignoredNamespaces.includes(namespace)) return 'ignored-namespace'
  if (!isTriggered(injection, draft)) return 'not-triggered'
  if (injection.match !== undefined && !isMatched(injection.match, traits)) return 'other-pod'
  const readLabel = (key: string) => {
    const value = draft.labels.get(key)
    return { value: typeof value === 'string' ? value : undefined }
  }
  if (selects(injection.objectSelector, readLabel) !== true) return 'other-labels'
  const selected = selects(injection.namespaceSelector, namespaceReader(namespace, namespaceLabels))
  if (selected === 'unknown') return 'unknown-namespace'
  if (!selected) return 'other-namespace'
  // The generic format injects wherever the pod asks, as the original does.
  if (traits.isWindows && injection.generic === undefined) return 'windows-pod'
  return traits.isJob && injection.jobs === 'Never' ? 'job-pod' : undefined
}

function isTriggered({ trigger }: Injection, draft: PodDraft): boolean {
  if (trigger.kind === 'always') return true
  const value = draft.annotations.get(trigger.key)
  return typeof value === 'string' && trigger.values.includes(value)
}

function isMatched({ hostNetwork, restartPolicy }: PodMatch, traits: PodTraits): boolean {
  if (hostNetwork !== undefined && hostNetwork !== traits.hasHostNetwork) return false
  return restartPolicy === undefined || restartPolicy.includes(traits.restartPolicy)
}

/** What injections ask of a pod as a whole. */
export interface PodTraits {
  readonly draft: PodDraft
  /** It ends by itself: a sidecar that does not would keep it alive for ever. */
  readonly isJob: boolean
  /** `Always` if it is absent, as the API server defaults it. */
  readonly restartPolicy: string
  readonly isWindows: boolean
  readonly hasHostNetwork: boolean
  /** As it came; what containers do not say, it says for them. */
  readonly spec: Json | undefined
  /** `''` where it is absent. */
  readonly serviceAccountName: string
}

/** Reads the traits of a pod. An absent restartPolicy means Always, as the API server defaults it. */
export function traitsOf(pod: JsonObject, draft: PodDraft): PodTraits {
  const spec = get(pod, 'spec')
  const restartPolicy = getString(spec, 'restartPolicy') || 'Always'
  return {
    draft,
    isJob: restartPolicy !== 'Always',
    restartPolicy,
    // Asked of the few pods that something is injected into.
    get isWindows() {
      return runsOnWindows(spec)
    },
    hasHostNetwork: get(spec, 'hostNetwork') === true,
    spec,
    serviceAccountName: getString(spec, 'serviceAccountName') ?? '',
  }
}

/** What an injection is rendered from; read only by those that have templates. */
export function podFacts({ draft, serviceAccountName, isJob }: PodTraits): PodFacts {
  return {
    get annotations() {
      return draft.annotations.strings()
    },
    serviceAccountName,
    isJob,
  }
}
