import type { AddOperation } from '../json/patch.ts'
import type { Injection } from './injection.ts'

/**
 * What became of one injection for one pod: a closed vocabulary, for metrics, audit annotations and people. The value
 * says it in words.
 */
export const INJECTION_RESULTS = {
  injected: 'something was added',
  observed: 'it would have been injected, but this endpoint only observes',
  partial:
    'the pod ends by itself (restartPolicy is not Always): all but the containers was added, or is there already',
  complete: 'the pod has everything already',
  'no-container': 'nothing was added: the pod has no container that its variables and mounts are for',
  kept: 'nothing was added: the pod has other values, which are kept',
  'excluded-namespace': 'no injection changes the pods of this namespace',
  'ignored-namespace': 'the injection ignores this namespace',
  'mirror-pod': 'the pod is the mirror of a static pod, which runs as its file says',
  'malformed-pod': 'Kubernetes would not accept the pod as it is',
  'oversized-pod': 'the pod has more than 2,000 containers, or 20,000 volumes and mounts',
  'not-triggered': 'the pod does not ask for it: the annotation of the trigger is missing, or has another value',
  'other-pod': '`match` of the injection does not select the pod',
  'other-labels': 'objectSelector does not select the pod by its labels',
  'other-namespace': 'namespaceSelector does not select the namespace by its labels',
  'unknown-namespace': 'namespaceSelector needs the labels of the namespace, which are unknown',
  'other-stage': 'the rollout has not reached this namespace, or another version is in force there',
  staged: 'it would have been injected, but its rollout has not reached this namespace',
  'job-pod': 'the pod ends by itself (restartPolicy is not Always), and `jobs` of the injection leaves such pods out',
  'host-network-pod': "the pod shares the node's network, and the injection leaves such pods out",
  'windows-pod': 'the pod can only run on Windows',
  'render-failed': 'the templates of the injection cannot be rendered for this pod',
  conflict: 'the pod already uses a name or a port that the injection needs',
  'missing-volume': 'the injection mounts a volume that the pod does not have',
  'annotations-full': "the pod's annotations would exceed 256 KiB",
  withheld: 'another injection refused the pod',
  'proof-failed': 'the patch was not proven harmless, so this injection was left out',
} as const
export type InjectionResult = keyof typeof INJECTION_RESULTS

/** Whether a result says that something of the injection may be in the patch. */
export function mayAdd(result: InjectionResult | RequestReason): boolean {
  return result === 'injected' || result === 'partial'
}

/** Why a request as a whole has nothing to inject into; `undefined` in its place means that it has. */
export const REQUEST_REASONS = {
  'not-a-pod': 'only pods are injected into, not the workloads that make them',
  'not-a-creation': 'pods are only injected into when they are created',
  subresource: 'only whole pods are injected into, not their subresources',
} as const
export type RequestReason = keyof typeof REQUEST_REASONS

/** Something that an injection left as it was; each is a warning. */
export interface InjectionNote {
  readonly kind:
    | 'conflict'
    | 'drift'
    | 'volume-kept'
    | 'missing-volume'
    | 'label-kept'
    | 'annotation-kept'
    | 'selector-label'
    | 'port-clash'
    | 'unrecorded'
    | 'failed'
    | 'left-out'
    | 'node-network'
    | 'no-container'
    | 'start'
    | 'trigger'
  readonly message: string
}

/** What became of one injection. */
export interface InjectionOutcome {
  readonly injection: Injection
  readonly result: InjectionResult
  readonly notes: readonly InjectionNote[]
}

/** What all injections together do to one pod. */
export interface InjectionPlan {
  /** In the order of the set. */
  readonly outcomes: readonly InjectionOutcome[]
  readonly operations: readonly AddOperation[]
  /** Those that are made or are there already, each behind those that it needs; a denial leaves them in. */
  readonly active: readonly Injection[]
  /** The pod is refused, because an injection says so; then there are no operations. */
  readonly denial?: { readonly injection: Injection; readonly message: string }
}
