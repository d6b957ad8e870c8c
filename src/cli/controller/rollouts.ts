import type { ClusterClient } from '../../cluster/client.ts'
import type { DiscoveredResource } from '../../cluster/discovery.ts'
import type { ClusterDocuments } from '../../cluster/documents.ts'
import type { PodCount } from '../../controller/pods/count.ts'
import type { RolloutFacts, RolloutTaskOptions } from '../../controller/rollouts/task.ts'
import { wouldBlock } from '../../controller/rollouts/would-block.ts'
import type { RolloutState } from '../../controller/statuses.ts'
import type { SweepContext } from '../../controller/sweep.ts'
import { dig } from '../../json/value.ts'
import { compileRecord } from '../../policy/rollout-record.ts'
import type { RolloutSources } from '../../policy/rollout-sources.ts'
import { revisionsIn } from '../../rollout/record.ts'
import type { Snapshot } from '../../server/snapshot.ts'

/** Rounds after which a count of pods is too old to be believed. */
const OLD_ROUNDS = 3
/** The last count of pods, and when it was made. */
export function lastCount() {
  let last: { readonly count: PodCount; readonly at: number } | undefined
  return {
    take: (count: PodCount) => {
      last = { count, at: performance.now() }
    },
    young: (intervalMs: number) => last && { ...last, maxAgeMs: Math.max(intervalMs * OLD_ROUNDS, 5000) },
  }
}

/** Every revision that a rollout has in force somewhere, as `kind/name@revision`. */
export function rolledOutOf({ records }: RolloutSources): ReadonlySet<string> {
  return new Set(
    records.flatMap(record =>
      [...revisionsIn(compileRecord(record))].map(
        revision => `${record.target.kind}/${record.target.name}@${revision}`,
      ),
    ),
  )
}

/** What the rollouts are told of the documents. A revision that is not kept yet could not be brought back: it waits. */
export function rolloutFacts({ set, injections, namespaces }: Snapshot, cluster: ClusterDocuments): RolloutFacts {
  const kept = cluster.rollouts().revisions
  return {
    namespaces,
    target({ kind, name }) {
      const documents: readonly { name: string; revision: string; file: string; isStaged: boolean }[] =
        kind === 'Policy' ? set.documents : injections.documents
      const document = documents.find(candidate => candidate.name === name && candidate.isStaged)
      const object = cluster
        .objects()
        .find(found => found.kind === kind && dig(found.object, 'metadata', 'name') === name)?.object
      if (object === undefined) return undefined
      // Not even an older revision compiles: it is somebody's rollout all the same, and nothing of it may be forgotten.
      if (document === undefined) {
        return dig(object, 'spec', 'staged') === true ? { object, revision: undefined } : undefined
      }
      const isKept = kept.some(({ file, revision }) => file === document.file && revision === document.revision)
      return { object, revision: isKept ? document.revision : undefined }
    },
  }
}

/** The state of the rollout that brings a document; undefined where it is not staged, null where none does. */
export function rolloutStateOf(
  { set, injections }: Snapshot,
  kind: string,
  name: string,
): RolloutState | null | undefined {
  const documents: readonly { readonly name: string; readonly isStaged: boolean }[] =
    kind === 'Policy' ? set.documents : kind === 'SidecarInjection' ? injections.documents : []
  if (!documents.some(document => document.name === name && document.isStaged)) return undefined
  const record = set.rollouts.records.find(({ target }) => target.kind === kind && target.name === name)
  if (record === undefined) return null
  return { name: record.rollout, phase: record.status.phase, stage: record.status.stage }
}

interface BlockerOptions {
  readonly client: ClusterClient
  readonly verdict: () => Omit<SweepContext, 'served'>
  readonly served: () => Promise<readonly DiscoveredResource[]>
  readonly unasked: readonly string[]
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
}

/** Counts what the next stage would lose, and remembers it for a while: it lists the cluster. */
export function stageBlockers({
  client,
  verdict,
  served,
  unasked,
  monotonic,
}: BlockerOptions): RolloutTaskOptions['wouldBlock'] {
  const known = new Map<string, { readonly key: string; readonly at: number; readonly count: number }>()
  return async ({ name, target, spec }, stage, namespaces, maxAgeMs) => {
    if (target.kind !== 'Policy') return 0
    const context = verdict()
    const policy = context.set.documents.find(document => document.name === target.name)
    if (policy === undefined) return undefined
    const key = `${policy.revision} ${stage} ${JSON.stringify(spec.stages)}`
    const before = known.get(name)
    if (before?.key === key && monotonic() - before.at < maxAgeMs) return before.count
    const blocked = await wouldBlock(
      client,
      policy,
      { spec, stage, namespaces },
      { ...context, served: await served() },
      unasked,
    )
    known.set(name, { key, at: monotonic(), count: blocked.length })
    return blocked.length
  }
}
