import type { ZodError, ZodType } from 'zod'
import type { AdmissionRequest, Operation } from '../admission/request.ts'
import type { Pointer } from '../json/pointer.ts'
import type { JsonObject } from '../json/value.ts'
import type { GroupKind } from '../workload/kinds.ts'
import type { OwnerAnswer, OwnerKind } from '../workload/owner.ts'
import type { Pod } from '../workload/pod.ts'

/** Which requests a check is about by default, in the words of `matchConstraints.resourceRules`. */
export interface ResourceRule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly operations: readonly (Operation | '*')[]
  readonly resources: readonly string[]
}

/** What a finding is about, so that an exception can name it. */
export interface FindingFacts {
  /** The canonical host path. */
  readonly path?: string
  /** The containers concerned; for a volume, those that mount it. */
  readonly containers?: readonly { readonly name: string; readonly image: string }[]
}

/**
 * How a finding compares with others of its check, beside its key. An update that makes something milder (a narrower
 * path, a read-only mount, one of two) is not news: a check that refuses the first half of a repair is in its way.
 */
export interface Severity {
  /** The class of the finding: old findings of this class excuse new ones. */
  readonly as: string
  /** How many new findings one old one excuses; 1 if left out. What a pod sets counts for each of its containers. */
  readonly times?: number
  /** The classes that are at least as bad, closest first, its own among them. Asked only if no old finding has the key. */
  within(): readonly string[]
}

/** One violation. A warning never denies. */
export interface Finding {
  /** RFC 6901 pointer into the reviewed object. */
  readonly pointer: Pointer
  readonly message: string
  readonly hint?: string
  readonly level: 'violation' | 'warning'
  /**
   * Rule and value, wherever they stand: on UPDATE a finding whose key the old object has too is not news. Two
   * findings with the same key are the same danger.
   */
  readonly key: string
  readonly facts?: FindingFacts
  /** Whether something is wanted that is not there, and that an operator may yet add. */
  readonly isMissing?: true
  /** Left out, only an old finding of the same key excuses it. */
  readonly severity?: Severity
  /** Of a violation that only warns because the old object has it too: what was found, and what the old object has. */
  readonly relaxed?: { readonly from: Finding; readonly before: Finding }
}

/** A certificate as a check needs it. */
export interface CertificateFacts {
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly notAfter: number
}

/** Reads the certificates of a PEM text. It never throws: what is no certificate is a problem in words. */
export type CertificateReader = (
  pem: string,
) =>
  | { readonly ok: true; readonly certificates: readonly CertificateFacts[] }
  | { readonly ok: false; readonly problem: string }

/** What the ports know about one request, so that checks stay pure. */
export interface SubjectFacts {
  /** Milliseconds since 1970. */
  readonly now: number
  /** The controller that the object names as its owner; undefined where it names none or nobody asked. */
  readonly owner: OwnerAnswer | undefined
  /** Whether a policy, an exception, an injection or a stage selects on this label of a namespace. */
  readonly isSelectedOn: (namespaceLabel: string) => boolean
  readonly readCertificates: CertificateReader
  /** Whether the objects that stand beside this one are seen too: those that are compared are judged together. */
  readonly seen: 'alone' | 'among-others'
  /** What a message calls the place that the object comes from: a file; `''` where its name says it all. */
  readonly origin: string
}

/** What a check looks at. Everything in it was fetched or parsed before; reading it costs nothing. */
export interface Subject {
  readonly facts: SubjectFacts
  readonly request: AdmissionRequest
  readonly object: JsonObject
  /** Null where the request has none. */
  readonly oldObject: JsonObject | null
  /** The pods and pod templates in `object`; empty where its kind has none. */
  readonly pods: readonly Pod[]
}

/** What a check found. No findings and no `skipped` means that the subject passes. */
export interface CheckResult {
  readonly findings: readonly Finding[]
  /** Why the check could not judge all of the subject. */
  readonly skipped?: string
}

/**
 * A built-in check: a function of its subject. It never throws, logs, waits or decides; its params were parsed when
 * the policy was compiled.
 */
