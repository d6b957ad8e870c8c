import type { AdmissionRequest } from '../admission/request.ts'
import type { CertificateReader, SubjectFacts } from '../checks/check.ts'
import { type InjectionResult, mayAdd, type RequestReason } from '../injection/outcome.ts'
import { decide } from '../policy/decide.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import { inject } from '../review/inject.ts'
import type { Target } from '../rollout/record.ts'
import { controllerOf, type OwnerAnswer } from '../workload/owner.ts'
import { hiddenReason } from './redacted.ts'
import type { Sets } from './sets.ts'

/** What sets make of one review. Rules are `policy/check`, `injection` or `injection/result`, each with the first that it said. */
export interface Verdict {
  readonly denied: ReadonlyMap<string, string>
  readonly warned: ReadonlyMap<string, string>
  /** The injections that patched it. */
  readonly patched: ReadonlyMap<string, string>
  /** Why the target could not say anything; nobody may take that for a pass. */
  readonly skipped: readonly string[]
}

/** What a verdict needs beside the request. */
export interface VerdictContext {
  readonly target: Target
  readonly namespaceLabels: NamespaceLabels
  readonly readCertificates: CertificateReader
  /** Milliseconds since 1970, for dates in documents. */
  readonly now: number
}

/** Asks the policies or, where an injection is rolled out, the injections: with the code by which the gateway answers. */
export function verdictOf(request: AdmissionRequest, sets: Sets, context: VerdictContext): Verdict {
  return context.target.kind === 'Policy' ? judged(request, sets, context) : injected(request, sets, context)
}

function judged(request: AdmissionRequest, { policies, injections }: Sets, context: VerdictContext): Verdict {
  const { namespaceLabels, now, target } = context
  const facts = factsOf(request, { policies, injections }, context)
  const { results } = evaluate(policies, request, { namespaceLabels, facts, unknownNamespaces: 'skip' })
  const decision = decide(results, policies, request, { namespaceLabels, now })
  const denied = new Map<string, string>()
  const warned = new Map<string, string>()
  for (const { policy, check, finding } of decision.denials) note(denied, `${policy}/${check}`, finding.message)
  for (const { policy, check, message } of decision.errors) note(denied, `${policy}/${check}`, message)
  for (const { policy, check, finding } of decision.warnings) note(warned, `${policy}/${check}`, finding.message)
  const hidden = hiddenReason(request)
  const isAsked = results.some(({ policy }) => policy.name === target.name)
  const skipped = [...decision.skipped, ...decision.ignoredErrors]
    .filter(({ policy }) => policy === target.name)
    .map(({ message }) => message)
  if (isAsked && hidden !== undefined) skipped.push(hidden)
  return { denied, warned, patched: new Map(), skipped }
}

/** Results that keep a pod from being injected although it is one that the injection is for. */
const FAILED: ReadonlySet<InjectionResult | RequestReason> = new Set([
  'malformed-pod',
  'oversized-pod',
  'render-failed',
  'conflict',
  'missing-volume',
  'annotations-full',
  'proof-failed',
])

function injected(request: AdmissionRequest, sets: Sets, context: VerdictContext): Verdict {
  const { policies, injections } = sets
  const { namespaceLabels, target } = context
  const { answer, outcomes } = inject(request, {
    injections,
    set: policies,
    namespaceLabels,
    facts: factsOf(request, sets, context),
  })
  const denied = new Map<string, string>()
  const warned = new Map<string, string>()
  const patched = new Map<string, string>()
  for (const { injection, result } of outcomes) {
    if (mayAdd(result)) note(patched, injection, result)
    else if (!FAILED.has(result)) continue
    else if (answer.kind === 'denied') note(denied, `${injection}/${result}`, answer.message)
    else note(warned, `${injection}/${result}`, answer.warnings.join('; '))
  }
  const unknown = outcomes.some(({ injection, result }) => injection === target.name && result === 'unknown-namespace')
  const skipped = unknown
    ? [`its namespaceSelector needs the labels of namespace ${request.namespace}, which are not known here`]
    : []
  return { denied, warned, patched, skipped }
}

function note(rules: Map<string, string>, rule: string, message: string): void {
  if (!rules.has(rule)) rules.set(rule, message)
}

/** A record does not say which pods an owner selects, and there is no cluster to ask. */
const NO_CLUSTER: OwnerAnswer = { kind: 'unknown', reason: 'there is no cluster here to ask for it' }

function factsOf(
  { object }: AdmissionRequest,
  { policies, injections }: Sets,
  { now, readCertificates }: VerdictContext,
): SubjectFacts {
  return {
    now,
    owner: controllerOf(object) === undefined ? undefined : NO_CLUSTER,
    isSelectedOn: label => policies.namespaceLabels.has(label) || injections.namespaceLabels.has(label),
    readCertificates,
    seen: 'alone',
    origin: '',
  }
}
