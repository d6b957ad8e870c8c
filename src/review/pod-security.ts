import type { AdmissionRequest } from '../admission/request.ts'
import type { Finding, SubjectFacts } from '../checks/check.ts'
import { findingsOf, type PodSecurityStandard, podSecurityStandard } from '../checks/pod-security/standard.ts'
import { get, type JsonObject } from '../json/value.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { Invariant } from '../proof/prove.ts'
import { podOf } from '../workload/pod.ts'

const BASELINE = podSecurityStandard('baseline', 'latest')

/**
 * Nothing privileged appears that no injection declares: of the level baseline a patch may bring what its injections
 * have in their own containers and volumes, and nothing else.
 *
 * @param declared the pod as it came, with what the injections declare for the patched one in place of its own lists;
 *   asked only where something was found.
 */
export function nothingPrivileged(
  request: AdmissionRequest,
  facts: SubjectFacts,
  declared: (before: JsonObject, after: JsonObject) => JsonObject,
): Invariant {
  return {
    name: 'pod-security-baseline',
    check(before, after) {
      const found = find(BASELINE, request, after, facts)
      if (found?.length === 0) return undefined
      const brought = newIn(found, find(BASELINE, request, before, facts))
      if (brought?.length === 0) return undefined
      const own = find(BASELINE, request, declared(before, after), facts)
      const left = newIn(brought, own)
      if (left === undefined) return 'too much is privileged already to tell what is new'
      const [first] = left
      return first && `${first.message}, which no injection declares`
    },
  }
}

/**
 * What Kubernetes' own Pod Security would say about the patched pod and not about the pod as it came, in a namespace
 * that enforces a level: without this word the pod is refused for what its author never wrote.
 */
export function podSecurityWarnings(
  request: AdmissionRequest,
  before: JsonObject,
  after: JsonObject,
  { facts, namespaceLabels }: { readonly facts: SubjectFacts; readonly namespaceLabels: NamespaceLabels },
): readonly string[] {
  const standard = enforcedIn(request.namespace, namespaceLabels)
  if (standard === undefined) return []
  const brought = newIn(find(standard, request, after, facts), find(standard, request, before, facts)) ?? []
  const level = `Pod Security "${standard.level}", which namespace ${request.namespace} enforces`
  return brought.map(({ message, hint }) => `${level}: injected ${message}${hint === undefined ? '' : `; ${hint}`}`)
}

const ENFORCE = 'pod-security.kubernetes.io/enforce'

function enforcedIn(namespace: string, namespaceLabels: NamespaceLabels): PodSecurityStandard | undefined {
  const labels = namespaceLabels.labelsOf(namespace)
  const level = get(labels, ENFORCE)
  if (level !== 'baseline' && level !== 'restricted') return undefined
  return standardOf(level, String(get(labels, `${ENFORCE}-version`) ?? 'latest'))
}

/** Made once; there are as many as namespaces say, and those are written by few. */
const standards = new Map<string, PodSecurityStandard>()

function standardOf(level: PodSecurityStandard['level'], version: string): PodSecurityStandard {
  const key = `${level}@${version}`
  const known = standards.get(key) ?? podSecurityStandard(level, version)
  if (standards.size < 100) standards.set(key, known)
  return known
}

function find(
  standard: PodSecurityStandard,
  request: AdmissionRequest,
  object: JsonObject,
  facts: SubjectFacts,
): readonly Finding[] | undefined {
  const pods = [podOf({ pointer: '', value: object })]
  return findingsOf(standard, { facts, request: { ...request, object }, object, oldObject: null, pods })
}

/** The findings that `known` does not have as often. */
function newIn(
  findings: readonly Finding[] | undefined,
  known: readonly Finding[] | undefined,
): readonly Finding[] | undefined {
  if (findings === undefined || known === undefined) return undefined
  const left = new Map<string, number>()
  for (const { key } of known) left.set(key, (left.get(key) ?? 0) + 1)
  return findings.filter(({ key }) => {
    const count = left.get(key) ?? 0
    left.set(key, count - 1)
    return count <= 0
  })
}
