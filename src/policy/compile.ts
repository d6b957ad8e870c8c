import { quote } from '../admission/text.ts'
import type { BoundCheck, RegisteredCheck, ResourceRule } from '../checks/check.ts'
import { rulesFor } from '../checks/resources.ts'
import type { Pointer } from '../json/pointer.ts'
import type { PodTemplateKind } from '../workload/kinds.ts'
import { compileSelector, type Selector } from '../workload/selector.ts'
import { scopeWarnings } from './exception-scope.ts'
import { type CompiledException, compileException } from './exceptions.ts'
import { type Compiled, failed } from './folder.ts'
import { kindOf, unreadableDocument } from './kind.ts'
import { matchFaults } from './match-faults.ts'
import type { Placement } from './placement.ts'
import { locateProblem, problemsOf, type SourceDocument, type ValueProblem } from './problems.ts'
import { exceptionSchema, type PolicyDocument, policySchema } from './schema.ts'
import { suggest } from './suggest.ts'

export type Action = 'Deny' | 'Warn' | 'Audit'

/** Which requests a policy is about, compiled. */
export interface CompiledMatch {
  readonly rules: readonly (ResourceRule & { readonly resourceNames?: readonly string[]; readonly scope?: string })[]
  readonly excludeRules: CompiledMatch['rules']
  readonly isExact: boolean
  /** Whether the rules are the checks' own: the policy is about every kind that its checks can judge. */
  readonly isDefault?: boolean
  readonly namespaceSelector: Selector
  readonly objectSelector: Selector
  /** Undefined: the gateway's own list counts. */
  readonly excludeNamespaces: readonly string[] | undefined
}

/** A policy that can be evaluated. Immutable. */
export interface CompiledPolicy {
  readonly kind: 'Policy'
  readonly name: string
  readonly revision: string
  readonly file: string
  /** The document that it was compiled from. */
  readonly source: unknown
  readonly actions: readonly Action[]
  /** What an evaluation error means. */
  readonly failurePolicy: 'Fail' | 'Ignore'
  readonly match: CompiledMatch
  readonly podTemplates: readonly PodTemplateKind[]
  readonly checks: readonly BoundCheck[]
  /** Whether it is in force only where a rollout has brought it. */
  readonly isStaged: boolean
  /** Where this version counts; everywhere unless given. */
  readonly placement?: Placement
}

export type CompiledDocument = CompiledPolicy | CompiledException

/** Compiles one document of a policy folder: everything that can be wrong with it is wrong here. */
export function compileDocument(
  source: SourceDocument,
  checks: readonly RegisteredCheck[],
): Compiled<CompiledDocument> {
  const unreadable = unreadableDocument(source)
  if (unreadable !== undefined) return failed(source, [unreadable])
  if (kindOf(source.value) === 'Policy') return compilePolicy(source, checks)
  const parsed = exceptionSchema.safeParse(source.value, { reportInput: true })
  if (!parsed.success) return failed(source, problemsOf(parsed.error, exceptionSchema))
  const unknown = (parsed.data.spec.checks ?? []).flatMap((check, index) =>
    checks.some(({ id }) => id === check) ? [] : [unknownCheck(check, `/spec/checks/${index}`, checks)],
  )
  if (unknown.length > 0) return failed(source, unknown)
  const compiled = compileException(parsed.data, source)
  if (!compiled.ok) return failed(source, compiled.problems)
  const warnings = scopeWarnings(parsed.data).map(warning => locateProblem(source, warning))
  return { ok: true, document: compiled.exception, warnings }
}

function compilePolicy(source: SourceDocument, known: readonly RegisteredCheck[]): Compiled<CompiledDocument> {
  const parsed = policySchema.safeParse(source.value, { reportInput: true })
  if (!parsed.success) return failed(source, problemsOf(parsed.error, policySchema))
  const { metadata, spec } = parsed.data
  const bound = spec.checks.map((entry, index) => bindCheck(entry, index, known))
  const problems = bound.flatMap(result => ('check' in result ? [] : result.problems))
  if (problems.length > 0) return failed(source, problems)
  const checks = bound.flatMap(result => ('check' in result ? [result.check] : []))
  const warnings = checks.flatMap((check, index) =>
    check.warnings.map(({ pointer, message }) =>
      locateProblem(source, { pointer: `/spec/checks/${index}/params${pointer}`, part: 'value', message }),
    ),
  )
  const match = compileMatch(spec, checks)
  const faults = matchFaults(parsed.data, match, checks)
  if (faults.problems.length > 0) return failed(source, faults.problems)
  const doubts = faults.warnings.map(warning => locateProblem(source, warning))
  const document: CompiledPolicy = {
    kind: 'Policy',
    name: metadata.name,
    revision: source.revision,
    file: source.file,
    source: source.value,
    actions: spec.validationActions,
    failurePolicy: spec.failurePolicy ?? 'Fail',
    match,
    podTemplates: spec.podTemplates ?? [],
    checks,
    isStaged: spec.staged ?? false,
  }
  return { ok: true, document, warnings: [...warnings, ...doubts] }
}

type Bound = { readonly check: BoundCheck } | { readonly problems: readonly ValueProblem[] }

function bindCheck(
  entry: PolicyDocument['spec']['checks'][number],
  index: number,
  known: readonly RegisteredCheck[],
): Bound {
  const check = known.find(candidate => candidate.id === entry.check)
  if (check === undefined) return { problems: [unknownCheck(entry.check, `/spec/checks/${index}/check`, known)] }
  const bound = check.bind(entry.params ?? {})
  return bound.ok
    ? { check: bound.check }
    : { problems: problemsOf(bound.error, check.params, ['spec', 'checks', index, 'params']) }
}

function compileMatch(spec: PolicyDocument['spec'], checks: readonly BoundCheck[]): CompiledMatch {
  const constraints = spec.matchConstraints ?? {}
  const own = (constraints.resourceRules ?? []).map(withoutUndefined)
  return {
    rules:
      own.length > 0
        ? own
        : distinct([...checks.flatMap(check => check.resources), ...rulesFor(spec.podTemplates ?? [])]),
    isDefault: own.length === 0,
    excludeRules: (constraints.excludeResourceRules ?? []).map(withoutUndefined),
    isExact: constraints.matchPolicy === 'Exact',
    namespaceSelector: compileSelector(constraints.namespaceSelector),
    objectSelector: compileSelector(constraints.objectSelector),
    excludeNamespaces: spec.excludeNamespaces,
  }
}

/** Most checks are about the same kinds: each rule once. */
function distinct<Rule>(rules: readonly Rule[]): readonly Rule[] {
  return [...new Map(rules.map(rule => [JSON.stringify(rule), rule])).values()]
}

function unknownCheck(check: string, pointer: Pointer, known: readonly RegisteredCheck[]): ValueProblem {
  const ids = known.map(({ id }) => id)
  const message = `unknown check ${quote(check)}${suggest(check, ids)}; allowed: ${ids.join(', ')}`
  return { pointer, part: 'value', message }
}

type ParsedRule = NonNullable<NonNullable<PolicyDocument['spec']['matchConstraints']>['resourceRules']>[number]

function withoutUndefined({ resourceNames, scope, ...rule }: ParsedRule): CompiledMatch['rules'][number] {
  return { ...rule, ...(resourceNames !== undefined && { resourceNames }), ...(scope !== undefined && { scope }) }
}
