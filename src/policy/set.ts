import { quote } from '../admission/text.ts'
import type { RegisteredCheck } from '../checks/check.ts'
import type { OwnerKind } from '../workload/owner.ts'
import { type CompiledDocument, type CompiledPolicy, compileDocument } from './compile.ts'
import type { CompiledException } from './exceptions.ts'
import { type Folder, hashOf, loadFolder } from './folder.ts'
import { excludedByGateway } from './match-faults.ts'
import { arrange } from './placement.ts'
import { locateProblem, type Problem } from './problems.ts'
import {
  NO_ROLLOUT_SOURCES,
  type RolloutSources,
  ringLabels,
  rolloutParts,
  rolloutsOf,
  unbrought,
} from './rollout-sources.ts'
import { suggest } from './suggest.ts'

/** Everything that decides a verdict, as one immutable snapshot. A request sees exactly one. */
export interface PolicySet {
  /** Each version of each policy that is in force somewhere, or watches there; sorted by name. */
  readonly policies: readonly CompiledPolicy[]
  /** Each policy once, at its newest revision that compiles, whether or not a rollout has brought it anywhere. */
  readonly documents: readonly CompiledPolicy[]
  readonly rollouts: RolloutSources
  readonly exceptions: readonly CompiledException[]
  /** The namespaces that no policy applies to, unless it says otherwise itself. */
  readonly excludedNamespaces: readonly string[]
  /** The kinds that own pods beside Kubernetes' own; undefined where no check asks for owners. */
  readonly ownerKinds: readonly OwnerKind[] | undefined
  /** The namespace labels that a policy or an exception selects on. */
  readonly namespaceLabels: ReadonlySet<string>
  /** Whether any policy names further kinds with pods. */
  readonly hasPodTemplates: boolean
  /** The resources of those kinds, by `group/kind`. */
  readonly plurals: ReadonlyMap<string, string>
  /** Names the set: equal documents, equal hash. */
  readonly hash: string
}

/** A set, and what is wrong with the folder that it came from. */
export interface LoadedSet {
  readonly set: PolicySet
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** The documents that stand at an older revision because their newest one does not compile, as `kind/name`. */
  readonly stale: readonly string[]
}

export interface LoadOptions {
  readonly checks: readonly RegisteredCheck[]
  readonly excludedNamespaces: readonly string[]
  /** The hash of a text, as hexadecimal digits. */
  readonly digest: (text: string) => string
  /** The set in force; its documents stand in for those that do not compile. */
  readonly previous?: PolicySet
  /** What rollouts say; none unless given. */
  readonly rollouts?: RolloutSources
  /** Whether staged policies are in force everywhere: for who asks what they would do. */
  readonly isUnstaged?: boolean
}

/** Compiles the policies and exceptions of a folder, each alone. */
export function loadSet(folder: Folder, options: LoadOptions): LoadedSet {
  const { previous } = options
  const { documents, ...rest } = loadFolder(
    folder,
    source => compileDocument(source, options.checks),
    previous === undefined ? [] : [...previous.documents, ...previous.exceptions],
  )
  const set = buildSet(documents, options)
  const staged = options.isUnstaged === true ? [] : unbrought(folder, set.documents, set.rollouts)
  return { set, ...rest, warnings: [...rest.warnings, ...misspelt(folder, set), ...leftAlone(folder, set), ...staged] }
}

/**
 * Names of policies in exceptions that are nearly those of a policy. Others may be meant for a policy that is not here:
 * the exceptions that come with the gateway are read beside anyone's policies.
 */
function misspelt({ documents }: Folder, { documents: policies, exceptions }: PolicySet): readonly Problem[] {
  const known = policies.map(({ name }) => name)
  return exceptions.flatMap(exception => {
    const source = documents.find(({ value }) => value === exception.source)
    if (source === undefined) return []
    return exception.policies.flatMap((policy, index): Problem[] => {
      const meant = known.includes(policy) ? '' : suggest(policy, known)
      if (meant === '') return []
      const message = `there is no policy ${quote(policy)}${meant}: the exception covers nothing of it`
      return [locateProblem(source, { pointer: `/spec/policies/${index}`, part: 'value', message })]
    })
  })
}

/** Policies about nothing but namespaces that no policy is applied to. */
function leftAlone({ documents }: Folder, { documents: policies, excludedNamespaces }: PolicySet): readonly Problem[] {
  return policies.flatMap(({ match, source: value }) => {
    const source = documents.find(document => document.value === value)
    const doubt = excludedByGateway(match, excludedNamespaces)
    return source === undefined || doubt === undefined ? [] : [locateProblem(source, doubt)]
  })
}

function buildSet(loaded: readonly CompiledDocument[], options: LoadOptions): PolicySet {
  const { excludedNamespaces, digest, rollouts = NO_ROLLOUT_SOURCES, isUnstaged = false } = options
  const documents = loaded.filter(document => document.kind === 'Policy')
  const exceptions = loaded.filter(document => document.kind === 'PolicyException')
  const policies = isUnstaged ? documents : placedPolicies(documents, rollouts, options)
  const hash = hashOf([...documents, ...exceptions], excludedNamespaces, digest, rolloutParts(rollouts))
  const asking = policies.flatMap(({ checks }) => checks).filter(check => check.ownerKinds !== undefined)
  const ownerKinds = asking.length === 0 ? undefined : asking.flatMap(check => check.ownerKinds ?? [])
  const selectors = [...policies.map(({ match }) => match), ...exceptions].map(
    ({ namespaceSelector }) => namespaceSelector,
  )
  const namespaceLabels = new Set([...selectors.flat().map(({ key }) => key), ...ringLabels(rollouts)])
  const further = policies.flatMap(({ podTemplates }) => podTemplates)
  return {
    policies,
    documents,
    rollouts,
    exceptions,
    excludedNamespaces,
    ownerKinds,
    namespaceLabels,
    hasPodTemplates: further.length > 0,
    plurals: new Map(further.map(({ group, kind, resource }) => [`${group}/${kind}`, resource])),
    hash,
  }
}

/** A policy that watches where it has not come has no consequence, whatever it says of itself. */
function placedPolicies(
  documents: readonly CompiledPolicy[],
  sources: RolloutSources,
  { checks }: LoadOptions,
): readonly CompiledPolicy[] {
  const { records, older } = rolloutsOf(sources, ['Policy'], source => compileDocument(source, checks))
  const placed = arrange('Policy', documents, { records, older: older.filter(version => version.kind === 'Policy') })
  return placed.map(policy =>
    policy.placement?.role === 'shadow' ? { ...policy, actions: ['Audit'], failurePolicy: 'Ignore' } : policy,
  )
}
