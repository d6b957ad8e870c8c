import type { AdmissionRequest } from '../admission/request.ts'
import type { BoundSetRule } from '../checks/check.ts'
import type { CompiledPolicy } from './compile.ts'
import { type Evaluated, type EvaluationContext, outcomesOf, SubjectCache } from './evaluate.ts'
import { matchRequest, placeOf } from './match.ts'
import type { PolicySet } from './set.ts'

/** What of one object takes part in one comparison. */
export interface SetMember {
  readonly policy: CompiledPolicy
  readonly check: string
  readonly rule: BoundSetRule
  readonly fact: unknown
}

/** What an object brings to the comparisons of all policies that are about it; nearly every object brings nothing. */
export function membersOf(
  set: PolicySet,
  request: AdmissionRequest,
  context: Pick<EvaluationContext, 'namespaceLabels' | 'facts'>,
): readonly SetMember[] {
  const { object } = request
  if (object === null) return []
  const members: SetMember[] = []
  const subjects = new SubjectCache(request, context.facts)
  for (const policy of set.policies) {
    const comparing = policy.checks.filter(check => check.set !== undefined)
    if (comparing.length === 0) continue
    // What is not known to match is not compared: `evaluate` has said that the policy was skipped.
    const match = matchRequest(policy.match, request, set.excludedNamespaces, context.namespaceLabels)
    if (match.kind !== 'matches') continue
    if (policy.placement?.isAt(placeOf(request, context.namespaceLabels)) === false) continue
    for (const { id, set: rule } of comparing) {
      const fact = rule?.pick(subjects.subject(policy, object))
      if (rule !== undefined && fact !== undefined) members.push({ policy, check: id, rule, fact })
    }
  }
  return members
}

/**
 * Compares what the objects brought, each check of each policy by itself.
 *
 * @param objects what {@link membersOf} gave for each object.
 * @returns what was said about each object, in their order.
 */
export function compareMembers(objects: readonly (readonly SetMember[])[]): readonly (readonly Evaluated[])[] {
  const results: Evaluated[][] = objects.map(() => [])
  const groups = new Map<BoundSetRule, { readonly member: SetMember; readonly results: Evaluated[] }[]>()
  for (const [index, members] of objects.entries()) {
    for (const member of members) {
      const group = groups.get(member.rule) ?? []
      groups.set(member.rule, group)
      group.push({ member, results: results[index] ?? [] })
    }
  }
  for (const [rule, group] of groups) {
    const compared = rule.compare(group.map(({ member }) => member.fact))
    for (const [index, { member, results: said }] of group.entries()) {
      const { policy, check } = member
      for (const outcome of outcomesOf(compared[index] ?? { findings: [] })) said.push({ policy, check, outcome })
    }
  }
  return results
}
