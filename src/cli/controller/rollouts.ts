import { quote } from '../../admission/text.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import type { DiscoveredResource } from '../../cluster/discovery.ts'
import type { ClusterDocuments } from '../../cluster/documents.ts'
import type { PodCount } from '../../controller/pods/count.ts'
import { denialsOfInjection } from '../../controller/rollouts/denied-injection.ts'
import type { RolloutFacts, RolloutTaskOptions } from '../../controller/rollouts/facts.ts'
import { wouldBlock } from '../../controller/rollouts/would-block.ts'
import type { RolloutState } from '../../controller/statuses.ts'
import type { SweepContext } from '../../controller/sweep.ts'
import type { InjectionSet } from '../../injection/plan.ts'
import { dig, getString } from '../../json/value.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import { compileRecord } from '../../policy/rollout-record.ts'
import type { RolloutSources } from '../../policy/rollout-sources.ts'
import { suggest } from '../../policy/suggest.ts'
import type { Target } from '../../rollout/record.ts'
import { revisionsIn } from '../../rollout/record.ts'
import type { Reason } from '../../rollout/status.ts'
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
  const documentsOf = (kind: Target['kind']): readonly Rolled[] =>
    kind === 'Policy' ? set.documents : injections.documents
  const objectOf = ({ kind, name }: Target) =>
    cluster.objects().find(found => found.kind === kind && getString(found.object['metadata'], 'name') === name)
  return {
    namespaces,
    target(target) {
      const document = documentsOf(target.kind).find(({ name, isStaged }) => name === target.name && isStaged)
      const found = objectOf(target)
      if (found === undefined || (document !== undefined && found.file !== document.file)) return undefined
      const { object } = found
      // Not even an older revision compiles: it is somebody's rollout all the same, and nothing of it may be forgotten.
      if (document === undefined)
        return dig(object, 'spec', 'staged') === true ? { object, revision: undefined, isFaulty: true } : undefined
      const isKept = kept.some(({ file, revision }) => file === document.file && revision === document.revision)
      return { object, revision: isKept ? document.revision : undefined }
    },
    missing: target => whyMissing(target, documentsOf(target.kind), objectOf(target) !== undefined),
  }
}

/** A document as far as a rollout is concerned. */
interface Rolled {
  readonly name: string
  readonly revision: string
  readonly file: string
  readonly isStaged: boolean
}

/** Why there is nothing to roll out, and what to do. */
export function whyMissing(
  { kind, name }: Target,
  documents: readonly Pick<Rolled, 'name' | 'isStaged'>[],
  isInCluster: boolean,
): Reason {
  const document = documents.find(candidate => candidate.name === name)
  const what = `${kind} ${quote(name)}`
  if (document === undefined) {
    if (isInCluster) return missing(`${what} does not compile: kubectl describe says why`)
    const names = documents.map(candidate => candidate.name)
    return missing(`there is no ${what} in the cluster${suggest(name, names)}`)
  }
  if (!isInCluster)
    return missing(
      `${what} comes from a file of the gateway: only documents of the cluster can be rolled out. Apply a copy of another name that says staged: true, and say replaces: ${name}`,
    )
  const message = `${what} is not staged: it is in force everywhere, and this rollout does nothing. Set spec.staged: true, then it is in force only where this rollout brings it; or delete the rollout`
  return { word: 'TargetNotStaged', message }
}

function missing(message: string): Reason {
  return { word: 'TargetMissing', message }
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

/** What is in force at a moment. */
type Verdict = Omit<SweepContext, 'served'> & { readonly injections: InjectionSet }

function policyOf({ set }: Verdict, name: string): CompiledPolicy | undefined {
  return set.documents.find(document => document.name === name)
}

function injectionOf({ injections, namespaceLabels }: Verdict, name: string): CompiledPolicy | 'harmless' | undefined {
  const injection = injections.documents.find(document => document.name === name)
  if (injection === undefined) return undefined
  if (injection.onConflict !== 'Deny') return 'harmless'
  // Its shadow knows what it takes the place of.
  const shadow = injections.shadows.find(candidate => candidate.name === name)
  return denialsOfInjection(shadow ?? injection, injections, namespaceLabels)
}

interface BlockerOptions {
  readonly client: ClusterClient
  readonly verdict: () => Verdict
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
    const context = verdict()
    const policy = target.kind === 'Policy' ? policyOf(context, target.name) : injectionOf(context, target.name)
    // One that refuses nobody keeps nothing from coming.
    if (policy === 'harmless') return 0
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
