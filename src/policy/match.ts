import type { AdmissionRequest, GroupVersionResource } from '../admission/request.ts'
import type { ResourceRule } from '../checks/check.ts'
import { dig } from '../json/value.ts'
import type { Place } from '../rollout/record.ts'
import { type LabelReader, labelsIn, labelsOf, selects } from '../workload/selector.ts'
import type { CompiledMatch } from './compile.ts'

/** Where namespace labels come from: a file, or a watch of the cluster. Undefined: nobody knows this namespace. */
export interface NamespaceLabels {
  labelsOf(namespace: string): Readonly<Record<string, string>> | undefined
}

/** Labels of namespaces by their names. */
export type NamespaceTable = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The port of a table: own keys only, a namespace may be called `constructor`. */
export function namespaceLabelsOf(table: NamespaceTable): NamespaceLabels {
  return { labelsOf: namespace => (Object.hasOwn(table, namespace) ? table[namespace] : undefined) }
}

/** Nobody knows any namespace. */
export const NO_NAMESPACE_LABELS: NamespaceLabels = { labelsOf: () => undefined }

export type MatchResult =
  | { readonly kind: 'matches' }
  | { readonly kind: 'excluded'; readonly namespace: string }
  | { readonly kind: 'other' }
  /** It depends on namespace labels that nobody knows. */
  | { readonly kind: 'unknown'; readonly namespace: string }

const MATCHES: MatchResult = { kind: 'matches' }
const OTHER: MatchResult = { kind: 'other' }

/** Groups that served the same objects under another name; any version of a group is the same object anyway. */
const EQUIVALENT_GROUPS: readonly { readonly groups: readonly string[]; readonly resources: readonly string[] }[] = [
  { groups: ['apps', 'extensions'], resources: ['deployments', 'daemonsets', 'replicasets'] },
  { groups: ['networking.k8s.io', 'extensions'], resources: ['ingresses', 'networkpolicies'] },
  { groups: ['policy', 'extensions'], resources: ['podsecuritypolicies'] },
  { groups: ['events.k8s.io', ''], resources: ['events'] },
]

/** Whether a policy is about this request, in the words of upstream's `matchConstraints`. */
export function matchRequest(
  match: CompiledMatch,
  request: AdmissionRequest,
  defaultExcluded: readonly string[],
  namespaceLabels: NamespaceLabels,
): MatchResult {
  if (!matchesAny(match.rules, request, match.isExact)) return OTHER
  if (match.excludeRules.some(rule => matchesRule(rule, request, match.isExact))) return OTHER
  if (selectsObject(match, request) === false) return OTHER
  const excluded = match.excludeNamespaces ?? defaultExcluded
  const namespace = namespaceOf(request)
  if (namespace === '') return MATCHES
  if (excluded.includes(namespace)) return { kind: 'excluded', namespace }
  if (match.namespaceSelector.length === 0) return MATCHES
  const answer = selectsNamespace(match, request, namespace, namespaceLabels)
  if (answer === 'unknown') return { kind: 'unknown', namespace }
  return answer ? MATCHES : OTHER
}

/** Where a request stands in the rings of rollouts. A Namespace stands where the labels that it is about to have put it. */
export function placeOf(request: AdmissionRequest, namespaceLabels: NamespaceLabels): Place {
  const name = namespaceOf(request)
  if (name === '') return 'cluster'
  if (!isNamespace(request.resource)) return { name, labels: namespaceLabels.labelsOf(name) }
  return { name, labels: labelsIn(dig(request.object ?? request.oldObject ?? undefined, 'metadata', 'labels')) }
}

/** The namespace a request is in; a Namespace is in itself. */
function namespaceOf({ namespace, name, resource }: AdmissionRequest): string {
  return isNamespace(resource) ? name || namespace : namespace
}

function isNamespace({ group, resource }: GroupVersionResource): boolean {
  return group === '' && resource === 'namespaces'
}

/** Either the object or the old one, as upstream: relabelling does not lead out of a policy. */
function selectsObject({ objectSelector }: CompiledMatch, { object, oldObject }: AdmissionRequest): boolean {
  if (objectSelector.length === 0) return true
  return [object, oldObject].some(
    candidate => candidate !== null && selects(objectSelector, labelsOf(candidate)) === true,
  )
}