export interface Check<Params> {
  /** The kebab-case word that is also the file's name, the fixtures' folder and the heading in the docs. */
  readonly id: string
  readonly summary: string
  /** The kinds that the check can judge. */
  readonly kinds: readonly GroupKind[]
  /** What a policy of this check matches when it names no `matchConstraints` of its own. */
  readonly resources: readonly ResourceRule[]
  readonly params: ZodType<Params>
  /** What is allowed but looks like a mistake: said once, when the policy is loaded. */
  warnings?(params: Params): readonly { readonly pointer: Pointer; readonly message: string }[]
  /**
   * Of a check that judges labels or annotations: it is asked about the subresources, too, that are about nothing else
   * that a check looks at, such as `status`.
   */
  readonly judges?: 'metadata'
  /** Of a check that wants the owner of a pod to be asked for before it runs: further kinds that own pods. */
  ownerKinds?(params: Params): readonly OwnerKind[]
  run(subject: Subject, params: Params): CheckResult
  /**
   * Of a check that compares several objects. `run` is called for each of them too: seen alone, it says that what has
   * to be compared was skipped; seen among others, it leaves that to the comparison.
   */
  readonly set?: SetRule<Params>
}

/** How several objects are judged together. */
export interface SetRule<Params> {
  /** What of one object takes part in the comparison; undefined where nothing does. Small: it is kept to the end. */
  pick(subject: Subject, params: Params): unknown
  /** @returns one result for each of the members, in their order. */
  compare(members: readonly unknown[], params: Params): readonly CheckResult[]
  /**
   * Of a check that wants one object of all that were made from the same template: a text that is the same for what the template
   * and what its pods bring. Left out, each object is compared.
   */
  sameAs?(member: unknown): string
}

/** Makes the rule of a check whose members are of one type. */
export function setRule<Params, Member>(rule: {
  pick(subject: Subject, params: Params): Member | undefined
  compare(members: readonly Member[], params: Params): readonly CheckResult[]
  sameAs?(member: Member): string
}): SetRule<Params> {
  // The engine hands back what `pick` gave, and nothing else.
  const { sameAs } = rule
  return {
    pick: rule.pick,
    compare: (members, params) => rule.compare(members as readonly Member[], params),
    ...(sameAs !== undefined && { sameAs: member => sameAs(member as Member) }),
  }
}

/** A check together with the params of one policy. */
export interface BoundCheck {
  readonly id: string
  readonly kinds: readonly GroupKind[]
  readonly resources: readonly ResourceRule[]
  readonly warnings: readonly { readonly pointer: Pointer; readonly message: string }[]
  readonly judges?: 'metadata'
  /** Undefined where the check does not ask for owners. */
  readonly ownerKinds?: readonly OwnerKind[]
  run(subject: Subject): CheckResult
  readonly set?: BoundSetRule
}

/** The rule of a check that compares, together with the params of one policy. */
export interface BoundSetRule {
  pick(subject: Subject): unknown
  compare(members: readonly unknown[]): readonly CheckResult[]
  sameAs?(member: unknown): string
}

/** A check whose params' type is its own business: what the list of checks holds. */
export interface RegisteredCheck {
  readonly id: string
  readonly summary: string
  readonly kinds: readonly GroupKind[]
  readonly resources: readonly ResourceRule[]
  readonly params: ZodType
  /** Parses the params of one policy and binds them. */
  bind(
    params: unknown,
  ): { readonly ok: true; readonly check: BoundCheck } | { readonly ok: false; readonly error: ZodError }
}

/** Hides the params' type, so that checks of different params stand in one list. */
export function register<Params>(check: Check<Params>): RegisteredCheck {
  const { id, summary, kinds, resources } = check
  return {
    id,
    summary,
    kinds,
    resources,
    params: check.params,
    bind(raw) {
      const parsed = check.params.safeParse(raw, { reportInput: true })
      if (!parsed.success) return { ok: false, error: parsed.error }
      const params = parsed.data
      const warnings = check.warnings?.(params) ?? []
      const { judges, set } = check
      const ownerKinds = check.ownerKinds?.(params)
      return {
        ok: true,
        check: {
          id,
          kinds,
          resources,
          warnings,
          run: subject => check.run(subject, params),
          ...(judges !== undefined && { judges }),
          ...(ownerKinds !== undefined && { ownerKinds }),
          ...(set !== undefined && {
            set: {
              pick: subject => set.pick(subject, params),
              compare: members => set.compare(members, params),
              ...(set.sameAs !== undefined && { sameAs: set.sameAs }),
            },
          }),
        },
      }
    },
  }
}
