import type { ClusterClient } from '../../cluster/client.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import { strictestAction } from '../../policy/decide.ts'
import type { NamespaceTable } from '../../policy/match.ts'
import { ringOf, ringOfClusterScoped } from '../../rollout/rings.ts'
import type { RolloutSpec } from '../../rollout/spec.ts'
import { type BlockedOwner, preview } from '../preview/preview.ts'
import type { SweepContext } from '../sweep.ts'

/**
 * The owners of a stage that could not be rescheduled, scaled or rolled back under a policy.
 *
 * @param stage from 0 on; past the last one: what is reached by none, and joins when the rollout is complete.
 * @param unasked namespaces that the registration leaves out.
 */
export async function wouldBlock(
  client: Pick<ClusterClient, 'list'>,
  policy: CompiledPolicy,
  { spec, stage, namespaces }: { spec: RolloutSpec; stage: number; namespaces: NamespaceTable },
  context: SweepContext,
  unasked: readonly string[],
): Promise<readonly BlockedOwner[]> {
  const blocked = await blockedUnder(client, policy, context, unasked)
  return blocked.filter(({ namespace }) => {
    const ring = stageOfNamespace(spec, namespace, namespaces)
    return (ring ?? spec.stages.length) === stage || ring === 'unknown'
  })
}

/**
 * The owners in all of the cluster that could not: their templates and those of their old ReplicaSets are judged as if the policy were
 * in force everywhere.
 */
export async function blockedUnder(
  client: Pick<ClusterClient, 'list'>,
  policy: CompiledPolicy,
  context: SweepContext,
  unasked: readonly string[],
): Promise<readonly BlockedOwner[]> {
  if (strictestAction(policy) !== 'Deny') return []
  const { placement: _, ...everywhere } = policy
  return preview(client, { ...context, set: { ...context.set, policies: [everywhere] } }, unasked)
}

/** The stage at which a rollout reaches a namespace, from 0 on; what is in none (`''`) joins at the last. */
export function stageOfNamespace(
  spec: RolloutSpec,
  namespace: string,
  namespaces: NamespaceTable,
): ReturnType<typeof ringOf> {
  if (namespace === '') return ringOfClusterScoped(spec)
  const labels = Object.hasOwn(namespaces, namespace) ? namespaces[namespace] : undefined
  return ringOf(spec, { name: namespace, labels })
}