function selectsNamespace(
  { namespaceSelector }: CompiledMatch,
  request: AdmissionRequest,
  namespace: string,
  namespaceLabels: NamespaceLabels,
): boolean | 'unknown' {
  if (!isNamespace(request.resource)) return selects(namespaceSelector, namespaceReader(namespace, namespaceLabels))
  // Upstream matches a Namespace by the labels that it is about to have.
  const own = labelsOf(request.object ?? request.oldObject)
  return selects(namespaceSelector, key => (key === NAME_LABEL ? { value: namespace } : own(key)))
}

/** The API server writes it on every Namespace, whatever the manifest says. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

/** Reads a namespace's labels; `kubernetes.io/metadata.name` is known even where nothing else is. */
export function namespaceReader(namespace: string, namespaceLabels: NamespaceLabels): LabelReader {
  const labels = namespaceLabels.labelsOf(namespace)
  return key => {
    if (key === NAME_LABEL) return { value: namespace }
    if (labels === undefined) return 'unknown'
    return { value: Object.hasOwn(labels, key) ? labels[key] : undefined }
  }
}

type Rule = CompiledMatch['rules'][number]

/** Fewer rules than these are gone through faster than they are looked up. */
const FEW_RULES = 8
const indexes = new WeakMap<readonly Rule[], ReadonlyMap<string, readonly Rule[]>>()

/** The checks' own rules name every kind that is known to embed pods: those of one resource are looked up. */
function matchesAny(rules: readonly Rule[], request: AdmissionRequest, isExact: boolean): boolean {
  if (rules.length <= FEW_RULES) return someMatch(rules, request, isExact)
  let index = indexes.get(rules)
  if (index === undefined) {
    index = byResource(rules)
    indexes.set(rules, index)
  }
  const { resource } = request.resource
  const asked = request.requestResource.resource
  return (
    someMatch(index.get(resource), request, isExact) ||
    (asked !== resource && someMatch(index.get(asked), request, isExact)) ||
    someMatch(index.get('*'), request, isExact)
  )
}

function someMatch(rules: readonly Rule[] | undefined, request: AdmissionRequest, isExact: boolean): boolean {
  if (rules === undefined) return false
  for (const rule of rules) if (matchesRule(rule, request, isExact)) return true
  return false
}

function byResource(rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  const index = new Map<string, Rule[]>()
  for (const rule of rules) {
    for (const name of new Set(rule.resources.map(pattern => pattern.split('/')[0] ?? ''))) {
      index.set(name, [...(index.get(name) ?? []), rule])
    }
  }
  return index
}

function matchesRule(rule: Rule, request: AdmissionRequest, isExact: boolean): boolean {
  if (!rule.operations.includes('*') && !rule.operations.includes(request.operation)) return false
  if (rule.resourceNames && rule.resourceNames.length > 0 && !rule.resourceNames.includes(request.name)) return false
  if (!matchesScope(rule, request)) return false
  if (isExact) return matchesResource(rule, request.requestResource, request.subResource, true)
  return (
    matchesResource(rule, request.resource, request.subResource, false) ||
    matchesResource(rule, request.requestResource, request.subResource, false)
  )
}

function matchesScope({ scope }: Rule, { namespace, resource }: AdmissionRequest): boolean {
  if (scope === undefined || scope === '*') return true
  const isClusterScoped = namespace === '' || isNamespace(resource)
  return (scope === 'Cluster') === isClusterScoped
}

function matchesResource(
  rule: ResourceRule,
  asked: GroupVersionResource,
  subResource: string,
  isExact: boolean,
): boolean {
  if (!rule.resources.some(pattern => matchesPath(pattern, asked.resource, subResource))) return false
  if (!isExact)
    return rule.apiGroups.some(group => group === '*' || group === asked.group || isEquivalent(group, asked))
  // The API server converts to the version that a rule names: only to `Exact` a version excludes anything.
  return (
    rule.apiGroups.some(group => group === '*' || group === asked.group) &&
    rule.apiVersions.some(version => version === '*' || version === asked.version)
  )
}

function isEquivalent(group: string, asked: GroupVersionResource): boolean {
  return EQUIVALENT_GROUPS.some(
    ({ groups, resources }) =>
      resources.includes(asked.resource) && groups.includes(group) && groups.includes(asked.group),
  )
}

// As upstream: a pattern without a slash never matches a subresource, `pods/*` matches pods and all that is under them.
function matchesPath(pattern: string, resource: string, subResource: string): boolean {
  const slash = pattern.indexOf('/')
  const main = slash < 0 ? pattern : pattern.slice(0, slash)
  const sub = slash < 0 ? '' : pattern.slice(slash + 1)
  if (main !== '*' && main !== resource) return false
  return sub === '*' ? true : sub === subResource
}
