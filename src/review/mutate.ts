import { encodeAnswer } from '../admission/answer.ts'
import type { ReviewIdentity } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import type { OwnerAnswer } from '../workload/owner.ts'
import { type ReviewContext, type ReviewInput, subjectFacts } from './context.ts'
import { bareFacts, requestFacts } from './facts.ts'
import { inject } from './inject.ts'
import { rehearsed } from './rehearse.ts'
import { DEADLINE, type Reviewed, unjudged } from './unjudged.ts'

/** Injects, and answers. Too late is not at all: the caller has gone on without the patch. */
export function mutate(
  input: ReviewInput,
  identity: ReviewIdentity,
  request: AdmissionRequest,
  context: ReviewContext,
  owner: OwnerAnswer | undefined,
): Reviewed {
  const { set, injections, namespaceLabels, monotonic } = context
  const facts = subjectFacts(context, owner)
  // Half of the time that is left is for the search, which costs a plan and a proof for each injection.
  const searchEnd = (monotonic() + input.deadline) / 2
  const injected = inject(request, {
    injections,
    set,
    namespaceLabels,
    facts,
    hasTime: () => monotonic() < searchEnd,
    ...(owner?.kind === 'found' && { ownerKeys: new Set(owner.selector.map(({ key }) => key)) }),
  })
  const { answer, outcomes, drift, rollouts, proofFailures } = input.isObserving ? rehearsed(injected) : injected
  if (monotonic() >= input.deadline) {
    const reviewed = unjudged(identity, input.path, DEADLINE, set.hash)
    const late = rollouts.map(fact => ({ ...fact, result: 'error' as const }))
    return { ...reviewed, facts: { ...reviewed.facts, request: requestFacts(request), rollouts: late } }
  }
  return {
    status: 200,
    body: encodeAnswer(identity, answer),
    facts: {
      ...bareFacts(input.path, answer.kind, answer.kind === 'denied' ? answer.code : 200, set.hash),
      request: requestFacts(request),
      unknownNamespaces: outcomes
        .filter(({ result }) => result === 'unknown-namespace')
        .map(({ injection }) => ({ kind: 'SidecarInjection', name: injection })),
      injections: outcomes,
      drift,
      rollouts,
      proofFailures,
    },
  }
}
