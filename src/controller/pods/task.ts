import { counted } from '../../admission/text.ts'
import { writeEvent } from '../../cluster/events.ts'
import type { ControllerContext, Task } from '../task.ts'
import { countPods, growthOf, type OwnedPods, type PodCount } from './count.ts'
import type { PodMetrics } from './metrics.ts'
import { OwnerBook } from './owner-book.ts'

export interface PodTaskOptions {
  readonly intervalMs: number
  readonly metrics: PodMetrics
  /** Told what was counted, after each round. */
  readonly onCount?: (count: PodCount) => void
}

/** Owners that are named in metrics and Events; the sums count all of them. */
const WORST = 20
/** The war story's sign: an owner that has half as many pods again as it wants. */
export const GROWTH = 1.5

/**
 * Looks for pods that nobody adopts and for owners that make more than they want: the sign of a webhook that takes labels away.
 * Metrics, and an Event for each owner when it becomes conspicuous.
 */
export function podTask(context: ControllerContext, { intervalMs, metrics, onCount }: PodTaskOptions): Task {
  const book = new OwnerBook(context.client)
  /** The uids of those that were told of. */
  let told: ReadonlySet<string> = new Set()
  return {
    name: 'pods',
    intervalMs,
    async round(signal) {
      const count = await countPods(context.client, book)
      if (signal.aborted) return
      measure(metrics, count)
      onCount?.(count)
      const worst = count.conspicuous.filter(isWorthAnEvent).slice(0, WORST)
      for (const owned of worst) if (!told.has(owned.owner.uid)) await tell(context, owned)
      told = new Set(worst.map(({ owner }) => owner.uid))
    },
  }
}

function isWorthAnEvent(owned: OwnedPods): boolean {
  return owned.orphans > 0 || growthOf(owned) > GROWTH
}

function measure(metrics: PodMetrics, { pods, conspicuous }: PodCount): void {
  metrics.pods.set(pods)
  metrics.orphans.reset()
  for (const { owner, orphans } of conspicuous)
    if (orphans > 0) metrics.orphans.inc({ namespace: owner.namespace }, orphans)
  metrics.growth.reset()
  const grown = conspicuous.filter(owned => growthOf(owned) > 1).slice(0, WORST)
  for (const owned of grown) {
    const { namespace, kind, name } = owned.owner
    metrics.growth.set({ namespace, kind: kind.kind, owner: name }, growthOf(owned))
  }
}

async function tell({ client, log, now }: ControllerContext, owned: OwnedPods): Promise<void> {
  const { owner, pods, orphans } = owned
  const { namespace, name, uid, kind, replicas } = owner
  const wants = replicas === undefined ? '' : `, and wants ${replicas}`
  const note =
    orphans > 0
      ? `${counted(orphans, 'pod')} of its ${pods} it does not select any more${wants}: it makes new ones in their place. Look for a webhook that changes the labels of pods`
      : `it has ${counted(pods, 'pod')}${wants}`
  const reason = orphans > 0 ? 'OrphanedPods' : 'PodGrowth'
  log.warn({ namespace, kind: kind.kind, name, pods, orphans, replicas }, 'an owner has pods that it should not have')
  const apiVersion = kind.group === '' ? 'v1' : `${kind.group}/v1`
  const about = { apiVersion, kind: kind.kind, metadata: { namespace, name, uid } }
  await writeEvent(client, about, { type: 'Warning', reason, action: 'CountPods', note }, now(), error =>
    log.warn({ err: error }, 'an event could not be written'),
  )
}
