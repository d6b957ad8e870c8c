import type { CertificateReader, SubjectFacts } from '../checks/check.ts'
import type { InjectionSet } from '../injection/plan.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'
import type { OwnerAnswer } from '../workload/owner.ts'
import type { NamespaceLookUp } from './namespace.ts'
import type { OwnerSelectors } from './owner.ts'
import type { Endpoint } from './path.ts'

/** What one review needs: one snapshot of everything that decides, and the clocks. */
export interface ReviewContext {
  readonly set: PolicySet
  readonly injections: InjectionSet
  readonly namespaceLabels: NamespaceLabels
  /** Undefined where there is no connection to the API. */
  readonly owners?: OwnerSelectors | undefined
  /** Undefined where the labels of namespaces are not followed. */
  readonly namespaces?: NamespaceLookUp | undefined
  /** The one namespace of the cluster in which exceptions count; undefined where no cluster is followed. */
  readonly ownNamespace?: string | undefined
  readonly readCertificates: CertificateReader
  /** Milliseconds since 1970, for dates in documents. */
  readonly now: () => number
  /** Milliseconds of a clock that never jumps, for deadlines and durations. */
  readonly monotonic: () => number
}

/** One review as it came in. */
export interface ReviewInput extends Endpoint {
  readonly body: Uint8Array
  /** When the answer has to be ready, by the monotonic clock. */
  readonly deadline: number
}

/** What checks are told beside the request. A live request shows its own object alone. */
export function subjectFacts(
  { set, injections, readCertificates, now }: ReviewContext,
  owner: OwnerAnswer | undefined,
): SubjectFacts {
  return {
    now: now(),
    owner,
    isSelectedOn: label => set.namespaceLabels.has(label) || injections.namespaceLabels.has(label),
    readCertificates,
    seen: 'alone',
    origin: '',
  }
}
