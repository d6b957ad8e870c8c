import { hasKind, POD_TEMPLATE_KINDS } from '../workload/kinds.ts'
import { mayHoldPods } from '../workload/stray-pods.ts'
import type { CompiledPolicy } from './compile.ts'
import type { EvaluationContext, Outcome, SubjectCache } from './evaluate.ts'
import { HARMLESS_SUBRESOURCES } from './harmless.ts'
import { matchRequest } from './match.ts'
import type { PolicySet } from './set.ts'
import { describePointers, describeStrays, judgesAllPods } from './unjudged-pods.ts'

/** Tells of each policy which pods in an object it has not judged. */
export interface StrayPods {
  /** Of a policy whose rules do not match the object, although it is about pods. */
  besides(policy: CompiledPolicy): Outcome | undefined
  /** Of a policy that was asked. */
  within(policy: CompiledPolicy): Outcome | undefined
}

/**
 * Prepares the search for pods that no pointer leads to. Nothing is searched before a policy asks, and then once for all
 * policies with the same pointers.
 *
 * @returns undefined for nearly every request: its kind is known, or is no workload.
 */
export function strayPods(set: PolicySet, subjects: SubjectCache, context: EvaluationContext): StrayPods | undefined {
  const { request } = subjects
  const { kind, object, operation, subResource } = request
  if (object === null || operation === 'DELETE' || HARMLESS_SUBRESOURCES.has(subResource)) return undefined
  const isKnown = hasKind(POD_TEMPLATE_KINDS, kind)
  if ((isKnown && context.strays !== 'all' && !set.hasPodTemplates) || !mayHoldPods(kind)) return undefined
  const searched = new Map<CompiledPolicy['podTemplates'], string | undefined>()
  const strays = (policy: CompiledPolicy): string | undefined => {
    if (isKnown && context.strays !== 'all') return undefined
    const templates = policy.podTemplates.length === 0 ? NO_TEMPLATES : policy.podTemplates
    if (!searched.has(templates)) {
      searched.set(templates, describeStrays(request, object, subjects.subject(policy, object).pods))
    }
    return searched.get(templates)
  }
  return {
    besides(policy) {
      if (isKnown || !judgesAllPods(policy) || !isAbout(policy, set, subjects, context)) return undefined
      return skipped(strays(policy), policy)
    },
    within(policy) {
      const faults = hasKind(policy.podTemplates, kind) ? describePointers(policy.podTemplates, request, object) : []
      const found = judgesAllPods(policy) || faults.length > 0 ? strays(policy) : undefined
      return skipped([...faults, ...(found === undefined ? [] : [found])].join('; ') || undefined, policy)
    },
  }
}

const NO_TEMPLATES: CompiledPolicy['podTemplates'] = []

/** What a policy only warns of or records is not refused, whatever was not judged. */
function skipped(reason: string | undefined, { actions }: CompiledPolicy): Outcome | undefined {
  if (reason === undefined) return undefined
  return { kind: 'skipped', reason, ...(actions.includes('Deny') && { isUnjudged: true as const }) }
}

/** Whether everything but its rules makes a policy be about an object. */
function isAbout(
  { match }: CompiledPolicy,
  { excludedNamespaces }: PolicySet,
  { request }: SubjectCache,
  { namespaceLabels }: EvaluationContext,
): boolean {
  const { kind } = matchRequest({ ...match, rules: EVERYTHING }, request, excludedNamespaces, namespaceLabels)
  return kind === 'matches' || kind === 'unknown'
}

const EVERYTHING: CompiledPolicy['match']['rules'] = [
  { apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] },
]
