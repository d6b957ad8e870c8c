import { encodeAnswer } from '../admission/answer.ts'
import type { ReviewIdentity } from '../admission/parse.ts'
import { bareFacts, type ReviewFacts } from './facts.ts'
import { answerUnjudged, type ReviewPath } from './path.ts'

/** The answer on the wire: HTTP 200 with a review, or HTTP 400 where there is nothing to answer to. */
export interface Reviewed {
  readonly status: 200 | 400
  readonly body: string
  readonly facts: ReviewFacts
}

/** The answer to a review during which an exception was thrown: a bug, whose stack goes to the log and nowhere else. */
export function failed(
  identity: ReviewIdentity | undefined,
  path: ReviewPath,
  error: unknown,
  setHash: string,
): Reviewed {
  const message = 'internal error while the request was judged; the gateway has logged it'
  const reviewed =
    identity === undefined
      ? unanswerable(message, path, setHash)
      : unjudged(identity, path, { code: 500, message }, setHash)
  const failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { ...reviewed, facts: { ...reviewed.facts, failure } }
}

/** The answer to a body that names no uid. */
export function unanswerable(reason: string, path: ReviewPath, setHash: string): Reviewed {
  return { status: 400, body: `${reason}\n`, facts: bareFacts(path, 'unjudged', 400, setHash) }
}

/** The answer by path to what could not be judged. */
export function unjudged(
  identity: ReviewIdentity,
  path: ReviewPath,
  denial: { readonly code: 400 | 413 | 429 | 500 | 504; readonly message: string },
  setHash: string,
): Reviewed {
  const answer = answerUnjudged(path, denial, { warnings: [], auditAnnotations: { 'policy-set': setHash } })
  const facts = bareFacts(path, 'unjudged', denial.code, setHash)
  return { status: 200, body: encodeAnswer(identity, answer), facts }
}

/** What a caller is told whose time ran out. */
export const DEADLINE = {
  code: 504,
  message: 'evaluation deadline: the request could not be judged in the time that the caller allows',
} as const
