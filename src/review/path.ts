import type { Answer, Denial, Remarks } from '../admission/answer.ts'

/**
 * What a webhook is registered for: `/validate` carries what denies, `/observe` what only warns or audits, `/mutate`
 * the injections, `/documents` the documents of our own.
 */
export const REVIEW_PATHS = ['validate', 'observe', 'mutate', 'documents'] as const
export type ReviewPath = (typeof REVIEW_PATHS)[number]

const NO_REMARKS: Remarks = { warnings: [], auditAnnotations: {} }

/**
 * The answer to what could not be judged (deadline, over capacity, too large, an exception): the paths that deny
 * deny; those that observe or inject can never block, and say so.
 */
export function answerUnjudged(path: ReviewPath, denial: Denial, remarks: Remarks = NO_REMARKS): Answer {
  const { warnings } = remarks
  const auditAnnotations = { ...remarks.auditAnnotations, unjudged: denial.message }
  if (path === 'validate' || path === 'documents') return { kind: 'denied', ...denial, warnings, auditAnnotations }
  return { kind: 'allowed', warnings: [...warnings, `not judged: ${denial.message}`], auditAnnotations }
}
