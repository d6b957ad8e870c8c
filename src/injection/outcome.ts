import type { AddOperation } from '../json/patch.ts'
import type { Injection } from './injection.ts'

/**
 * What became of one injection for one pod: a closed vocabulary, for metrics, audit annotations and people. The value
 * says it in words.
 */
export const INJECTION_RESULTS = {
  injected: 'something was added',
  observed: 'it would have been injected, but the endpoint only observes',
  complete: 'everything is there already',
  'excluded-namespace': 'no injection touches this namespace',
  'ignored-namespace': 'the injection ignores this namespace',
  'mirror-pod': 'it is the mirror of a static pod, which runs as its file says',
  'malformed-pod': 'the pod is not what Kubernetes would accept',
  'oversized-pod': 'the pod has more than 2,000 containers, or 20,000 volumes and mounts',
  'not-triggered': "the pod's annotations do not ask for it",
  'other-labels': "the objectSelector does not select the pod's labels",
  'other-namespace': "the namespaceSelector does not select the namespace's labels",
  'unknown-namespace': "the namespace's labels are not known, and the namespaceSelector needs them",
  'other-stage': 'its rollout has not brought it to this namespace, or what it brings has taken its place',
  staged: 'it would have been injected, but its rollout has not brought it to this namespace',
  'job-pod': 'the pod ends by itself (restartPolicy is not Always), and the injection says jobs: Never',
  'windows-pod': 'the pod runs on Windows',
  'render-failed': 'its templates cannot be rendered for this pod',
  conflict: 'the pod has something else under a name or port that the injection needs',
  'missing-volume': 'a container of it mounts a volume that the pod does not have',
  'annotations-full': "the pod's annotations would exceed 256 KiB",
  withheld: 'another injection denied the pod',
  'proof-failed': 'the patch was not proven harmless, and was withheld',
} as const
export type InjectionResult = keyof typeof INJECTION_RESULTS

/** Why a request as a whole has nothing to inject into; `undefined` in its place means that it has. */
export const REQUEST_REASONS = {
  'not-a-pod': 'injections are for pods; what controllers own is left to them',
  'not-a-creation': 'injections are for pods that are created',
  subresource: 'injections are for pods as a whole',
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
  /** The pod is refused, because an injection says so; then there are no operations. */
  readonly denial?: { readonly injection: Injection; readonly message: string }
}
