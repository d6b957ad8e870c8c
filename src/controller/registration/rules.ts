import { compareText } from '../../admission/text.ts'
import type { JsonObject } from '../../json/value.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import { HARMLESS_SUBRESOURCES } from '../../policy/harmless.ts'

/** A resource that the API serves, as far as rules are made of it. */
export interface ServedResource {
  readonly group: string
  /** Plural; of a subresource `pods/exec`. */
  readonly resource: string
}

/** The API server asks no webhook about these, whatever is registered. */
const NEVER_REVIEWED = 'admissionregistration.k8s.io'
/**
 * What keeps the control plane itself alive, and what it writes all the time: a wildcard does not reach these, a policy that
 * names them does.
 */
const NOT_BY_WILDCARD: ReadonlySet<string> = new Set([
  'coordination.k8s.io/leases',
  '/events',
  'events.k8s.io/events',
  '/endpoints',
  'discovery.k8s.io/endpointslices',
  'authentication.k8s.io/tokenreviews',
  'authorization.k8s.io/subjectaccessreviews',
  'authorization.k8s.io/selfsubjectaccessreviews',
  'authorization.k8s.io/selfsubjectrulesreviews',
  'authorization.k8s.io/localsubjectaccessreviews',
  'authentication.k8s.io/selfsubjectreviews',
  'openreports.io/reports',
  'openreports.io/clusterreports',
  'wgpolicyk8s.io/policyreports',
  'wgpolicyk8s.io/clusterpolicyreports',
  'portcullis.dev/policies',
  'portcullis.dev/policyexceptions',
  'portcullis.dev/sidecarinjections',
  'portcullis.dev/canaryrollouts',
])

/** Whether any webhook is ever asked about the resources of a group. */
export function isReviewed({ group }: Pick<ServedResource, 'group'>): boolean {
  return group !== NEVER_REVIEWED
}

/** Whether any check of a policy looks at more of an object than its spec, such as its labels. */
export function judgesMetadata({ checks }: CompiledPolicy): boolean {
  return checks.some(({ judges }) => judges === 'metadata')
}

/**
 * The rules of a webhook that is asked about everything that these policies match: wildcards are spelt out by what the API
 * serves, subresources that no check looks at are left out. Sorted, so that equal policies make equal rules.
 */
export function rulesOf(policies: readonly CompiledPolicy[], served: readonly ServedResource[]): readonly JsonObject[] {
  return [...operationsByResource(policies, served)]
    .filter(([group]) => isReviewed({ group }))
    .toSorted(([a], [b]) => compareText(a, b))
    .flatMap(([group, resources]) => rulesOfGroup(group, resources))
}

/**
 * Whether these policies are about a resource, be it one that no webhook is ever asked about: other people's webhook
 * configurations are judged by audits alone.
 */
export function matcherOf(
  policies: readonly CompiledPolicy[],
  served: readonly ServedResource[],
): (resource: ServedResource) => boolean {
  const groups = operationsByResource(policies, served)
  return ({ group, resource }) => groups.get(group)?.has(resource) === true
}

/** Operations by resource, by group. */
function operationsByResource(policies: readonly CompiledPolicy[], served: readonly ServedResource[]) {
  const groups = new Map<string, Map<string, Set<string>>>()
  for (const policy of policies) {
    for (const rule of policy.match.rules) {
      for (const { group, resource } of reached(policy, rule, served)) {
        const resources = groups.get(group) ?? new Map<string, Set<string>>()
        groups.set(group, resources)
        const operations = resources.get(resource) ?? new Set()
        resources.set(resource, operations)
        for (const operation of rule.operations) operations.add(operation)
      }
    }
  }
  return groups
}

type Rule = CompiledPolicy['match']['rules'][number]

function rulesOfGroup(group: string, resources: ReadonlyMap<string, ReadonlySet<string>>): readonly JsonObject[] {
  const byOperations = new Map<string, string[]>()
  for (const [resource, operations] of resources) {
    const key = operations.has('*') ? '*' : [...operations].toSorted(compareText).join(' ')
    byOperations.set(key, [...(byOperations.get(key) ?? []), resource])
  }
  return [...byOperations]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([operations, names]) => ({
      apiGroups: [group],
      apiVersions: ['*'],
      operations: operations.split(' '),
      resources: names.toSorted(compareText),
      scope: '*',
    }))
}

/** The resources that one rule of a policy reaches. */
function reached(policy: CompiledPolicy, rule: Rule, served: readonly ServedResource[]): readonly ServedResource[] {
  return rule.resources.flatMap(pattern => {
    const [main = '', sub = ''] = pattern.split('/')
    const isWild = main === '*' || rule.apiGroups.includes('*')
    const known = served.filter(({ group, resource }) => {
      const [plural = '', subresource = ''] = resource.split('/')
      if (!rule.apiGroups.includes('*') && !rule.apiGroups.includes(group)) return false
      if (main !== '*' && main !== plural) return false
      if (sub !== '*' && sub !== subresource) return false
      return !(isWild && NOT_BY_WILDCARD.has(`${group}/${plural}`))
    })
    // What is named is registered even where it is not served yet: a kind may come after the policy about it.
    const named =
      isWild || sub === '*'
        ? rule.apiGroups.flatMap(group => (isWild ? [] : [{ group, resource: main }]))
        : rule.apiGroups.map(group => ({ group, resource: pattern }))
    return [...known, ...named].filter(resource => isJudged(policy, resource))
  })
}

function isJudged(policy: CompiledPolicy, { resource }: ServedResource): boolean {
  const [, sub = ''] = resource.split('/')
  return !HARMLESS_SUBRESOURCES.has(sub) || (judgesMetadata(policy) && METADATA_SUBRESOURCES.has(sub))
}

/** Of the harmless subresources, those that take the whole object, labels included. */
const METADATA_SUBRESOURCES: ReadonlySet<string> = new Set(['status'])
