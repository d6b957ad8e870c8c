import { requestOfManifest } from '../../admission/manifest.ts'
import type { AdmissionRequest } from '../../admission/request.ts'
import { quote } from '../../admission/text.ts'
import { certificateFacts } from '../../certs/facts.ts'
import type { SubjectFacts } from '../../checks/check.ts'
import { type Decision, decide } from '../../policy/decide.ts'
import { type Evaluated, evaluate } from '../../policy/evaluate.ts'
import { compareMembers, membersOf } from '../../policy/evaluate-set.ts'
import { namespaceLabelsOf } from '../../policy/match.ts'
import type { PolicySet } from '../../policy/set.ts'
import { compileSelector } from '../../workload/selector.ts'
import type { Outcome, PolicyTestCase, PolicyTestSuite } from './suite.ts'

/** What came of one case. */
export interface CaseResult {
  readonly case: PolicyTestSuite['cases'][number]
  /** Why it failed; undefined where it came out as expected. */
  readonly failure: string | undefined
}

/** What came of one suite. */
export interface SuiteResult {
  readonly suite: PolicyTestSuite
  readonly cases: readonly CaseResult[]
  /** What is wrong with the suite as a whole: a rule that never ran. */
  readonly failures: readonly string[]
}

const DEFAULT_NAMESPACE = 'default'

/** Runs a suite against the one policy that it names, with all exceptions of the set. */
export function runSuite(suite: PolicyTestSuite, set: PolicySet): SuiteResult {
  const policy = set.policies.find(({ name }) => name === suite.policy)
  if (policy === undefined) {
    const known = set.policies.map(({ name }) => name).join(', ')
    return { suite, cases: [], failures: [`there is no policy ${quote(suite.policy)}; known: ${known}`] }
  }
  const alone: PolicySet = { ...set, policies: [policy] }
  const ran = new Set<string>()
  const cases = suite.cases.map((each): CaseResult => {
    const { decision, results } = judgeCase(each, alone)
    for (const { check, outcome } of results) if (outcome.kind !== 'skipped') ran.add(check)
    return { case: each, failure: failureOf(each, decision, results) }
  })
  const idle = [...new Set(policy.checks.map(({ id }) => id))].filter(id => !ran.has(id))
  return {
    suite,
    cases,
    failures: idle.map(id => `no case made the check ${id} run: what was never asked is not tested`),
  }
}

interface Judged {
  readonly decision: Decision
  readonly results: readonly Evaluated[]
}

/** Judges the object of a case, compared with those beside it. */
function judgeCase(each: PolicyTestCase, set: PolicySet): Judged {
  const namespace = each.namespace ?? DEFAULT_NAMESPACE
  const labels = each.namespaceLabels === undefined ? {} : { [namespace]: each.namespaceLabels }
  const now = each.now === undefined ? Date.now() : Date.parse(each.now)
  const context = {
    namespaceLabels: namespaceLabelsOf(labels),
    facts: factsOf(each, now, set),
    unknownNamespaces: 'apply',
  } as const
  const requests = [
    requestOf(each, namespace),
    ...(each.beside ?? []).map(object => requestFor(object, each, namespace)),
  ]
  const compared = compareMembers(requests.map(request => membersOf(set, request, context)))
  const [request] = requests
  if (request === undefined) throw new Error('a case of no object')
  const results = [...evaluate(set, request, context).results, ...(compared[0] ?? [])]
  return { results, decision: decide(results, set, request, { namespaceLabels: context.namespaceLabels, now }) }
}

function factsOf({ ownerSelects, beside }: PolicyTestCase, now: number, set: PolicySet): SubjectFacts {
  return {
    now,
    owner:
      ownerSelects === undefined
        ? undefined
        : { kind: 'found', selector: compileSelector({ matchLabels: ownerSelects }) },
    isSelectedOn: label => set.namespaceLabels.has(label),
    readCertificates: certificateFacts,
    seen: beside === undefined ? 'alone' : 'among-others',
    origin: '',
  }
}

function requestOf(each: PolicyTestCase, namespace: string): AdmissionRequest {
  return { ...requestFor(each.object, each, namespace), oldObject: each.oldObject ?? null }
}

function requestFor(object: PolicyTestCase['object'], each: PolicyTestCase, namespace: string): AdmissionRequest {
  const request = requestOfManifest(object, {
    uid: '',
    operation: each.operation ?? (each.oldObject === undefined ? 'CREATE' : 'UPDATE'),
    defaultNamespace: namespace,
    subResource: '',
    userInfo: each.user && { uid: '', ...each.user },
    dryRun: false,
    oldObject: null,
  })
  if (request === undefined) throw new Error(`the object of case ${quote(each.name)} has no apiVersion and kind`)
  return request
}

function failureOf(each: PolicyTestCase, decision: Decision, results: readonly Evaluated[]): string | undefined {
  const outcome = outcomeOf(decision, results)
  const messages = messagesOf(decision)
  if (outcome !== each.expect) {
    const hint = outcome === 'NotMatched' ? ': the policy does not look at this object, so nothing was tested' : ''
    const said = messages.length === 0 ? '' : `; it said: ${messages.map(({ message }) => message).join(' | ')}`
    return `expected ${each.expect}, but it is ${outcome}${hint}${said}`
  }
  if (each.check !== undefined && !messages.some(({ check }) => check === each.check))
    return `the check ${each.check} said nothing; it was ${[...new Set(messages.map(({ check }) => check))].join(', ') || 'none'}`
  if (each.message !== undefined && !messages.some(({ message }) => message.includes(each.message ?? '')))
    return `no message contains ${quote(each.message)}; it said: ${messages.map(({ message }) => message).join(' | ') || 'nothing'}`
  const { exempt } = decision
  if (each.exception !== undefined && !exempt.some(({ exception }) => exception === each.exception))
    return `the exception ${each.exception} let nothing pass; it was ${exempt.map(({ exception }) => exception).join(', ') || 'none'}`
  return undefined
}

/** The strictest thing that happened. */
function outcomeOf(decision: Decision, results: readonly Evaluated[]): Outcome {
  if (results.length === 0) return 'NotMatched'
  if (decision.denials.length + decision.errors.length > 0) return 'Deny'
  if (decision.warnings.length > 0) return 'Warn'
  if (decision.audits.length > 0) return 'Audit'
  if (decision.exempt.length > 0) return 'Exempt'
  return decision.skipped.length + decision.ignoredErrors.length > 0 ? 'Skip' : 'Allow'
}

interface Said {
  readonly check: string
  readonly message: string
}

function messagesOf(decision: Decision): readonly Said[] {
  const { denials, warnings, audits, exempt, errors, skipped, ignoredErrors } = decision
  return [
    ...[...denials, ...warnings, ...audits, ...exempt].map(({ check, finding }) => ({
      check,
      message: finding.message,
    })),
    ...[...errors, ...skipped, ...ignoredErrors].map(({ check, message }) => ({ check, message })),
  ]
}
