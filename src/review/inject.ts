import type { Answer } from '../admission/answer.ts'
import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { counted, shorten } from '../admission/text.ts'
import type { SubjectFacts } from '../checks/check.ts'
import type { Injection } from '../injection/injection.ts'
import { type InjectionOutcome, type InjectionPlan, mayAdd, type RequestReason } from '../injection/outcome.ts'
import { asIfInForce, injectionsAt, shadowsAt } from '../injection/placed.ts'
import { type InjectionPorts, type InjectionSet, planInjections } from '../injection/plan.ts'
import type { JsonObject } from '../json/value.ts'
import { placeOf } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'
import type { BrokenInvariant, InjectionFact, ProofFailure } from './facts.ts'
import { injectedOf, outcomeFact, remarksOf, type Verdict } from './injection-answer.ts'
import { isolateCulprits } from './isolate.ts'
import { podSecurityWarnings } from './pod-security.ts'
import { proveInjection } from './prove.ts'
import { describeRollouts, type RolloutFact, rolloutFact } from './rollouts.ts'

/** What decides an injection, and what others know about the pod. */
export interface InjectionContext extends InjectionPorts {
  /** The injections that may be made. */
  readonly injections: InjectionSet
  /** The policies that the patched pod must not offend where the pod did not. */
  readonly set: PolicySet
  readonly facts: SubjectFacts
  /** Whether there is time to look for the injection that is at fault; there always is unless given. */
  readonly hasTime?: () => boolean
}

/** What became of every injection, and what follows for the request. */
export interface Injected {
  readonly answer: Answer
  readonly outcomes: readonly InjectionFact[]
  /** Items that were injected once and changed since, by the injection. */
  readonly drift: readonly string[]
  /** The injections that were left out because their patch was not proven harmless. */
  readonly proofFailures: readonly ProofFailure[]
  /** What each version of an injection that is being rolled out made of the pod. */
  readonly rollouts: readonly RolloutFact[]
}

/**
 * Injects into a pod that is about to be created, or says why there is nothing to inject: what is in force there. What is not in force yet
 * is planned beside it, and changes nothing.
 */
export function inject(request: AdmissionRequest, context: InjectionContext): Injected {
  const place = () => placeOf(request, context.namespaceLabels)
  const { here, away } = injectionsAt(context.injections, place)
  const injected = injectHere(request, { ...context, injections: here })
  const shadows = shadowsAt(context.injections, place)
  if (away.length === 0 && shadows.length === 0 && here === context.injections) return injected
  const watched = shadows.flatMap(shadow => rehearseShadow(request, { ...context, injections: here }, shadow) ?? [])
  const rollouts = [...injected.rollouts, ...watched.map(({ fact }) => fact)]
  const told = watched.flatMap(({ summary }) => summary ?? [])
  const auditAnnotations = {
    ...injected.answer.auditAnnotations,
    ...(told.length > 0 && { staged: told.join('; ') }),
    ...(rollouts.length > 0 && { rollouts: describeRollouts(rollouts) }),
  }
  return {
    ...injected,
    answer: { ...injected.answer, auditAnnotations },
    outcomes: [
      ...injected.outcomes,
      ...away.map(({ injection, result }) => outcomeFact(injection.name, undefined, result)),
      ...watched.map(({ outcome }) => outcome),
    ],
    rollouts,
  }
}

/** Something that is planned and proven where it is not in force. */
interface Watched {
  readonly outcome: InjectionFact
  readonly fact: RolloutFact
  /** What would have been added; undefined where nothing would. */
  readonly summary: string | undefined
}

/** What a shadow would have done. Whatever goes wrong in it is told, and touches nothing else. */
function rehearseShadow(request: AdmissionRequest, context: InjectionContext, shadow: Injection): Watched | undefined {
  try {
    const injected = injectHere(request, { ...context, injections: asIfInForce(context.injections, shadow) })
    const outcome = injected.outcomes.find(({ injection }) => injection === shadow.name)
    const fact = injected.rollouts.find(({ role }) => role === 'shadow')
    if (outcome === undefined || fact === undefined) return undefined
    if (!mayAdd(outcome.result) || injected.answer.kind !== 'patched') return { outcome, fact, summary: undefined }
    const added = injected.answer.kind === 'patched' ? injected.answer.patch.map(({ path }) => path) : []
    const summary = `${fact.version}: ${counted(added.length, 'operation')}: ${added.join(', ')}`
    return { outcome: { ...outcome, result: 'staged' }, fact, summary: shorten(summary, MAX_SUMMARY) }
  } catch {
    const fact = rolloutFact(shadow, 'error')
    return fact && { outcome: outcomeFact(shadow.name, undefined, 'render-failed'), fact, summary: undefined }
  }
}

