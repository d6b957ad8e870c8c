import type { AdmissionRequest } from '../admission/request.ts'
import type { BoundCheck, CheckResult, Finding, Subject, SubjectFacts } from '../checks/check.ts'
import { isCut, told } from '../checks/findings.ts'
import { deepEqual, dig, isObject, type JsonObject } from '../json/value.ts'
import type { Place } from '../rollout/record.ts'
import { type GroupKind, hasKind } from '../workload/kinds.ts'
import { podsOf } from '../workload/pod.ts'
import type { CompiledPolicy } from './compile.ts'
import { HARMLESS_SUBRESOURCES } from './harmless.ts'
import { matchRequest, type NamespaceLabels, placeOf } from './match.ts'
import { relaxKnown } from './relax.ts'
import type { PolicySet } from './set.ts'
import { strayPods } from './strays.ts'

/** What one check of one policy said about one request. */
export type Outcome =
  | { readonly kind: 'pass'; readonly warnings: readonly Finding[] }
  /** At least one finding is a violation. */
  | { readonly kind: 'violation'; readonly findings: readonly [Finding, ...Finding[]] }
  /** `isUnjudged`: the cluster may refuse what was not judged; left out, only a live request could tell more. */
  | { readonly kind: 'skipped'; readonly reason: string; readonly isUnjudged?: true }
  | { readonly kind: 'error'; readonly message: string }

/** An outcome and whose it is. A check that found violations and could not judge the rest has two. */
export interface Evaluated {
  readonly policy: CompiledPolicy
  /** The check's id; `''` where the policy as a whole was skipped. */
  readonly check: string
  readonly outcome: Outcome
}

/** What evaluation needs beside the request; the callers differ in nothing else. */
export interface EvaluationContext {
  readonly namespaceLabels: NamespaceLabels
  /** What the ports know about the request. */
  readonly facts: SubjectFacts
  /**
   * What to do with a policy whose namespace selector needs labels that are not known: a live request gets the
   * strictest answer; what is only asked for is told that the policy was skipped; a file is told so if the policy, tried
   * on it, finds anything to refuse.
   */
  readonly unknownNamespaces: 'apply' | 'skip' | 'try'
  /**
   * In which objects pods are looked for that no pointer leads to: in those of kinds that are not known to embed pods (unless
   * given), or in all.
   */
  readonly strays?: 'all'
  /** Whether a policy is asked at all; left out, every one is. */
  readonly selects?: (policy: CompiledPolicy) => boolean
  /** Whether the time for an answer is over; asked before each check. */
  readonly isExpired?: () => boolean
  /** Told of each policy that was applied although its namespace's labels are unknown. */
  readonly onUnknownNamespace?: (policy: CompiledPolicy, namespace: string) => void
  /** Told how long each policy took, in seconds, by a clock that the caller owns. */
  readonly timer?: { now(): number; observe(policy: CompiledPolicy, seconds: number): void }
}

/** Everything that was said, in the order of the policies' names; incomplete where time ran out. */
export interface Evaluation {
  readonly results: readonly Evaluated[]
  readonly isComplete: boolean
  /** The policies that did not look because the namespace is excluded. */
  readonly excluded: readonly { readonly policy: CompiledPolicy; readonly namespace: string }[]
}

/** Asks every policy of `set` about `request`. Pure: the same arguments, the same evaluation. */
export function evaluate(set: PolicySet, request: AdmissionRequest, context: EvaluationContext): Evaluation {
  const results: Evaluated[] = []
  const subjects = new SubjectCache(request, context.facts)
  const excluded: Evaluation['excluded'][number][] = []
  const strays = strayPods(set, subjects, context)
  let place: Place | undefined
  for (const policy of set.policies) {
    if (context.selects !== undefined && !context.selects(policy)) continue
    if (context.isExpired?.()) return { results, isComplete: false, excluded }
    const match = matchRequest(policy.match, request, set.excludedNamespaces, context.namespaceLabels)
    if (match.kind === 'other') {
      const skipped = strays?.besides(policy)
      if (skipped !== undefined) results.push({ policy, check: '', outcome: skipped })
      continue
    }
    if (match.kind === 'excluded') {
      excluded.push({ policy, namespace: match.namespace })
      continue
    }
    if (match.kind === 'unknown') {
      if (context.unknownNamespaces !== 'apply') {
        const outcome = unknownLabels(policy, match.namespace, subjects, context)
        if (outcome !== undefined) results.push({ policy, check: '', outcome })
        continue
      }
      context.onUnknownNamespace?.(policy, match.namespace)
    }
    if (policy.placement !== undefined) {
      place ??= placeOf(request, context.namespaceLabels)
      const isHere = policy.placement.isAt(place)
      if (isHere === false) continue
      // Of two versions both are in force then, and either denies.
      if (isHere === 'unknown' && place !== 'cluster') context.onUnknownNamespace?.(policy, place.name)
    }
    const started = context.timer?.now() ?? 0
    for (const check of policy.checks) {
      if (context.isExpired?.()) return { results, isComplete: false, excluded }
      for (const outcome of runCheck(check, policy, subjects)) results.push({ policy, check: check.id, outcome })
    }
    const skipped = strays?.within(policy)
    if (skipped !== undefined) results.push({ policy, check: '', outcome: skipped })
    context.timer?.observe(policy, context.timer.now() - started)
  }
  return { results, isComplete: true, excluded }
}

