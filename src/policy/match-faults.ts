import { quote } from '../admission/text.ts'
import type { BoundCheck, ResourceRule } from '../checks/check.ts'
import type { PodTemplateKind } from '../workload/kinds.ts'
import { CUSTOM_RESOURCES, KUBERNETES_GROUPS, KUBERNETES_RESOURCES } from './api-resources.ts'
import type { CompiledMatch } from './compile.ts'
import { HARMLESS_SUBRESOURCES } from './harmless.ts'
import { impossibleRule, isCoveredBy } from './match-rules.ts'
import type { ValueProblem } from './problems.ts'
import type { PolicyDocument } from './schema.ts'
import { nearest } from './suggest.ts'

/** What is wrong with what a policy matches: what makes it match nothing at all, and what only looks like a mistake. */
export interface MatchFaults {
  readonly problems: readonly ValueProblem[]
  readonly warnings: readonly ValueProblem[]
}

const AT = '/spec/matchConstraints'
const NAME_LABEL = 'kubernetes.io/metadata.name'

/**
 * Finds what makes a policy match nothing: resources that no API has, operations and scopes that exclude each other, rules
 * that are all excluded, namespaces that are all excluded. A policy that can match nothing is refused; a part of one that
 * cannot is warned of. Resources that none of its checks can judge are warned of, with what to add.
 */
export function matchFaults(
  { spec }: PolicyDocument,
  match: CompiledMatch,
  checks: readonly BoundCheck[],
): MatchFaults {
  const own = spec.matchConstraints?.resourceRules ?? []
  const faults = own.flatMap((rule, index) => ruleFaults(rule, `${AT}/resourceRules/${index}`, checks))
  const dead = own.length > 0 && own.every(rule => isDead(rule, checks))
  const excluded = excludedFaults(match, own.length > 0)
  const namespaces = namespaceFaults(spec, match)
  const further = furtherKindFaults(spec.podTemplates ?? [], match, own.length > 0)
  const unjudged = own.flatMap((rule, index) =>
    unjudgedFaults(rule, `${AT}/resourceRules/${index}/resources`, checks, spec.podTemplates ?? []),
  )
  return {
    problems: [...(dead ? faults : []), ...excluded.problems, ...namespaces.problems],
    warnings: [...(dead ? [] : faults), ...excluded.warnings, ...namespaces.warnings, ...further, ...unjudged],
  }
}

type ParsedRule = NonNullable<NonNullable<PolicyDocument['spec']['matchConstraints']>['resourceRules']>[number]

function ruleFaults(rule: ParsedRule, at: string, checks: readonly BoundCheck[]): readonly ValueProblem[] {
  const operations = idleOperations(rule, checks)
  if (operations !== undefined) return [{ pointer: `${at}/operations`, part: 'value', message: operations }]
  return rule.resources.flatMap((pattern, index): ValueProblem[] => {
    const message = deadPattern(pattern, rule) ?? idleSubresource(pattern, checks)
    return message === undefined ? [] : [{ pointer: `${at}/resources/${index}`, part: 'value', message }]
  })
}

function isDead(rule: ParsedRule, checks: readonly BoundCheck[]): boolean {
  if (idleOperations(rule, checks) !== undefined) return true
  return rule.resources.every(pattern => (deadPattern(pattern, rule) ?? idleSubresource(pattern, checks)) !== undefined)
}

/** Operations for which there is nothing to judge: a deletion brings no object, and neither does a connection. */
function idleOperations({ operations }: ParsedRule, checks: readonly BoundCheck[]): string | undefined {
  if (operations.some(operation => ['*', 'CREATE', 'UPDATE'].includes(operation))) return undefined
  const names = checks.map(({ id }) => id).join(', ')
  return `no check judges ${operations.join(' or ')}: they bring no object (checks: ${names}); add CREATE and UPDATE`
}

/** A subresource that brings nothing a check of this policy looks at. */
function idleSubresource(pattern: string, checks: readonly BoundCheck[]): string | undefined {
  const [, sub = ''] = pattern.split('/')
  if (!HARMLESS_SUBRESOURCES.has(sub)) return undefined
  if (sub === 'status' && checks.some(({ judges }) => judges === 'metadata')) return undefined
  return `no check of this policy judges the subresource ${quote(pattern)}`
}

/** Why a pattern of a rule matches no resource that any API has. */
function deadPattern(pattern: string, rule: ParsedRule): string | undefined {
  const [name = ''] = pattern.split('/')
  const { apiGroups: groups } = rule
  const impossible = impossibleRule(name, rule)
  if (impossible !== undefined) return impossible
  if (name === '*' || groups.includes('*')) return name === '*' ? undefined : unknownAnywhere(name)
  const possible = groups.filter(group => !isSurelyMissing(group, name))
  if (possible.length > 0) return undefined
  return missingFrom(name, groups)
}

