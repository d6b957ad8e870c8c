import type { Decision } from '../policy/decide.ts'
import type { Evaluated } from '../policy/evaluate.ts'
import type { Placement } from '../policy/placement.ts'

/** What one version of a document that is being rolled out made of a request. */
export interface RolloutFact {
  readonly rollout: string
  /** Which state of the rollout decided. */
  readonly record: number
  readonly role: Placement['role']
  /** `name@revision`. */
  readonly version: string
  readonly result: 'passed' | 'violated' | 'error' | 'skipped'
}

interface Version {
  readonly name: string
  readonly revision: string
  readonly placement?: Placement
}

/** The fact about one version; undefined where no rollout is about it. */
export function rolloutFact(
  { name, revision, placement }: Version,
  result: RolloutFact['result'],
): RolloutFact | undefined {
  if (placement === undefined) return undefined
  const { rollout, record, role } = placement
  return { rollout, record, role, version: `${name}@${revision}`, result }
}

/** What each version of each policy that is being rolled out made of a request. An exception makes it one that passed. */
export function rolloutFacts(results: readonly Evaluated[], decision: Decision): readonly RolloutFact[] {
  // Nearly always: then nothing is allocated.
  if (!results.some(({ policy }) => policy.placement !== undefined)) return []
  const { denials, wouldDeny, warnings, audits, shadowed } = decision
  const violated = new Set(
    [denials, wouldDeny, warnings, audits, shadowed]
      .flat()
      .filter(({ finding }) => finding.level === 'violation')
      .map(({ policy }) => policy),
  )
  const facts = new Map<Evaluated['policy'], RolloutFact>()
  for (const { policy, outcome } of results) {
    const before = facts.get(policy)?.result
    const result = worse(before, resultOf(outcome.kind, violated.has(policy.name)))
    const fact = rolloutFact(policy, result)
    if (fact !== undefined) facts.set(policy, fact)
  }
  return [...facts.values()]
}

/** What is told of a review for which the time ran out: each version that was asked may be the one that took it. */
export function lateFacts(asked: readonly Version[]): readonly RolloutFact[] {
  return [...new Set(asked)].flatMap(version => rolloutFact(version, 'error') ?? [])
}

function resultOf(kind: Evaluated['outcome']['kind'], isViolated: boolean): RolloutFact['result'] {
  if (kind === 'error' || kind === 'skipped') return kind
  return kind === 'violation' && isViolated ? 'violated' : 'passed'
}

const ORDER: readonly RolloutFact['result'][] = ['error', 'violated', 'skipped', 'passed']

function worse(one: RolloutFact['result'] | undefined, other: RolloutFact['result']): RolloutFact['result'] {
  return ORDER.find(result => result === one || result === other) ?? other
}

/** For the audit log: which versions looked at a request, and by which rollout. */
export function describeRollouts(facts: readonly RolloutFact[]): string {
  return facts
    .map(({ rollout, role, version }) => `${version} ${role === 'shadow' ? 'watched' : 'in force'} by ${rollout}`)
    .join('; ')
}
