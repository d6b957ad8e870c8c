import type { Answer, Remarks } from '../admission/answer.ts'
import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { counted, shorten } from '../admission/text.ts'
import type { SubjectFacts } from '../checks/check.ts'
import type { Injection } from '../injection/injection.ts'
import type { InjectionOutcome, InjectionPlan, InjectionResult, RequestReason } from '../injection/outcome.ts'
import { asIfInForce, injectionsAt, shadowsAt } from '../injection/placed.ts'
import { type InjectionPorts, type InjectionSet, planInjections } from '../injection/plan.ts'
import type { JsonObject } from '../json/value.ts'
import { placeOf } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'
import type { InjectionFact, ProofFailure } from './facts.ts'
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
}

/** What became of every injection, and what follows for the request. */
export interface Injected {
  readonly answer: Answer
  readonly outcomes: readonly InjectionFact[]
  /** Items that were injected once and changed since, by the injection. */
  readonly drift: readonly string[]
  readonly proofFailure?: ProofFailure
  /** What each version of an injection that is being rolled out made of the pod. */
  readonly rollouts: readonly RolloutFact[]
}

/** Results that nobody asked about: they are counted, and not said to the user. */
const SILENT: ReadonlySet<InjectionResult | RequestReason> = new Set([
  'injected',
  'complete',
  'excluded-namespace',
  'ignored-namespace',
  'mirror-pod',
  'not-triggered',
  'other-labels',
  'other-namespace',
  'other-stage',
])

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
    if (outcome.result !== 'injected') return { outcome, fact, summary: undefined }
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
    return { answer: { kind: 'allowed', ...remarks, auditAnnotations }, outcomes, drift: [], rollouts: [] }
  }
  const plan = planInjections({ pod, namespace: request.namespace }, injections, context)
  if (plan.denial !== undefined) {
    const { injection, message } = plan.denial
    return injectedOf(plan, context, {
      kind: 'denied',
      code: 403,
      message: `${describeObject(request)} is refused by injection ${injection.name}: ${message}`,
    })
  }
  if (plan.operations.length === 0) return injectedOf(plan, context, { kind: 'allowed' })
  const proof = proveInjection(request, pod, plan.operations, context)
  if (!proof.ok) return withheld(request, plan, context, proof)
  const injected = injectedOf(plan, context, { kind: 'patched', patch: plan.operations })
  const warnings = [...injected.answer.warnings, ...podSecurityWarnings(request, pod, proof.patched, context)]
  return { ...injected, answer: { ...injected.answer, warnings } }
}

/** The pod, or why the request is none that anything is injected into. */
function createdPod({ kind, resource, subResource, operation, object }: AdmissionRequest): JsonObject | RequestReason {
  if (kind.kind !== 'Pod' || kind.group !== '' || resource.resource !== 'pods') return 'not-a-pod'
  if (subResource !== '') return 'subresource'
  return operation === 'CREATE' && object !== null ? object : 'not-a-creation'
}

/** A patch that is not proven never leaves: the pod goes without, or is refused where the injection says so. */
function withheld(
  request: AdmissionRequest,
  plan: InjectionPlan,
  context: InjectionContext,
  failure: ProofFailure,
): Injected {
  const message = `nothing was injected: the patch was not proven harmless (${failure.message})`
  const outcomes = plan.outcomes.map(
    (outcome): InjectionOutcome =>
      outcome.result === 'injected'
        ? { ...outcome, result: 'proof-failed', notes: [{ kind: 'failed', message }] }
        : outcome,
  )
  const strict = plan.outcomes.find(({ injection, result }) => result === 'injected' && injection.onFailure === 'Deny')
  const answer: Verdict =
    strict === undefined
      ? { kind: 'allowed' }
      : {
          kind: 'denied',
          code: 403,
          message: `${describeObject(request)} is refused by injection ${strict.injection.name}: ${message}`,
        }
  return { ...injectedOf({ ...plan, outcomes }, context, answer), proofFailure: failure }
}

type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly code: 403; readonly message: string }
  | { readonly kind: 'patched'; readonly patch: InjectionPlan['operations'] }

function injectedOf({ outcomes }: InjectionPlan, context: InjectionContext, verdict: Verdict): Injected {
  return {
    answer: { ...verdict, ...remarksOf(outcomes, context) },
    outcomes: outcomes.map(({ injection, result }) => outcomeFact(injection.name, injection.generic?.prefix, result)),
    drift: outcomes.flatMap(({ injection, notes }) =>
      notes.filter(({ kind }) => kind === 'drift').map(() => injection.name),
    ),
    rollouts: outcomes.flatMap(({ injection, result }) => {
      const meaning = ROLLOUT_RESULTS.get(result)
      return (meaning && rolloutFact(injection, meaning)) ?? []
    }),
  }
}

/** What a result says about the version of an injection; nothing where the pod was none of its. */
const ROLLOUT_RESULTS: ReadonlyMap<InjectionResult, RolloutFact['result']> = new Map([
  ['injected', 'passed'],
  ['complete', 'passed'],
  ['observed', 'passed'],
  ['conflict', 'violated'],
  ['missing-volume', 'violated'],
  ['annotations-full', 'violated'],
  ['render-failed', 'error'],
  ['proof-failed', 'error'],
])

function outcomeFact(
  injection: string,
  prefix: string | undefined,
  result: InjectionResult | RequestReason,
): InjectionFact {
  return { injection, ...(prefix !== undefined && { prefix }), result }
}

function remarksOf(outcomes: readonly InjectionOutcome[], { injections, set }: InjectionContext): Remarks {
  const annotations: Record<string, string> = { 'policy-set': set.hash }
  if (injections.injections.length > 0) annotations['injection-set'] = injections.hash
  const named = (list: readonly InjectionOutcome[], describe: (outcome: InjectionOutcome) => string) =>
    list.map(describe).join('; ')
  const injected = outcomes.filter(({ result }) => result === 'injected')
  const missed = outcomes.filter(({ result }) => !SILENT.has(result))
  if (injected.length > 0) annotations['injected'] = named(injected, ({ injection }) => injection.name)
  if (missed.length > 0) {
    annotations['not-injected'] = named(missed, ({ injection, result }) => `${injection.name}: ${result}`)
  }
  return {
    warnings: outcomes.flatMap(({ injection, notes }) =>
      notes.map(({ message }) => `injection ${injection.name}: ${message}`),
    ),
    auditAnnotations: annotations,
  }
}
