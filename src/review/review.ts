import type { ParsedReview } from '../admission/parse.ts'
import type { ReviewContext, ReviewInput } from './context.ts'
import { decodeReview, readIdentity } from './decode.ts'
import { requestFacts } from './facts.ts'
import { judge } from './judge.ts'
import { mutate } from './mutate.ts'
import { failed, type Reviewed, unanswerable, unjudged } from './unjudged.ts'

/**
 * Answers one review. Never throws: whatever happens inside becomes an answer by path, in an HTTP 200 with the
 * request's uid, because anything else means "allow" to a webhook that was registered with `failurePolicy: Ignore`.
 */
export function review(input: ReviewInput, context: ReviewContext): Reviewed {
  let parsed: ParsedReview | undefined
  try {
    parsed = decodeReview(input.body)
    if (parsed.kind === 'unanswerable') return unanswerable(parsed.reason, input.path, context.set.hash)
    if (parsed.kind === 'refused') {
      return unjudged(parsed.identity, input.path, { code: 400, message: parsed.reason }, context.set.hash)
    }
    const answer = input.path === 'mutate' ? mutate : judge
    return answer(input, parsed.identity, parsed.request, context)
  } catch (error) {
    const identity = parsed !== undefined && 'identity' in parsed ? parsed.identity : readIdentity(input.body)
    const reviewed = failed(identity, input.path, error, context.set.hash)
    if (parsed?.kind !== 'request') return reviewed
    return { ...reviewed, facts: { ...reviewed.facts, request: requestFacts(parsed.request) } }
  }
}