/** What a policy whose namespace selector needs unknown labels says: nothing, if it has nothing to refuse wherever the object is. */
function unknownLabels(
  policy: CompiledPolicy,
  namespace: string,
  subjects: SubjectCache,
  { unknownNamespaces }: EvaluationContext,
): Outcome | undefined {
  const reason = `its namespaceSelector needs the labels of namespace ${namespace}, which are not known here`
  if (unknownNamespaces === 'skip') return { kind: 'skipped', reason }
  const outcomes = policy.checks.flatMap(check => runCheck(check, policy, subjects))
  const bad = outcomes.find(({ kind }) => kind === 'violation' || kind === 'error')
  if (bad === undefined) return outcomes.find(({ kind }) => kind === 'skipped')
  const what = bad.kind === 'violation' ? bad.findings[0].message : bad.kind === 'error' ? bad.message : ''
  const told = `${reason} (see --namespaces); if it selects the namespace: ${what}`
  // What the policy only warns of or records is not refused wherever it is.
  return { kind: 'skipped', reason: told, ...(policy.actions.includes('Deny') && { isUnjudged: true as const }) }
}

const PASS: readonly Outcome[] = [{ kind: 'pass', warnings: [] }]

function runCheck(check: BoundCheck, policy: CompiledPolicy, subjects: SubjectCache): readonly Outcome[] {
  const { request } = subjects
  const { kind, subResource, object, operation } = request
  if (HARMLESS_SUBRESOURCES.has(subResource) && check.judges !== 'metadata' && !subjects.isRelabelledByStatus())
    return PASS
  // A deletion has no object to judge.
  if (object === null || operation === 'DELETE') return PASS
  if (!subjects.isAmong(check.kinds) && !subjects.isAmong(policy.podTemplates)) {
    const what = [kind.group, kind.kind].filter(Boolean).join('/')
    return [{ kind: 'error', message: `it matches ${what}, which the check ${check.id} cannot judge` }]
  }
  const judged = subjects.judge(check, policy, object)
  if ('oversize' in judged) {
    return [{ kind: 'error', message: `it has ${judged.oversize}, which is more than is judged` }]
  }
  return outcomesOf(judged)
}

/** What a check's result means. */
export function outcomesOf({ findings, skipped }: CheckResult): readonly Outcome[] {
  const outcomes: Outcome[] = []
  const [first, ...rest] = findings
  if (first !== undefined && findings.some(finding => finding.level === 'violation')) {
    outcomes.push({ kind: 'violation', findings: [first, ...rest] })
  } else if (first !== undefined) outcomes.push({ kind: 'pass', warnings: findings })
  if (skipped !== undefined) outcomes.push({ kind: 'skipped', reason: skipped })
  return outcomes.length > 0 ? outcomes : PASS
}

/** The subjects of one request, made once however many checks look at them. */
export class SubjectCache {
  readonly request: AdmissionRequest
  readonly #facts: SubjectFacts
  /** The objects that are too large, and what they have too much of. Nearly always there is none. */
  readonly #oversize = new Map<Subject, string>()
  #asItWas: boolean | undefined
  readonly #among = new Map<readonly GroupKind[], boolean>()
  #isRelabelled: boolean | undefined
  readonly #byTemplates = new Map<CompiledPolicy['podTemplates'], Map<JsonObject, Subject>>()

  constructor(request: AdmissionRequest, facts: SubjectFacts) {
    this.request = request
    this.#facts = facts
  }

