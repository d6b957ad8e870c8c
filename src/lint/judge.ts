import { requestOfManifest } from '../admission/manifest.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { certificateFacts } from '../certs/facts.ts'
import type { SubjectFacts } from '../checks/check.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'
import { type Decision, decide, findingsOf, type JudgedFinding } from '../policy/decide.ts'
import { type Evaluated, evaluate } from '../policy/evaluate.ts'
import { membersOf, type SetMember } from '../policy/evaluate-set.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'
import type { ObjectReference } from './report.ts'

/** What decides a verdict, beside the object: the same things as in the webhook. */
export interface LintContext {
  readonly set: PolicySet
  readonly namespaceLabels: NamespaceLabels
  /** Where a namespaced object goes that names no namespace. */
  readonly defaultNamespace: string
  /** Milliseconds since 1970, for the dates of exceptions. */
  readonly now: number
}

/** What the policies said about one object. */
export interface JudgedObject {
  readonly request: AdmissionRequest
  readonly reference: ObjectReference
  /** Each finding once, with the strictest of the actions that its policy takes. */
  readonly found: readonly JudgedFinding[]
  readonly decision: Decision
  /** The policies that did not look, because the object's namespace is excluded. */
  readonly excluded: { readonly namespace: string; readonly policies: readonly string[] } | undefined
  /** What it brings to the checks that compare objects; nearly every object brings nothing. */
  readonly members: readonly SetMember[]
}

/**
 * Judges an object as the webhook would judge its creation. What only a live request knows (the user, the old object)
 * is not there; a policy that needs the labels of a namespace that nobody described is skipped and says so.
 */
export function judgeObject(value: JsonObject, context: LintContext, file: string): JudgedObject {
  const request = requestOfManifest(value, {
    uid: '',
    operation: 'CREATE',
    defaultNamespace: context.defaultNamespace,
    subResource: '',
    userInfo: undefined,
    dryRun: false,
    oldObject: null,
    plurals: context.set.plurals,
  })
  if (request === undefined) throw new Error('an object without apiVersion and kind came to be judged')
  const { set, namespaceLabels } = context
  const facts = lintFacts(context, file)
  const { results, excluded } = evaluate(set, request, {
    namespaceLabels,
    facts,
    unknownNamespaces: 'try',
    strays: 'all',
  })
  return {
    request,
    reference: referenceOf(request, value),
    ...decided(results, request, context),
    excluded: namespaceOf(excluded),
    members: membersOf(set, request, { namespaceLabels, facts }),
  }
}

/** What was said about an object when it was compared with the others. */
export function judgeCompared(
  { request, reference }: JudgedObject,
  results: readonly Evaluated[],
  context: LintContext,
): JudgedObject {
  return { request, reference, ...decided(results, request, context), excluded: undefined, members: [] }
}

function decided(results: readonly Evaluated[], request: AdmissionRequest, { set, namespaceLabels, now }: LintContext) {
  const decision = decide(results, set, request, { namespaceLabels, now })
  return { decision, found: findingsOf(decision) }
}

/** What files tell: not who owns a pod; what they do say, the checks that compare see. */
export function lintFacts({ set, now }: LintContext, file: string): SubjectFacts {
  return {
    now,
    owner: undefined,
    isSelectedOn: label => set.namespaceLabels.has(label),
    readCertificates: certificateFacts,
    seen: 'among-others',
    origin: file,
  }
}

function namespaceOf(excluded: ReturnType<typeof evaluate>['excluded']): JudgedObject['excluded'] {
  const [first] = excluded
  // All policies saw the same request, and so the same namespace.
  return first && { namespace: first.namespace, policies: excluded.map(({ policy }) => policy.name) }
}

/** What a report calls an object. */
export function referenceOf({ kind, namespace, name }: AdmissionRequest, value: JsonObject): ObjectReference {
  const prefix = getString(dig(value, 'metadata'), 'generateName') ?? ''
  return {
    apiVersion: getString(value, 'apiVersion') ?? '',
    kind: kind.kind,
    // A Namespace is filed under its own name, but lives in none.
    namespace: kind.kind === 'Namespace' && kind.group === '' ? '' : namespace,
    name: name === '' && prefix !== '' ? `${prefix}…` : name,
  }
}