const MAX_SUMMARY = 1024

function injectHere(request: AdmissionRequest, context: InjectionContext): Injected {
  const { injections } = context
  const pod = createdPod(request)
  if (typeof pod === 'string') {
    const outcomes = injections.injections.map(({ name, generic }) => outcomeFact(name, generic?.prefix, pod))
    const remarks = remarksOf([], context)
    const auditAnnotations =
      outcomes.length === 0 ? remarks.auditAnnotations : { ...remarks.auditAnnotations, 'not-injected': pod }
    const answer = { kind: 'allowed', ...remarks, auditAnnotations } as const
    return { answer, outcomes, drift: [], proofFailures: [], rollouts: [] }
  }
  const plan = planInjections({ pod, namespace: request.namespace }, injections, context)
  if (plan.denial !== undefined || plan.operations.length === 0) return answered(request, pod, plan, undefined, context)
  const proof = proveInjection(request, pod, plan.operations, context)
  return proof.ok
    ? answered(request, pod, plan, proof.patched, context)
    : withoutCulprits(request, pod, plan, context, proof)
}

/** @param patched the pod with the patch, which is proven; undefined if the plan has no patch. */
function answered(
  request: AdmissionRequest,
  pod: JsonObject,
  plan: InjectionPlan,
  patched: JsonObject | undefined,
  context: InjectionContext,
): Injected {
  if (plan.denial !== undefined) {
    return injectedOf(plan, context, refusal(request, plan.denial.injection, plan.denial.message))
  }
  if (patched === undefined) return injectedOf(plan, context, { kind: 'allowed' })
  const injected = injectedOf(plan, context, { kind: 'patched', patch: plan.operations })
  const warnings = [...injected.answer.warnings, ...podSecurityWarnings(request, pod, patched, context)]
  return { ...injected, answer: { ...injected.answer, warnings } }
}

function refusal(request: AdmissionRequest, { name }: Injection, message: string): Verdict {
  return {
    kind: 'denied',
    code: 403,
    message: `${describeObject(request)} is refused by injection ${name}: ${message}`,
  }
}

/** The pod, or why the request is none that anything is injected into. */
function createdPod({ kind, resource, subResource, operation, object }: AdmissionRequest): JsonObject | RequestReason {
  if (kind.kind !== 'Pod' || kind.group !== '' || resource.resource !== 'pods') return 'not-a-pod'
  if (subResource !== '') return 'subresource'
  return operation === 'CREATE' && object !== null ? object : 'not-a-creation'
}

/**
 * A patch that is not proven never leaves. The injections at fault are left out, or the pod is refused if one of them says so; the
 * others are made.
 */
function withoutCulprits(
  request: AdmissionRequest,
  pod: JsonObject,
  whole: InjectionPlan,
  context: InjectionContext,
  failure: BrokenInvariant,
): Injected {
  const contextOf = (some: readonly Injection[]) => ({
    ...context,
    injections: { ...context.injections, injections: some },
  })
  const { plan, patched, culprits } = isolateCulprits(context.injections.injections, whole, failure, {
    plan: some => planInjections({ pod, namespace: request.namespace }, contextOf(some).injections, context),
    prove: ({ operations }, some) => proveInjection(request, pod, operations, contextOf(some)),
    hasTime: context.hasTime ?? (() => true),
  })
  const why = (injection: Injection) =>
    `nothing was injected: the patch was not proven harmless (${culprits.get(injection)?.message})`
  const strict = [...culprits.keys()].find(({ onFailure }) => onFailure === 'Deny')
  const denial = plan.denial ?? (strict && { injection: strict, message: why(strict) })
  const outcomes = plan.outcomes.map((outcome): InjectionOutcome => {
    const { injection, result } = outcome
    if (culprits.has(injection))
      return { injection, result: 'proof-failed', notes: [{ kind: 'failed', message: why(injection) }] }
    return denial !== undefined && mayAdd(result) ? { ...outcome, result: 'withheld' } : outcome
  })
  const settled: InjectionPlan = { ...plan, outcomes, ...(denial !== undefined && { denial }) }
  const proofFailures = [...culprits].map(([{ name }, { invariant, message, operation }]) => {
    return { injection: name, invariant, message, ...(operation !== undefined && { operation }) }
  })
  return { ...answered(request, pod, settled, patched, context), proofFailures }
}
