import { requestOfManifest } from '../admission/manifest.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { certificateFacts } from '../certs/facts.ts'
import type { SubjectFacts } from '../checks/check.ts'
import type { JsonObject } from '../json/value.ts'
import { type Decision, decide } from '../policy/decide.ts'
import { evaluate } from '../policy/evaluate.ts'
import { membersOf, type SetMember } from '../policy/evaluate-set.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'

/** What decides a verdict about an object that is no request. */
export interface JudgeContext {
  readonly set: PolicySet
  readonly namespaceLabels: NamespaceLabels
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whether what it brings to comparisons is compared with others afterwards; left out, it is seen alone. */
  readonly seen?: SubjectFacts['seen']
}

/** What the policies said about an object. */
export interface JudgedObject {
  readonly request: AdmissionRequest
  readonly decision: Decision
  /** The names of the policies that looked. */
  readonly policies: ReadonlySet<string>
  /** What it brings to the checks that compare objects; nothing where it is seen alone. */
  readonly members: readonly SetMember[]
}

/**
 * Judges an object as its creation would be judged, by the same evaluation as everywhere; what only a live request knows, such
 * as its user, is skipped.
 *
 * @returns undefined where the object has no apiVersion and kind.
 */
export function judgeObject(object: JsonObject, context: JudgeContext): JudgedObject | undefined {
  const { set, namespaceLabels, now, seen = 'alone' } = context
  const request = requestOfManifest(object, {
    uid: '',
    operation: 'CREATE',
    defaultNamespace: '',
    subResource: '',
    userInfo: undefined,
    dryRun: true,
    oldObject: null,
    plurals: set.plurals,
  })
  if (request === undefined) return undefined
  const facts: SubjectFacts = {
    now,
    owner: undefined,
    isSelectedOn: label => set.namespaceLabels.has(label),
    readCertificates: certificateFacts,
    seen,
    origin: '',
  }
  const { results } = evaluate(set, request, { namespaceLabels, facts, unknownNamespaces: 'apply' })
  return {
    request,
    decision: decide(results, set, request, { namespaceLabels, now }),
    policies: new Set(results.map(({ policy }) => policy.name)),
    members: seen === 'alone' ? [] : membersOf(set, request, { namespaceLabels, facts }),
  }
}
