import type { AdmissionRequest } from '../admission/request.ts'
import type { Finding } from '../checks/check.ts'
import type { Action, CompiledPolicy } from './compile.ts'
import type { Evaluated } from './evaluate.ts'
import { type CompiledException, covers } from './exceptions.ts'
import type { NamespaceLabels } from './match.ts'
import type { PolicySet } from './set.ts'

/** A finding, whose it is, and what its policy wants done about it. */
export interface JudgedFinding {
  readonly policy: string
  readonly check: string
  readonly finding: Finding
  readonly action: Action
}

/** A finding that an exception let pass. */
export interface ExemptFinding {
  readonly policy: string
  readonly check: string
  readonly finding: Finding
  readonly exception: string
  readonly reason: string
}

/** A policy that could not say yes or no. */
export interface Unjudged {
  readonly policy: string
  readonly check: string
  readonly message: string
}

/** What follows from an evaluation. Sorted as it was evaluated: by policy, check and place in the object. */
export interface Decision {
  readonly allowed: boolean
  /** Violations whose policy denies. */
  readonly denials: readonly JudgedFinding[]
  /** Evaluation errors that deny, because their policy says `failurePolicy: Fail`. */
  readonly errors: readonly Unjudged[]
  /** Violations that only warn, and findings that never deny. */
  readonly warnings: readonly JudgedFinding[]
  /** Violations that are only recorded. */
  readonly audits: readonly JudgedFinding[]
  /** Evaluation errors that are let through. */
  readonly ignoredErrors: readonly Unjudged[]
  readonly skipped: readonly Unjudged[]
  readonly exempt: readonly ExemptFinding[]
  /** Exceptions that would have covered a finding but are past their date. */
  readonly expired: readonly { readonly exception: string; readonly expires: number }[]
}

/** What deciding needs beside the evaluation. */
export interface DecisionContext {
  readonly namespaceLabels: NamespaceLabels
  /** Milliseconds since 1970. */
  readonly now: number
  /** Told of each exception that was not applied because the labels of the namespace are unknown. */
  readonly onUnknownNamespace?: (exception: CompiledException) => void
}

/** The action that a policy takes on a violation: the strictest of its actions. */
export function strictestAction({ actions }: CompiledPolicy): Action {
  if (actions.includes('Deny')) return 'Deny'
  return actions.includes('Warn') ? 'Warn' : 'Audit'
}

/**
 * Interprets outcomes: exceptions, `failurePolicy` and `validationActions` mean something here and nowhere else. An
 * exception suppresses findings, never errors.
 */
export function decide(
  results: readonly Evaluated[],
  set: PolicySet,
  request: AdmissionRequest,
  context: DecisionContext,
): Decision {
  const decision = emptyDecision()
  for (const result of results) addOutcome(decision, result, set, request, context)
  return { ...decision, allowed: decision.denials.length === 0 && decision.errors.length === 0 }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

function emptyDecision(): Mutable<Decision> {
  return {
    allowed: true,
    denials: [],
    errors: [],
    warnings: [],
    audits: [],
    ignoredErrors: [],
    skipped: [],
    exempt: [],
    expired: [],
  }
}

function addOutcome(
  decision: Mutable<Decision>,
  { policy, check, outcome }: Evaluated,
  set: PolicySet,
  request: AdmissionRequest,
  context: DecisionContext,
): void {
  const owner = { policy: policy.name, check }
  switch (outcome.kind) {
    case 'pass':
      for (const finding of outcome.warnings) addFinding(decision, policy, check, finding, set, request, context)
      return
    case 'violation':
      for (const finding of outcome.findings) addFinding(decision, policy, check, finding, set, request, context)
      return
    case 'skipped':
      decision.skipped.push({ ...owner, message: outcome.reason })
      return
    case 'error': {
      const denies = policy.failurePolicy === 'Fail' && strictestAction(policy) === 'Deny'
      decision[denies ? 'errors' : 'ignoredErrors'].push({ ...owner, message: outcome.message })
    }
  }
}

function addFinding(
  decision: Mutable<Decision>,
  policy: CompiledPolicy,
  check: string,
  finding: Finding,
  set: PolicySet,
  request: AdmissionRequest,
  context: DecisionContext,
): void {
  const owner = { policy: policy.name, check, finding }
  const exception = exceptionFor(decision, policy, check, finding, set, request, context)
  if (exception !== undefined) {
    decision.exempt.push({ ...owner, exception: exception.name, reason: exception.reason })
    return
  }
  const action = strictestAction(policy)
  if (finding.level === 'warning') {
    // A policy that only records stays silent in the user's terminal.
    decision[action === 'Audit' ? 'audits' : 'warnings'].push({
      ...owner,
      action: action === 'Audit' ? 'Audit' : 'Warn',
    })
  } else if (action === 'Deny') decision.denials.push({ ...owner, action })
  else if (action === 'Warn') decision.warnings.push({ ...owner, action })
  if (finding.level === 'violation' && policy.actions.includes('Audit'))
    decision.audits.push({ ...owner, action: 'Audit' })
}

function exceptionFor(
  decision: Mutable<Decision>,
  policy: CompiledPolicy,
  check: string,
  finding: Finding,
  set: PolicySet,
  request: AdmissionRequest,
  { namespaceLabels, now, onUnknownNamespace }: DecisionContext,
): CompiledException | undefined {
  const expired: Decision['expired'][number][] = []
  const unknown: CompiledException[] = []
  for (const exception of set.exceptions) {
    const isCovered = covers(exception, policy.name, check, finding, request, namespaceLabels)
    const { name, expires } = exception
    if (isCovered === 'unknown') unknown.push(exception)
    else if (isCovered && (expires === undefined || now < expires)) return exception
    else if (isCovered && expires !== undefined) expired.push({ exception: name, expires })
  }
  // Only where nothing covers the finding it matters which would have.
  for (const each of expired) {
    if (!decision.expired.some(other => other.exception === each.exception)) decision.expired.push(each)
  }
  for (const exception of unknown) onUnknownNamespace?.(exception)
  return undefined
}
