import type { AdmissionRequest } from '../admission/request.ts'
import type { Finding } from '../checks/check.ts'
import { RiskChanges, withoutBorrowedRight } from './borrowed-right.ts'
import type { BrokenGlass } from './break-glass.ts'
import type { Action, CompiledPolicy } from './compile.ts'
import type { Evaluated } from './evaluate.ts'
import type { CompiledException } from './exceptions.ts'
import { grantFor, type OwnedFinding } from './grant.ts'
import { uncoveredByWorkload } from './made-objects.ts'
import type { NamespaceLabels } from './match.ts'
import type { PolicySet } from './set.ts'

/** A finding, whose it is, and what its policy wants done about it. */
export interface JudgedFinding extends OwnedFinding {
  readonly action: Action
}

/** A finding that an exception let pass. */
export interface ExemptFinding extends OwnedFinding {
  readonly exception: string
  /** Why the exception is granted, as its document says. */
  readonly reason: string
  /** Where the exception is break-glass. */
  readonly glass?: BrokenGlass
}

/** A policy that could not say yes or no. */
export interface Unjudged {
  readonly policy: string
  readonly check: string
  readonly message: string
  /** Whether the cluster may refuse what was not judged. */
  readonly isUnjudged?: true
}

/** What follows from an evaluation. Sorted as it was evaluated: by policy, check and place in the object. */
export interface Decision {
  readonly allowed: boolean
  /** Violations whose policy denies. */
  readonly denials: readonly JudgedFinding[]
  /** Violations that would be denied, where nothing has a consequence. */
  readonly wouldDeny: readonly JudgedFinding[]
  /** Evaluation errors that deny, because their policy says `failurePolicy: Fail`. */
  readonly errors: readonly Unjudged[]
  /** Violations that only warn, and findings that never deny. */
  readonly warnings: readonly JudgedFinding[]
  /** Violations that are only recorded. */
  readonly audits: readonly JudgedFinding[]
  /** Violations of policies that a rollout has not brought here yet. */
  readonly shadowed: readonly JudgedFinding[]
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
  const deciding = { ...context, risks: new RiskChanges(request), uncovered: new Set<string>() }
  for (const result of results) addOutcome(decision, result, set, request, deciding)
  return { ...decision, allowed: decision.denials.length === 0 && decision.errors.length === 0 }
}

/** The same decision where nothing has a consequence: what would have been denied is told, and recorded. */
export function observed(decision: Decision): Decision {
  const { denials, errors, ignoredErrors } = decision
  return {
    ...decision,
    allowed: true,
    denials: [],
    wouldDeny: denials,
    errors: [],
    ignoredErrors: [...errors, ...ignoredErrors],
  }
}

/** Each finding once, with the strictest of the actions that its policy takes: a violation may be denied and recorded. */
export function findingsOf({ denials, warnings, audits }: Decision): readonly JudgedFinding[] {
  const said = new Set([...denials, ...warnings].map(({ finding }) => finding))
  return [...denials, ...warnings, ...audits.filter(({ finding }) => !said.has(finding))]
}

/** What deciding keeps from one finding to the next. */
interface Deciding extends DecisionContext {
  readonly risks: RiskChanges
  /** The exceptions of which it was said that they do not cover what a workload makes, each with its policy. */
  readonly uncovered: Set<string>
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

function emptyDecision(): Mutable<Decision> {
  return {
    allowed: true,
    denials: [],
    wouldDeny: [],
    errors: [],
    warnings: [],
    audits: [],
    shadowed: [],
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
  context: Deciding,
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
      decision.skipped.push({
        ...owner,
        message: outcome.reason,
        ...(outcome.isUnjudged === true && { isUnjudged: true as const }),
      })
      return
    case 'error': {
      if (policy.placement?.role === 'shadow') {
        decision.skipped.push({ ...owner, message: outcome.message })
        return
      }
      const denies = policy.failurePolicy === 'Fail' && strictestAction(policy) === 'Deny'
      decision[denies ? 'errors' : 'ignoredErrors'].push({ ...owner, message: outcome.message })
    }
  }
}

function addFinding(
  decision: Mutable<Decision>,
  policy: CompiledPolicy,
  check: string,
  evaluated: Finding,
  set: PolicySet,
  request: AdmissionRequest,
  context: Deciding,
): void {
  const action = strictestAction(policy)
  const finding = withoutBorrowedRight(
    policy,
    { policy: policy.name, check, finding: evaluated },
    set,
    request,
    context,
    context.risks,
  )
  const isRefused = action === 'Deny' && finding.level === 'violation'
  const found = { policy: policy.name, check, finding }
  const isShadow = policy.placement?.role === 'shadow'
  const { by, expired, unknown, hints } = grantFor(set.exceptions, found, isRefused, request, context)
  if (isShadow) {
    // Nothing else is said of it: it is not in force here.
    if (by === undefined && finding.level === 'violation') decision.shadowed.push({ ...found, action: 'Audit' })
    return
  }
  if (by !== undefined) {
    const { exception, glass } = by
    decision.exempt.push({ ...found, exception: exception.name, reason: exception.reason, ...(glass && { glass }) })
    if (isRefused) addUncovered(decision, policy, found, exception, set, request, context)
    return
  }
  for (const exception of expired) addExpired(decision, exception)
  for (const exception of unknown) context.onUnknownNamespace?.(exception)
  const owner = { ...found, finding: hinted(finding, hints) }
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

/** Says once for each exception that it covers a workload and not its pods. */
function addUncovered(
  decision: Mutable<Decision>,
  policy: CompiledPolicy,
  found: OwnedFinding,
  exception: CompiledException,
  set: PolicySet,
  request: AdmissionRequest,
  context: Deciding,
): void {
  const key = `${policy.name} ${exception.name}`
  if (context.uncovered.has(key)) return
  const finding = uncoveredByWorkload(policy, found, exception, set, request, context)
  if (finding === undefined) return
  context.uncovered.add(key)
  decision.warnings.push({ ...found, finding, action: 'Warn' })
}

function hinted(finding: Finding, hints: readonly string[]): Finding {
  if (hints.length === 0) return finding
  return { ...finding, hint: [...(finding.hint === undefined ? [] : [finding.hint]), ...hints].join('; ') }
}

/** Only where nothing covers a finding it matters which exceptions would have. */
function addExpired(decision: Mutable<Decision>, { name, expires = 0 }: CompiledException): void {
  if (decision.expired.some(({ exception }) => exception === name)) return
  decision.expired.push({ exception: name, expires })
}
