import type { AdmissionRequest } from '../admission/request.ts'
import type { InjectionResult, RequestReason } from '../injection/outcome.ts'
import type { Action } from '../policy/compile.ts'
import type { GlassFact } from './broken-glass.ts'
import type { ReviewPath } from './path.ts'
import type { RolloutFact } from './rollouts.ts'

/** What became of one injection. `prefix` is what the generic format's metrics are labelled with. */
export interface InjectionFact {
  readonly injection: string
  readonly prefix?: string
  readonly result: InjectionResult | RequestReason
}

/** The invariant that a patch would have broken. */
export interface BrokenInvariant {
  readonly invariant: string
  readonly message: string
  /** The path of the operation at fault; undefined if no single operation is. */
  readonly operation?: string
}

/** An injection that was left out because its patch was not proven harmless. */
export interface ProofFailure extends BrokenInvariant {
  readonly injection: string
}

/**
 * What was decided, as plain data: it crosses threads, and feeds metrics and logs. Never the object's contents, but for the
 * reason in it for which the glass was broken.
 */
export interface ReviewFacts {
  readonly path: ReviewPath
  readonly result: 'allowed' | 'denied' | 'patched' | 'unjudged'
  /** The status code of a denial, 200 otherwise. */
  readonly code: number
  readonly setHash: string
  readonly request?: Pick<AdmissionRequest, 'uid' | 'operation' | 'subResource' | 'namespace' | 'name' | 'dryRun'> & {
    readonly resource: string
    readonly kind: string
    readonly user: string
  }
  /** What each policy did about this request, each action once. */
  readonly decisions: readonly {
    readonly policy: string
    readonly action: Action | 'WouldDeny' | 'Staged' | 'Exempt' | 'Skipped' | 'Error' | 'Pass'
  }[]
  /** Seconds that each policy took. */
  readonly durations: readonly { readonly policy: string; readonly seconds: number }[]
  /** The documents that got the strictest answer because the labels of the namespace are unknown. */
  readonly unknownNamespaces: readonly { readonly kind: string; readonly name: string }[]
  /** What break-glass exceptions let pass, each once for each policy. */
  readonly breakGlass: readonly GlassFact[]
  /** Whether the object holds what looks like a pod in a place that no policy knows. */
  readonly hasUnjudgedPods?: true
  /** The exceptions that would have covered a finding but are past their date. */
  readonly expiredExceptions: readonly string[]
  /** What became of each injection; empty but on `/mutate`. */
  readonly injections: readonly InjectionFact[]
  /** The injections of which an item was changed since it was injected; once for each item. */
  readonly drift: readonly string[]
  /** What each version of each document that is being rolled out made of the request. */
  readonly rollouts: readonly RolloutFact[]
  /** The injections whose patch was not proven, and why. Names operations, never their values. */
  readonly proofFailures: readonly ProofFailure[]
  /** What went wrong inside: a bug, with its stack. */
  readonly failure?: string
}

/** The facts of a review in which nothing was decided yet. */
export function bareFacts(path: ReviewPath, result: ReviewFacts['result'], code: number, setHash: string): ReviewFacts {
  return {
    path,
    result,
    code,
    setHash,
    decisions: [],
    durations: [],
    unknownNamespaces: [],
    breakGlass: [],
    expiredExceptions: [],
    injections: [],
    drift: [],
    rollouts: [],
    proofFailures: [],
  }
}

/** What is said about a request: never its object's contents. */
export function requestFacts(request: AdmissionRequest): NonNullable<ReviewFacts['request']> {
  const { uid, operation, subResource, namespace, name, dryRun, resource, kind, userInfo } = request
  return {
    uid,
    operation,
    subResource,
    namespace,
    name,
    dryRun,
    resource: [resource.resource, resource.group].filter(Boolean).join('.'),
    kind: kind.kind,
    user: userInfo?.username ?? '',
  }
}
