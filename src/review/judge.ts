import { type Answer, encodeAnswer } from '../admission/answer.ts'
import type { ReviewIdentity } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { type Decision, decide, observed, strictestAction } from '../policy/decide.ts'
import { type Evaluated, evaluate } from '../policy/evaluate.ts'
import type { OwnerAnswer } from '../workload/owner.ts'
import { brokenGlass } from './broken-glass.ts'
import { type ReviewContext, type ReviewInput, subjectFacts } from './context.ts'
import { bareFacts, type ReviewFacts, requestFacts } from './facts.ts'
import { denialOf, remarksOf } from './message.ts'
import { asks } from './path.ts'
import { describeRollouts, lateFacts, type RolloutFact, rolloutFacts } from './rollouts.ts'
import { DEADLINE, type Reviewed, unjudged } from './unjudged.ts'

/** Asks the policies of this path, and answers. */
export function judge(
  input: ReviewInput,
  identity: ReviewIdentity,
  request: AdmissionRequest,
  context: ReviewContext,
  owner: OwnerAnswer | undefined,
): Reviewed {
  const { set, namespaceLabels, monotonic } = context
  const facts = subjectFacts(context, owner)
  const durations: ReviewFacts['durations'][number][] = []
  const unknownNamespaces: ReviewFacts['unknownNamespaces'][number][] = []
  const onUnknownNamespace = ({ kind, name }: { readonly kind: string; readonly name: string }) => {
    if (unknownNamespaces.some(known => known.kind === kind && known.name === name)) return
    unknownNamespaces.push({ kind, name })
  }
  const isExpired = () => monotonic() >= input.deadline
  const { results, isComplete } = evaluate(set, request, {
    namespaceLabels,
    facts,
    unknownNamespaces: 'apply',
    selects: policy => asks(input, strictestAction(policy) === 'Deny', policy.failurePolicy),
    isExpired,
    onUnknownNamespace,
    timer: {
      now: () => monotonic() / 1000,
      observe: (policy, seconds) => durations.push({ policy: policy.name, seconds }),
    },
  })
  if (!isComplete || isExpired()) {
    const reviewed = unjudged(identity, input.path, DEADLINE, set.hash)
    const rollouts = lateFacts(results.map(({ policy }) => policy))
    return { ...reviewed, facts: { ...reviewed.facts, request: requestFacts(request), durations, rollouts } }
  }
  const decided = decide(results, set, request, { namespaceLabels, now: facts.now, onUnknownNamespace })
  const decision = input.isObserving ? observed(decided) : decided
  const rollouts = rolloutFacts(results, decision)
  const answer = answerOf(decision, request, set.hash, rollouts)
  return {
    status: 200,
    body: encodeAnswer(identity, answer),
    facts: {
      ...bareFacts(
        input.path,
        isUnjudged(decision) ? 'unjudged' : answer.kind,
        answer.kind === 'denied' ? answer.code : 200,
        set.hash,
      ),
      request: requestFacts(request),
      decisions: decisionFacts(decision, results),
      durations,
      unknownNamespaces,
      ...(decision.skipped.some(({ isUnjudged }) => isUnjudged === true) && { hasUnjudgedPods: true as const }),
      breakGlass: brokenGlass(decision),
      rollouts,
      expiredExceptions: decision.expired.map(({ exception }) => exception),
    },
  }
}

/** Whether policies that could not judge are all there is to say, however the request was answered for it. */
function isUnjudged({ denials, wouldDeny, errors, ignoredErrors }: Decision): boolean {
  return denials.length + wouldDeny.length === 0 && errors.length + ignoredErrors.length > 0
}

function answerOf(
  decision: Decision,
  request: AdmissionRequest,
  setHash: string,
  rollouts: readonly RolloutFact[],
): Answer {
  const said = remarksOf(decision, setHash)
  const remarks =
    rollouts.length === 0
      ? said
      : { ...said, auditAnnotations: { ...said.auditAnnotations, rollouts: describeRollouts(rollouts) } }
  return decision.allowed
    ? { kind: 'allowed', ...remarks }
    : { kind: 'denied', ...denialOf(decision, request), ...remarks }
}

function decisionFacts(decision: Decision, results: readonly Evaluated[]): ReviewFacts['decisions'] {
  const facts = new Map<string, ReviewFacts['decisions'][number]>()
  const spoke = new Set<string>()
  const note = (policy: string, action: ReviewFacts['decisions'][number]['action']) => {
    spoke.add(policy)
    facts.set(`${action} ${policy}`, { policy, action })
  }
  for (const list of [decision.denials, decision.warnings, decision.audits]) {
    for (const { policy, action } of list) note(policy, action)
  }
  for (const { policy } of decision.wouldDeny) note(policy, 'WouldDeny')
  for (const { policy } of decision.shadowed) note(policy, 'Staged')
  for (const { policy } of decision.exempt) note(policy, 'Exempt')
  for (const { policy } of decision.skipped) note(policy, 'Skipped')
  for (const list of [decision.errors, decision.ignoredErrors]) for (const { policy } of list) note(policy, 'Error')
  for (const { policy } of results) if (!spoke.has(policy.name)) note(policy.name, 'Pass')
  return [...facts.values()]
}
