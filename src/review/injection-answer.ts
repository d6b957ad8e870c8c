import type { Remarks } from '../admission/answer.ts'
import type { InjectionOutcome, InjectionPlan, InjectionResult, RequestReason } from '../injection/outcome.ts'
import type { InjectionFact } from './facts.ts'
import type { Injected, InjectionContext } from './inject.ts'
import { type RolloutFact, rolloutFact } from './rollouts.ts'

/** Results that nobody asked about: they are counted, and not said to the user. */
const SILENT: ReadonlySet<InjectionResult | RequestReason> = new Set([
  'injected',
  'complete',
  'kept',
  'excluded-namespace',
  'ignored-namespace',
  'mirror-pod',
  'not-triggered',
  'other-labels',
  'other-pod',
  'other-namespace',
  'other-stage',
])

/** What follows for the request, without what is said about it. */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied'; readonly code: 403; readonly message: string }
  | { readonly kind: 'patched'; readonly patch: InjectionPlan['operations'] }

/** The answer to a plan and the facts about it; `proofFailures` is for the caller to fill in. */
export function injectedOf({ outcomes }: InjectionPlan, context: InjectionContext, verdict: Verdict): Injected {
  return {
    answer: { ...verdict, ...remarksOf(outcomes, context) },
    outcomes: outcomes.map(({ injection, result }) => outcomeFact(injection.name, injection.generic?.prefix, result)),
    drift: outcomes.flatMap(({ injection, notes }) =>
      notes.filter(({ kind }) => kind === 'drift').map(() => injection.name),
    ),
    proofFailures: [],
    rollouts: outcomes.flatMap(({ injection, result }) => {
      const meaning = ROLLOUT_RESULTS.get(result)
      return (meaning && rolloutFact(injection, meaning)) ?? []
    }),
  }
}

/** What a result says about the version of an injection; nothing where the pod was none of its. */
const ROLLOUT_RESULTS: ReadonlyMap<InjectionResult, RolloutFact['result']> = new Map([
  ['injected', 'passed'],
  ['partial', 'passed'],
  ['complete', 'passed'],
  ['kept', 'passed'],
  ['no-container', 'passed'],
  ['observed', 'passed'],
  ['conflict', 'violated'],
  ['missing-volume', 'violated'],
  ['annotations-full', 'violated'],
  ['render-failed', 'error'],
  ['proof-failed', 'error'],
])

/** What is counted and logged of one injection. */
export function outcomeFact(
  injection: string,
  prefix: string | undefined,
  result: InjectionResult | RequestReason,
): InjectionFact {
  return { injection, ...(prefix !== undefined && { prefix }), result }
}

/** The warnings, and the audit annotations that say which documents decided and what became of the pod. */
export function remarksOf(outcomes: readonly InjectionOutcome[], { injections, set }: InjectionContext): Remarks {
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