  /** Runs a check on the object and, where there is one, on the old object, and tells news from what was known. */
  judge(check: BoundCheck, policy: CompiledPolicy, object: JsonObject): CheckResult | { readonly oversize: string } {
    const { oldObject, operation } = this.request
    const subject = this.subject(policy, object)
    // Only an update has something that stands already: whatever else carries an old object makes something new.
    const old = oldObject === null || operation !== 'UPDATE' ? undefined : this.subject(policy, oldObject)
    const oversize = this.#oversize.get(subject)
    if (oversize !== undefined) {
      return this.#isAsItWas(old)
        ? { findings: [], skipped: `it has ${oversize}, and nothing that is judged changes` }
        : { oversize }
    }
    const result = distinct(check.run(subject), subject)
    if (result.findings.length === 0) return result
    // What was too large to be judged excuses nothing.
    if (old === undefined || this.#oversize.has(old)) return { ...result, findings: told(result.findings) }
    const findings = relaxKnown(result.findings, check.run(old).findings, newsOf(this.request, subject))
    return { ...result, findings: told(findings, isCut(findings) && this.#isAsItWas(old) ? 'warning' : 'violation') }
  }

  /**
   * Whether an update of the status changes labels or annotations, which the API server takes from it. An exception that let the
   * object in may be known by them alone: without them the next update would look like one of an object older than the policy.
   */
  isRelabelledByStatus(): boolean {
    const { subResource, operation, object, oldObject } = this.request
    if (subResource !== 'status' || operation !== 'UPDATE' || object === null || oldObject === null) return false
    this.#isRelabelled ??= ['labels', 'annotations'].some(
      field => !deepEqual(dig(object, 'metadata', field), dig(oldObject, 'metadata', field)),
    )
    return this.#isRelabelled
  }

  /** Whether an update leaves all that is judged: what is too large could otherwise not even be let go. */
  #isAsItWas(old: Subject | undefined): boolean {
    const { object } = this.request
    if (object === null || old === undefined) return false
    this.#asItWas ??= deepEqual(judgedOf(object), judgedOf(old.object))
    return this.#asItWas
  }

  /** Whether the request's kind is in a list of kinds; most checks share one list. */
  isAmong(kinds: readonly GroupKind[]): boolean {
    if (kinds.length === 0) return false
    let isAmong = this.#among.get(kinds)
    if (isAmong === undefined) {
      isAmong = hasKind(kinds, this.request.kind)
      this.#among.set(kinds, isAmong)
    }
    return isAmong
  }

  /** What the checks of a policy see of `object`, which is the request's new or old one. */
  subject(policy: CompiledPolicy, object: JsonObject): Subject {
    const templates = templatesOf(policy)
    const subjects = this.#byTemplates.get(templates) ?? new Map<JsonObject, Subject>()
    this.#byTemplates.set(templates, subjects)
    let subject = subjects.get(object)
    if (subject === undefined) {
      const { request } = this
      const pods = podsOf(request.kind, object, templates) ?? []
      subject = {
        facts: this.#facts,
        request,
        object,
        oldObject: request.oldObject,
        pods: typeof pods === 'string' ? [] : pods,
      }
      subjects.set(object, subject)
      if (typeof pods === 'string') this.#oversize.set(subject, pods)
    }
    return subject
  }
}

/** What an update does not excuse: objects that are made anew, which is all that a bare Pod or a volume can become. */
function newsOf({ kind }: AdmissionRequest, { pods }: Subject): string {
  return kind.kind !== 'Pod' && pods.length > 0 ? 'new pods of this template' : `a new ${kind.kind} like this one`
}

/** Pods that are written in parts may share them: what is found in a part is said once. */
function distinct(result: CheckResult, { pods }: Subject): CheckResult {
  if (result.findings.length < 2 || !pods.some(({ isParts }) => isParts)) return result
  const findings = new Map(result.findings.map(finding => [JSON.stringify([finding.pointer, finding.key]), finding]))
  return { ...result, findings: [...findings.values()] }
}

/** What no check looks at: what the API server notes of an object, and who waits for its end. */
const UNJUDGED: ReadonlySet<string> = new Set([
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generation',
  'managedFields',
  'resourceVersion',
])

function judgedOf(object: JsonObject): JsonObject {
  const { status: _, metadata = {}, ...rest } = object
  const entries = isObject(metadata) ? Object.entries(metadata) : []
  return { ...rest, metadata: Object.fromEntries(entries.filter(([key]) => !UNJUDGED.has(key))) }
}

/** Most policies add no templates of their own: they all share the subject of the empty list. */
function templatesOf({ podTemplates }: CompiledPolicy): CompiledPolicy['podTemplates'] {
  return podTemplates.length === 0 ? NO_TEMPLATES : podTemplates
}

const NO_TEMPLATES: CompiledPolicy['podTemplates'] = []
