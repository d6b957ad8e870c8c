import type { Answer, Remarks } from '../admission/answer.ts'
import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import type { SubjectFacts } from '../checks/check.ts'
import type { InjectionOutcome, InjectionPlan, InjectionResult, RequestReason } from '../injection/outcome.ts'
import { type InjectionPorts, type InjectionSet, planInjections } from '../injection/plan.ts'
import type { JsonObject } from '../json/value.ts'
import type { PolicySet } from '../policy/set.ts'
import type { InjectionFact, ProofFailure } from './facts.ts'
import { podSecurityWarnings } from './pod-security.ts'
import { proveInjection } from './prove.ts'

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
])

/** Injects into a pod that is about to be created, or says why there is nothing to inject. */
export function inject(request: AdmissionRequest, context: InjectionContext): Injected {
  const { injections } = context
  const pod = createdPod(request)
  if (typeof pod === 'string') {
    const outcomes = injections.injections.map(({ name, generic }) => outcomeFact(name, generic?.prefix, pod))
    const remarks = remarksOf([], context)
    const auditAnnotations =
      outcomes.length === 0 ? remarks.auditAnnotations : { ...remarks.auditAnnotations, 'not-injected': pod }
    return { answer: { kind: 'allowed', ...remarks, auditAnnotations }, outcomes, drift: [] }
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
  }
}

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
