import type { FastifyBaseLogger } from 'fastify'
import type { ReviewFacts } from '../review/review.ts'

/** Writes one line for each decision: what was asked and what followed, never what the object holds. */
export function logReview(logger: FastifyBaseLogger, facts: ReviewFacts, seconds: number): void {
  // Most reviews are allowed, and most gateways log no more than denials: nothing is put together for those.
  if (facts.result === 'allowed' && logger.level !== 'debug' && logger.level !== 'trace') return
  const { path, result, code, request, setHash, decisions, failure } = facts
  const fields = { path, result, code, policySet: setHash, seconds: Number(seconds.toFixed(6)), ...request, decisions }
  if (failure !== undefined) logger.error({ ...fields, failure }, 'review failed')
  else if (result === 'unjudged') logger.warn(fields, 'review not judged')
  else if (result === 'denied') logger.info(fields, 'denied')
  else logger.debug(fields, result)
}