/** In every group a name that is the singular of a resource, or nearly one, is a slip. */
function unknownAnywhere(name: string): string | undefined {
  const all = [...KUBERNETES_RESOURCES, ...CUSTOM_RESOURCES].map(({ resource }) => resource)
  if (all.includes(name)) return undefined
  const plural = all.find(resource => resource === `${name}s` || resource === `${name}es`)
  return plural === undefined ? undefined : `no API has the resource ${quote(name)} (did you mean ${quote(plural)}?)`
}

function isSurelyMissing(group: string, name: string): boolean {
  if (KUBERNETES_GROUPS.includes(group))
    return !KUBERNETES_RESOURCES.some(known => known.group === group && known.resource === name)
  // A group without a dot is Kubernetes' own, or a slip; of custom ones, a name that is nearly known is a slip.
  if (!group.includes('.')) return true
  const known = CUSTOM_RESOURCES.filter(entry => entry.group === group).map(({ resource }) => resource)
  return !known.includes(name) && known.some(resource => resource === `${name}s` || resource === `${name}es`)
}

function missingFrom(name: string, groups: readonly string[]): string {
  const where = `${groups.length === 1 ? 'the group' : 'the groups'} ${groups.map(quote).join(', ')}`
  const known = [...KUBERNETES_RESOURCES, ...CUSTOM_RESOURCES]
  const here = known.filter(({ group }) => groups.includes(group)).map(({ resource }) => resource)
  const plural = here.find(resource => resource === `${name}s` || resource === `${name}es`) ?? nearest(name, here)
  if (plural !== undefined) return `there is no resource ${quote(name)} in ${where} (did you mean ${quote(plural)}?)`
  const elsewhere = known.filter(({ resource }) => resource === name || resource === `${name}s`)
  const [first] = elsewhere
  if (first !== undefined) {
    const meant = first.resource === name ? '' : `${quote(first.resource)} in `
    return `there is no resource ${quote(name)} in ${where} (did you mean ${meant}the group ${quote(first.group)}?)`
  }
  const group = groups.map(each => nearest(each, KUBERNETES_GROUPS)).find(each => each !== undefined && each !== '')
  const meant = group === undefined || groups.includes(group) ? '' : ` (did you mean the group ${quote(group)}?)`
  return `there is no resource ${quote(name)} in ${where}${meant}`
}

function excludedFaults({ rules, excludeRules, isExact }: CompiledMatch, isOwn: boolean): MatchFaults {
  const covered = rules.map(rule => excludeRules.some(exclude => isCoveredBy(rule, exclude, isExact)))
  if (!covered.includes(true)) return { problems: [], warnings: [] }
  if (!covered.includes(false)) {
    const message = 'excludes everything that the policy matches: it can never judge anything'
    return { problems: [{ pointer: `${AT}/excludeResourceRules`, part: 'value', message }], warnings: [] }
  }
  if (!isOwn) return { problems: [], warnings: [] }
  const warnings = covered.flatMap((isCovered, index): ValueProblem[] => {
    const message = 'everything that this rule matches is excluded by excludeResourceRules'
    return isCovered ? [{ pointer: `${AT}/resourceRules/${index}`, part: 'value', message }] : []
  })
  return { problems: [], warnings }
}

/** Namespaces that are named and excluded, and a selector of namespaces beside kinds that are in none. */
function namespaceFaults(spec: PolicyDocument['spec'], { rules, namespaceSelector }: CompiledMatch): MatchFaults {
  const named = namedNamespaces(namespaceSelector)
  const excluded = spec.excludeNamespaces ?? []
  if (named !== undefined && named.length > 0 && named.every(name => excluded.includes(name))) {
    const message = `excludes every namespace that namespaceSelector names (${named.join(', ')}): the policy can never judge anything`
    return { problems: [{ pointer: '/spec/excludeNamespaces', part: 'value', message }], warnings: [] }
  }
  if (namespaceSelector.length === 0 || !rules.every(isClusterScoped)) return { problems: [], warnings: [] }
  const message = 'has no effect: everything that the policy matches is in no namespace'
  return { problems: [], warnings: [{ pointer: `${AT}/namespaceSelector`, part: 'key', message }] }
}

/** The namespaces that a selector names; undefined if it selects by other labels only. */
export function namedNamespaces(selector: CompiledMatch['namespaceSelector']): readonly string[] | undefined {
  const lists = selector.filter(({ key, operator }) => key === NAME_LABEL && operator === 'In')
  return lists.length === 0
    ? undefined
    : lists.map(({ values }) => values).reduce((all, values) => all.filter(name => values.includes(name)))
}

