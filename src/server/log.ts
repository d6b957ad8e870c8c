import type { FastifyBaseLogger } from 'fastify'
import type { ReviewFacts } from '../review/facts.ts'

/** Writes one line for each decision: what was asked and what followed, never what the object holds, but for the
 * reason that breaks the glass. */
export function logReview(logger: FastifyBaseLogger, facts: ReviewFacts, seconds: number): void {
  const isFine =
    (facts.result === 'allowed' || facts.result === 'patched') &&
    facts.proofFailures.length === 0 &&
    facts.breakGlass.length === 0
  // Most reviews are, and most gateways log no more than the others: nothing is put together for those.
  if (isFine && logger.level !== 'debug' && logger.level !== 'trace') return
  const { path, result, code, request, setHash, decisions, breakGlass, injections, proofFailures, failure } = facts
  const fields = {
    path,
    result,
    code,
    policySet: setHash,
    seconds: Number(seconds.toFixed(6)),
    ...request,
    decisions,
    injections,
    ...(breakGlass.length > 0 && { breakGlass }),
  }
  if (failure !== undefined) logger.error({ ...fields, failure }, 'review failed')
  else if (proofFailures.length > 0)
    logger.error({ ...fields, proofFailures }, 'an injection was left out: its patch was not proven harmless')
  else if (result === 'unjudged') logger.warn(fields, 'review not judged')
  else if (breakGlass.length > 0) logger.warn(fields, 'a break-glass exception was used')
  else if (result === 'denied') logger.info(fields, 'denied')
  else logger.debug(fields, result)
}
