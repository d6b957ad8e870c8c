import type { ClusterClient } from '../../cluster/client.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import { strictestAction } from '../../policy/decide.ts'
import type { NamespaceTable } from '../../policy/match.ts'
import { ringOf } from '../../rollout/rings.ts'
import type { RolloutSpec } from '../../rollout/spec.ts'
import { type BlockedOwner, preview } from '../preview/preview.ts'
import type { SweepContext } from '../sweep.ts'

/**
 * The owners of a stage that could not be rescheduled, scaled or rolled back under a policy: their templates and those of their old
 * ReplicaSets are judged as if it were in force.
 *
 * @param stage from 0 on; undefined asks for all of the cluster.
 * @param unasked namespaces that the registration leaves out.
 */
export async function wouldBlock(
  client: Pick<ClusterClient, 'list'>,
  policy: CompiledPolicy,
  { spec, stage, namespaces }: { spec: RolloutSpec; stage: number | undefined; namespaces: NamespaceTable },
  context: SweepContext,
  unasked: readonly string[],
): Promise<readonly BlockedOwner[]> {
  if (strictestAction(policy) !== 'Deny') return []
  const { placement: _, ...everywhere } = policy
  const alone = { ...context, set: { ...context.set, policies: [everywhere] } }
  const blocked = await preview(client, alone, unasked)
  if (stage === undefined) return blocked
  return blocked.filter(({ namespace }) => {
    if (namespace === '') return stage === spec.stages.length - 1
    const labels = Object.hasOwn(namespaces, namespace) ? namespaces[namespace] : undefined
    const ring = ringOf(spec, { name: namespace, labels })
    return ring === stage || ring === 'unknown'
  })
}