/**
 * Says that every namespace which a policy names is among those that the gateway leaves alone; undefined if one is not, or the
 * policy has a list of its own.
 *
 * @param excludedNamespaces the gateway's list.
 */
export function excludedByGateway(
  { excludeNamespaces, namespaceSelector }: CompiledMatch,
  excludedNamespaces: readonly string[],
): ValueProblem | undefined {
  const named = namedNamespaces(namespaceSelector) ?? []
  if (excludeNamespaces !== undefined || named.length === 0) return undefined
  if (!named.every(name => excludedNamespaces.includes(name))) return undefined
  const message = `names only namespaces that are left alone (${named.join(', ')}; see --exclude-namespaces): to judge them, set spec.excludeNamespaces: []`
  return { pointer: `${AT}/namespaceSelector`, part: 'value', message }
}

function isClusterScoped({ apiGroups, resources }: ResourceRule): boolean {
  return resources.every(pattern =>
    apiGroups.every(group =>
      KUBERNETES_RESOURCES.some(
        known => known.group === group && known.resource === pattern.split('/')[0] && !known.isNamespaced,
      ),
    ),
  )
}

/** Further kinds that the policy's own rules leave out: their pointers are never used. */
function furtherKindFaults(
  podTemplates: readonly PodTemplateKind[],
  { rules }: CompiledMatch,
  isOwn: boolean,
): readonly ValueProblem[] {
  return podTemplates.flatMap(({ group, kind, resource }, index): ValueProblem[] => {
    const at = `/spec/podTemplates/${index}`
    const known = CUSTOM_RESOURCES.find(entry => entry.group === group && 'kind' in entry && entry.kind === kind)
    if (known !== undefined && known.resource !== resource) {
      const message = `the resource of ${kind} is ${quote(known.resource)}, not ${quote(resource)}`
      return [{ pointer: `${at}/resource`, part: 'value', message }]
    }
    if (!isOwn || rules.some(rule => names(rule, group, resource))) return []
    const message = `no rule of matchConstraints.resourceRules matches ${quote(resource)} in the group ${quote(group)}: it is never looked at`
    return [{ pointer: `${at}/resource`, part: 'value', message }]
  })
}

function names({ apiGroups, resources }: ResourceRule, group: string, resource: string): boolean {
  return (
    (apiGroups.includes('*') || apiGroups.includes(group)) &&
    resources.some(pattern => ['*', resource].includes(pattern.split('/')[0] ?? ''))
  )
}

/** Resources that some check of the policy cannot judge: requests for them would be errors. */
function unjudgedFaults(
  { apiGroups, resources }: ParsedRule,
  at: string,
  checks: readonly BoundCheck[],
  podTemplates: readonly PodTemplateKind[],
): readonly ValueProblem[] {
  return resources.flatMap((pattern, index): ValueProblem[] => {
    const [name = '', sub = ''] = pattern.split('/')
    if (HARMLESS_SUBRESOURCES.has(sub)) return []
    const pairs = apiGroups.filter(group => group === '*' || !isSurelyMissing(group, name))
    const unable = checks.filter(check => !pairs.some(group => canJudge(check, group, name, podTemplates)))
    const [first] = unable
    if (first === undefined || pairs.length === 0) return []
    const what = name === '*' ? 'everything that "*" matches' : quote(name)
    const message = `the check ${first.id} cannot judge ${what}, and a request for what it cannot judge is an error${adviceFor(pairs, name)}`
    return [{ pointer: `${at}/${index}`, part: 'value', message }]
  })
}

function adviceFor(groups: readonly string[], resource: string): string {
  const group = groups.find(each => each.includes('.') && !KUBERNETES_GROUPS.includes(each))
  if (resource === '*') return ': name the resources, or leave the rules out'
  if (group === undefined) return ': leave it out'
  return `: if it embeds pods, add to podTemplates: {group: ${group}, kind: <its kind>, resource: ${resource}, pointers: [/spec/template]}; otherwise leave it out`
}

function canJudge(
  { resources }: BoundCheck,
  group: string,
  name: string,
  podTemplates: readonly PodTemplateKind[],
): boolean {
  if (podTemplates.some(entry => (group === '*' || entry.group === group) && entry.resource === name)) return true
  return resources.some(
    rule =>
      (group === '*' || rule.apiGroups.includes('*') || rule.apiGroups.includes(group)) &&
      rule.resources.some(pattern => pattern === '*' || pattern.split('/')[0] === name),
  )
}
