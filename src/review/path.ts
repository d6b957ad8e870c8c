import type { Answer, Denial, Remarks } from '../admission/answer.ts'

/**
 * What a webhook is registered for: `/validate` carries what denies, `/observe` what only warns or audits, `/mutate`
 * the injections, `/documents` the documents of our own.
 */
export type ReviewPath = 'validate' | 'observe' | 'mutate' | 'documents'

const NO_REMARKS: Remarks = { warnings: [], auditAnnotations: {} }

/** Which policies a webhook asks: those that deny (all, or of one `failurePolicy`), the others, or every one. */
type Asked = 'deny' | 'deny-fail' | 'deny-ignore' | 'other' | 'all'

/** One URL of the admission listener. Plain data: it crosses threads. */
export interface Endpoint {
  readonly path: ReviewPath
  readonly policies: Asked
  /** Whether it only says what it would have done. */
  readonly isObserving: boolean
}

const endpoint = (path: ReviewPath, policies: Asked, isObserving = false): Endpoint => ({ path, policies, isObserving })

/**
 * Everything that can be registered, by its URL. What stands under `/observe/` can never block and never changes anything:
 * it answers what its namesake would have done. `/observe/all` asks every policy, for a cluster that is only looked at.
 */
export const ENDPOINTS = {
  validate: endpoint('validate', 'deny'),
  'validate/fail': endpoint('validate', 'deny-fail'),
  'validate/ignore': endpoint('validate', 'deny-ignore'),
  observe: endpoint('observe', 'other'),
  'observe/all': endpoint('observe', 'all', true),
  'observe/validate': endpoint('observe', 'deny', true),
  'observe/validate/fail': endpoint('observe', 'deny-fail', true),
  'observe/validate/ignore': endpoint('observe', 'deny-ignore', true),
  mutate: endpoint('mutate', 'other'),
  'observe/mutate': endpoint('mutate', 'other', true),
  documents: endpoint('documents', 'other'),
} as const satisfies Readonly<Record<string, Endpoint>>
export type EndpointName = keyof typeof ENDPOINTS

/** What answers in place of an endpoint while the emergency brake is on: the same question, with no consequence. */
export function braked(name: EndpointName): Endpoint {
  const observing = `observe/${name}`
  return Object.hasOwn(ENDPOINTS, observing) ? ENDPOINTS[observing as EndpointName] : ENDPOINTS[name]
}

/** Whether an endpoint asks a policy that acts like this. */
export function asks({ policies }: Endpoint, denies: boolean, failurePolicy: 'Fail' | 'Ignore'): boolean {
  switch (policies) {
    case 'all':
      return true
    case 'other':
      return !denies
    case 'deny':
      return denies
    case 'deny-fail':
      return denies && failurePolicy === 'Fail'
    case 'deny-ignore':
      return denies && failurePolicy === 'Ignore'
  }
}

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
