import type { ParsedReview } from '../admission/parse.ts'
import type { OwnerAnswer } from '../workload/owner.ts'
import type { ReviewContext, ReviewInput } from './context.ts'
import { decodeReview, readIdentity } from './decode.ts'
import { admitDocument } from './documents.ts'
import { requestFacts } from './facts.ts'
import { judge } from './judge.ts'
import { mutate } from './mutate.ts'
import { lookUpNamespace } from './namespace.ts'
import { lookUpOwner } from './owner.ts'
import { failed, type Reviewed, unanswerable, unjudged } from './unjudged.ts'

/**
 * Answers one review: at once, or later where the owner of a pod or its namespace has to be asked for. Never throws and never rejects:
 * whatever happens inside becomes an answer by path, in an HTTP 200 with the request's uid, because anything else means
 * "allow" to a webhook that was registered with `failurePolicy: Ignore`.
 */
export function review(input: ReviewInput, context: ReviewContext): Reviewed | Promise<Reviewed> {
  let parsed: ParsedReview | undefined
  try {
    parsed = decodeReview(input.body)
    if (parsed.kind === 'unanswerable') return unanswerable(parsed.reason, input.path, context.set.hash)
    if (parsed.kind === 'refused') {
      return unjudged(parsed.identity, input.path, { code: 400, message: parsed.reason }, context.set.hash)
    }
    const { identity, request } = parsed
    if (input.path === 'documents') return admitDocument(input, identity, request, context)
    const answer = (owner: OwnerAnswer | undefined, known = context) =>
      (input.path === 'mutate' ? mutate : judge)(input, identity, request, known, owner)
    const owner = lookUpOwner(request, input, context)
    const labels = lookUpNamespace(request, input, context)
    if (labels === undefined && !(owner instanceof Promise)) return answer(owner)
    return Promise.all([owner, labels])
      .then(([found, namespaceLabels]) =>
        answer(found, namespaceLabels === undefined ? context : { ...context, namespaceLabels }),
      )
      .catch((error: unknown) => afterFailure(parsed, error, input, context))
  } catch (error) {
    return afterFailure(parsed, error, input, context)
  }
}

function afterFailure(
  parsed: ParsedReview | undefined,
  error: unknown,
  input: ReviewInput,
  context: ReviewContext,
): Reviewed {
  const identity = parsed !== undefined && 'identity' in parsed ? parsed.identity : readIdentity(input.body)
  const reviewed = failed(identity, input.path, error, context.set.hash)
  if (parsed?.kind !== 'request') return reviewed
  return { ...reviewed, facts: { ...reviewed.facts, request: requestFacts(parsed.request) } }
}
