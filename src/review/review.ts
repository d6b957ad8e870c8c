import { type Answer, encodeAnswer } from '../admission/answer.ts'
import type { ParsedReview, ReviewIdentity } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import type { Action } from '../policy/compile.ts'
import { type Decision, decide, strictestAction } from '../policy/decide.ts'
import { type Evaluated, evaluate } from '../policy/evaluate.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { PolicySet } from '../policy/set.ts'
import { decodeReview, readIdentity } from './decode.ts'
import { denialOf, remarksOf } from './message.ts'
import { answerUnjudged, type ReviewPath } from './path.ts'

/** What one review needs: one snapshot of everything that decides, and the clocks. */
export interface ReviewContext {
  readonly set: PolicySet
  readonly namespaceLabels: NamespaceLabels
  /** Milliseconds since 1970, for dates in documents. */
  readonly now: () => number
  /** Milliseconds of a clock that never jumps, for deadlines and durations. */
  readonly monotonic: () => number
}

/** One review as it came in. */
export interface ReviewInput {
  readonly path: ReviewPath
  readonly body: Uint8Array
  /** When the answer has to be ready, by the monotonic clock. */
  readonly deadline: number
}

/** What was decided, as plain data: it crosses threads, and feeds metrics and logs. Never the object's contents. */
export interface ReviewFacts {
  readonly path: ReviewPath
  readonly result: 'allowed' | 'denied' | 'patched' | 'unjudged'
  /** The status code of a denial, 200 otherwise. */
  readonly code: number
  readonly setHash: string
  readonly request?: Pick<AdmissionRequest, 'uid' | 'operation' | 'subResource' | 'namespace' | 'name' | 'dryRun'> & {
    readonly resource: string
    readonly kind: string
    readonly user: string
  }
  /** What each policy did about this request, each action once. */
  readonly decisions: readonly {
    readonly policy: string
    readonly action: Action | 'Exempt' | 'Skipped' | 'Error' | 'Pass'
  }[]
  /** Seconds that each policy took. */
  readonly durations: readonly { readonly policy: string; readonly seconds: number }[]
  /** The documents that got the strictest answer because the labels of the namespace are unknown. */
  readonly unknownNamespaces: readonly { readonly kind: string; readonly name: string }[]
  /** What went wrong inside: a bug, with its stack. */
  readonly failure?: string
}

/** The answer on the wire: HTTP 200 with a review, or HTTP 400 where there is nothing to answer to. */
export interface Reviewed {
  readonly status: 200 | 400
  readonly body: string
  readonly facts: ReviewFacts
}

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
    return judge(input, parsed.identity, parsed.request, context)
  } catch (error) {
    const identity = parsed !== undefined && 'identity' in parsed ? parsed.identity : readIdentity(input.body)
    const reviewed = failed(identity, input.path, error, context.set.hash)
    if (parsed?.kind !== 'request') return reviewed
    return { ...reviewed, facts: { ...reviewed.facts, request: requestFacts(parsed.request) } }
  }
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
  const facts = {
    path,
    result: 'unjudged',
    code: 400,
    setHash,
    decisions: [],
    durations: [],
    unknownNamespaces: [],
  } as const
  return { status: 400, body: `${reason}\n`, facts }
}

/** The answer by path to what could not be judged. */
export function unjudged(
  identity: ReviewIdentity,
  path: ReviewPath,
  denial: { readonly code: 400 | 413 | 429 | 500 | 504; readonly message: string },
  setHash: string,
): Reviewed {
  const answer = answerUnjudged(path, denial, { warnings: [], auditAnnotations: { 'policy-set': setHash } })
  const facts = {
    path,
    result: 'unjudged',
    code: denial.code,
    setHash,
    decisions: [],
    durations: [],
    unknownNamespaces: [],
  } as const
  return { status: 200, body: encodeAnswer(identity, answer), facts }
}

/** What a caller is told whose time ran out. */
export const DEADLINE = {
  code: 504,
  message: 'evaluation deadline: the request could not be judged in the time that the caller allows',
} as const

function judge(
  input: ReviewInput,
  identity: ReviewIdentity,
  request: AdmissionRequest,
  context: ReviewContext,
): Reviewed {
  const { set, namespaceLabels, monotonic, now } = context
  const durations: ReviewFacts['durations'][number][] = []
  const unknownNamespaces: ReviewFacts['unknownNamespaces'][number][] = []
  const onUnknownNamespace = ({ kind, name }: { readonly kind: string; readonly name: string }) => {
    if (unknownNamespaces.some(known => known.kind === kind && known.name === name)) return
    unknownNamespaces.push({ kind, name })
  }
  const isExpired = () => monotonic() >= input.deadline
  const { results, isComplete } = evaluate(set, request, {
    namespaceLabels,
    unknownNamespaces: 'apply',
    selects: policy => pathOf(policy) === input.path,
    isExpired,
    onUnknownNamespace,
    timer: {
      now: () => monotonic() / 1000,
      observe: (policy, seconds) => durations.push({ policy: policy.name, seconds }),
    },
  })
  if (!isComplete || isExpired()) {
    const reviewed = unjudged(identity, input.path, DEADLINE, set.hash)
    return { ...reviewed, facts: { ...reviewed.facts, request: requestFacts(request), durations } }
  }
  const decision = decide(results, set, request, { namespaceLabels, now: now(), onUnknownNamespace })
  const answer = answerOf(decision, request, set.hash)
  return {
    status: 200,
    body: encodeAnswer(identity, answer),
    facts: {
      path: input.path,
      result: isUnjudged(decision) ? 'unjudged' : answer.kind,
      code: answer.kind === 'denied' ? answer.code : 200,
      setHash: set.hash,
      request: requestFacts(request),
      decisions: decisionFacts(decision, results),
      durations,
      unknownNamespaces,
    },
  }
}

/** Whether policies that could not judge are all there is to say, however the request was answered for it. */
function isUnjudged({ denials, errors, ignoredErrors }: Decision): boolean {
  return denials.length === 0 && errors.length + ignoredErrors.length > 0
}

/** Each policy is evaluated on exactly one path. Injections, which come on `/mutate`, are no policies. */
function pathOf(policy: Parameters<typeof strictestAction>[0]): ReviewPath {
  return strictestAction(policy) === 'Deny' ? 'validate' : 'observe'
}

function answerOf(decision: Decision, request: AdmissionRequest, setHash: string): Answer {
  const remarks = remarksOf(decision, setHash)
  return decision.allowed
    ? { kind: 'allowed', ...remarks }
    : { kind: 'denied', ...denialOf(decision, request), ...remarks }
}

function requestFacts(request: AdmissionRequest): NonNullable<ReviewFacts['request']> {
  const { uid, operation, subResource, namespace, name, dryRun, resource, kind, userInfo } = request
  return {
    uid,
    operation,
    subResource,
    namespace,
    name,
    dryRun,
    resource: [resource.resource, resource.group].filter(Boolean).join('.'),
    kind: kind.kind,
    user: userInfo?.username ?? '',
  }
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
  for (const { policy } of decision.exempt) note(policy, 'Exempt')
  for (const { policy } of decision.skipped) note(policy, 'Skipped')
  for (const list of [decision.errors, decision.ignoredErrors]) for (const { policy } of list) note(policy, 'Error')
  for (const { policy } of results) if (!spoke.has(policy.name)) note(policy.name, 'Pass')
  return [...facts.values()]
}
