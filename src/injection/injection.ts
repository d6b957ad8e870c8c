import type { JsonObject } from '../json/value.ts'
import type { Placement } from '../policy/placement.ts'
import type { Selector } from '../workload/selector.ts'
import type { Targets } from './targets.ts'

/** What an injection adds to one pod, as JSON of our own: no value in it was copied from a request's numbers. */
export interface Additions {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Before all init containers that are there; in this order. */
  readonly initContainersFirst: readonly JsonObject[]
  readonly initContainers: readonly JsonObject[]
  readonly containers: readonly JsonObject[]
  readonly volumes: readonly JsonObject[]
  /** Into the pod's own containers and init containers. */
  readonly volumeMounts: readonly JsonObject[]
  /** Into the pod's own containers and init containers. */
  readonly env: readonly JsonObject[]
  readonly imagePullSecrets: readonly JsonObject[]
}

/** What wants to be injected: the pod has this annotation with one of these values, or every pod that matches. */
export type Trigger =
  | { readonly kind: 'always' }
  | { readonly kind: 'annotation'; readonly key: string; readonly values: readonly string[] }

/** Fields of a pod that an injection wants; each that is undefined may be anything. */
export interface PodMatch {
  readonly hostNetwork?: boolean | undefined
  readonly restartPolicy?: readonly string[] | undefined
}

/** The parts of a pod that an injection may be rendered from: strings only, never a number of the request. */
export interface PodFacts {
  readonly annotations: Readonly<Record<string, string>>
  /** As in `spec.serviceAccountName`; `''` where it is absent. */
  readonly serviceAccountName: string
  /** It ends by itself: its restartPolicy is not Always, which is also what an absent one means. */
  readonly isJob: boolean
}

/** An injection's additions for one pod, or why there are none for it. */
export type Rendered =
  | { readonly ok: true; readonly additions: Additions }
  /** `denies`: the format demands that such a pod is refused, not that it goes without. */
  | { readonly ok: false; readonly message: string; readonly denies: boolean }

/** One injection that can be planned, whichever format it was written in. Immutable. */
export interface Injection {
  readonly kind: 'SidecarInjection' | 'SidecarConfiguration'
  readonly name: string
  readonly revision: string
  readonly file: string
  /** The document that it was compiled from. */
  readonly source: unknown
  readonly trigger: Trigger
  readonly namespaceSelector: Selector
  readonly objectSelector: Selector
  /** Which pods it is for, by fields of theirs; every pod if it is undefined. */
  readonly match?: PodMatch
  /** Whether it leaves out pods that share the node's network; undefined: if a container of it could change that network. */
  readonly onHostNetwork?: 'Skip' | 'Allow'
  /** Namespaces that this injection leaves alone, beside those that every injection does. */
  readonly ignoredNamespaces: readonly string[]
  readonly onConflict: 'Skip' | 'Deny'
  readonly onFailure: 'Allow' | 'Deny'
  /** What pods get that end by themselves. In the generic format `NativeOnly` is what `WithoutContainers` is here. */
  readonly jobs: 'NativeOnly' | 'WithoutContainers' | 'Always' | 'Never'
  /** Which containers get its variables and mounts. */
  readonly into?: Targets
  /** The names of every container that it may ever declare, in any list. */
  readonly declaredNames: ReadonlySet<string>
  /** Whether it is made only where a rollout has brought it. */
  readonly isStaged: boolean
  /** Where this version counts; everywhere unless given. */
  readonly placement?: Placement
  /** Rendered only for pods that trigger. */
  readonly render: (pod: PodFacts) => Rendered
  /** What the generic-sidecar-injector's format does otherwise; undefined for a SidecarInjection. */
  readonly generic?: GenericTraits
}

/** The habits of the generic-sidecar-injector that its users rely on. */
export interface GenericTraits {
  /** Set to `injected` once its content is there: `<annotationNamespace>/status`. */
  readonly statusKey: string
  /** The label of its metrics: `annotationNamespace`. */
  readonly prefix: string
}
