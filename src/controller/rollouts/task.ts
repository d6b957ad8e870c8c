import { compareText } from '../../admission/text.ts'
import { documentOf, ROLLOUTS } from '../../cluster/documents.ts'
import { getString, type Json, type JsonObject } from '../../json/value.ts'
import type { NamespaceTable } from '../../policy/match.ts'
import { describeProblem } from '../../policy/problems.ts'
import { type CompiledRollout, compileRollout, type StageDocument, stageOf } from '../../policy/rollout.ts'
import { compileRecord, type RecordDocument } from '../../policy/rollout-record.ts'
import { type Target, versionsAt } from '../../rollout/record.ts'
import { reachesAll } from '../../rollout/rings.ts'
import type { RolloutStatus } from '../../rollout/status.ts'
import { step, WAITING } from '../../rollout/step.ts'
import type { ControllerContext, Task } from '../task.ts'
import { areReachedStagesEdited, asRecorded, kept } from './edited-stages.ts'
import type { RolloutFacts, RolloutTaskOptions } from './facts.ts'
import type { LeftPods } from './left-pods.ts'
import { Measurements } from './measurements.ts'
import { overdueSeconds } from './metrics.ts'
import { isOver, nextRecord, remembered } from './next-record.ts'
import { type Measured, observationsOf } from './observe.ts'
import { type Published, publishedRecord } from './published.ts'
import { Publisher } from './publisher.ts'
import { readRecords, removeRecord, type StoredRecord, targetKey, writeRecord } from './records.ts'
import { countReplicas, type ReplicaCounts, type ReplicaText } from './replicas.ts'
import { requestsIn } from './requests.ts'

/** A stage that ends within this time has a fresh answer to what the next one would lose; in between an older one will do. */
const DUE_MS = 60_000
const DUE_AGE_MS = 30_000
const AGE_MS = 300_000

/**
 * Carries out rollouts: measures, decides by `step`, records what is decided, which is what the gateways go by, and then says so in the
 * rollout's status and in Events. What it remembers between rounds are measurements alone.
 */
export function rolloutTask(context: ControllerContext, options: RolloutTaskOptions): Task {
  const conductor = new Conductor(context, options)
  return { name: 'rollouts', intervalMs: options.intervalMs, round: signal => conductor.round(signal) }
}

class Conductor {
  readonly #context: ControllerContext
  readonly #options: RolloutTaskOptions
  readonly #publisher: Publisher
  readonly #measurements: Measurements
  readonly #leftBefore = new Map<string, { readonly number: number; readonly at: number; readonly left: LeftPods }>()

  constructor(context: ControllerContext, options: RolloutTaskOptions) {
    this.#context = context
    this.#options = options
    this.#publisher = new Publisher(context)
    this.#measurements = new Measurements(context, options)
  }

  async round(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#context
    const facts = await this.#options.facts()
    if (facts === undefined) return
    const { items } = await client.list(ROLLOUTS)
    // Those that are gone leave no series behind.
    this.#options.metrics?.overdue.reset()
    const records = await readRecords(client, namespace)
    for (const stored of records.values()) {
      if (signal.aborted) return
      // Nobody's rollout any more: it is gone, and its record with it, or in force everywhere.
      if (facts.target(stored.record.target) === undefined) await removeRecord(client, namespace, stored)
    }
    if (items.length === 0) return
    const compiled = items
      .toSorted(byAge)
      .map(object => ({ object, result: compileRollout(documentOf('CanaryRollout', object, () => '')) }))
    const replicas = await this.#measurements.scrape()
    const asking = compiled.flatMap(({ result }) => (result.ok ? [result.document] : []))
    const measured = await this.#measurements.take(
      facts,
      asking.filter(({ target }) => !isOver(records.get(targetKey(target))?.record)),
    )
    const uids = new Set(items.map(uidOf))
    const taken = new Set<string>()
    const failures: unknown[] = []
    for (const { object, result } of compiled) {
      if (signal.aborted) return
      const conduct = () => {
        if (!result.ok) {
          const own = [...records.values()].find(({ record }) => record.uid === uidOf(object))
          return this.#publisher.refuse(object, own?.record, result.problems.map(describeProblem).join('; '))
        }
        const { target } = result.document
        const key = targetKey(target)
        const stored = records.get(key)
        // Of two rollouts of one target the one that has a record goes on, or else the older one.
        const isOthers = stored !== undefined && stored.record.uid !== uidOf(object) && uids.has(stored.record.uid)
        if (isOthers || taken.has(key)) return this.#publisher.publish(object, takenBy(target))
        taken.add(key)
        return this.#conduct({ object, rollout: result.document, stored, facts, measured, replicas, signal })
      }
      // One that cannot be carried out must not keep the others from being taken back.
      await conduct().catch(error => failures.push(error))
    }
    if (failures.length > 1) throw new AggregateError(failures, 'some rollouts could not be carried out')
    if (failures.length > 0) throw failures[0]
  }

  async #conduct(conducted: Conducted): Promise<void> {
    const { object, rollout, stored, facts, replicas, signal } = conducted
    const { client, namespace } = this.#context
    const target = facts.target(rollout.target)
    const own = stored?.record.uid === uidOf(object) ? stored.record : undefined
    const lost = own === undefined ? publishedRecord(object) : undefined
    const restored = lost && targetKey(lost.target) === targetKey(rollout.target) ? lost : undefined
    const counts = own && countReplicas(replicas, own)
    const { decided, stages, isUndecided } = await this.#decide(conducted, { target, own, restored, counts })
    const isMissing = target === undefined || target.isFaulty === true
    const status = explained(decided, isMissing ? facts.missing(rollout.target) : undefined)
    const present = stored?.record ?? (target === undefined ? restored : undefined)
    const record = nextRecord({ object, rollout, status, stages, stored: present, restored })
    const late = overdueSeconds(object, rollout.spec, status, this.#context.now())
    if (late !== undefined)
      this.#options.metrics?.overdue.set({ rollout: rollout.name, target: rollout.target.name }, late)
    if (signal.aborted) return
    if (record !== stored?.record && target !== undefined) {
      // Another controller has decided meanwhile: what it decided is seen in the next round.
      if (!(await writeRecord(client, namespace, record, target.object))) return
      if (restored !== undefined)
        await this.#publisher.tell(
          object,
          'Warning',
          'Restored',
          status.phase,
          'its record was lost, and is back as it was',
        )
    }
    // Nobody has been asked yet whether they go by a new one.
    const published = record === stored?.record ? counts : countReplicas(replicas, record)
    await this.#publisher.publish(object, {
      status,
      stages: stages.map(stageOf),
      record,
      // Without a target nobody goes by anything.
      counts: target === undefined ? undefined : published,
      isUndecided,
      left: await this.#left(record),
      namespaces: reachOf(record, facts.namespaces),
    })
  }

  async #decide(
    { object, rollout, facts, measured }: Conducted,
    { target, own, restored, counts }: Known,
  ): Promise<Decision> {
    const now = this.#context.now()
    const before = own ?? restored
    const isLost = restored !== undefined && target !== undefined
    // By whose stages it goes, where it does not go by its own: what was lost comes back as it was.
    const isFormer = before !== undefined && (isLost || areReachedStagesEdited(before, rollout.stages))
    const { stages } = isFormer ? before : rollout
    const known = before && remembered(before)
    // What was lost is put back before anything moves.
    if (known !== undefined && isLost) return { decided: known, stages, isUndecided: true }
    const spec = isFormer ? asRecorded(rollout.spec, before) : rollout.spec
    const seen = observationsOf(spec, before?.status, measured, {
      target,
      counts,
      wouldBlock: await this.#known(this.#wouldBlock(rollout, before, facts.namespaces)),
      injectedRestarts: await this.#known(this.#restarts(rollout, before)),
    })
    const decided = step(spec, known, seen, requestsIn(object, before?.status.since ?? 0), now)
    return { decided: isFormer ? kept(decided) : decided, stages, isUndecided: false }
  }

  /** What cannot be listed nobody knows: it keeps a rollout from going on, not from being taken back. */
  #known(measured: Promise<number | undefined>): Promise<number | undefined> {
    return measured.catch(error => {
      this.#context.log.warn({ err: error }, 'a gate of a rollout could not be asked')
      return undefined
    })
  }

  /** Looked for every half minute, and no more once there are none: nobody is given an injection that was taken back. */
  async #left({ target, rollout, number, status }: RecordDocument): Promise<LeftPods | undefined> {
    if (target.kind !== 'SidecarInjection' || !/^(?:RolledBack|Aborted)$/.test(status.phase)) return undefined
    const before = this.#leftBefore.get(rollout)
    const now = this.#options.monotonic()
    const isKnown = before?.number === number && (before.left.pods === 0 || now - before.at < DUE_AGE_MS)
    if (isKnown) return before.left
    const looked = this.#options.leftPods?.({ name: target.name, revision: status.revision })
    const left = await looked?.catch(error => {
      this.#context.log.warn({ err: error }, 'the pods that still have an injection could not be listed')
      return before?.left
    })
    if (left !== undefined) this.#leftBefore.set(rollout, { number, at: now, left })
    return left
  }

  async #wouldBlock(
    rollout: CompiledRollout,
    before: RecordDocument | undefined,
    namespaces: NamespaceTable,
  ): Promise<number | undefined> {
    const next = (before?.status.stage ?? -1) + 1
    const isEnd = next > rollout.spec.stages.length || (next === rollout.spec.stages.length && reachesAll(rollout.spec))
    if (rollout.spec.gates.wouldBlock === undefined || isEnd || isOver(before)) return 0
    const holds = before?.status.phase === 'Progressing' ? (rollout.spec.stages[next - 1]?.holdMs ?? 0) : 0
    const isSoon = (before?.status.since ?? 0) + holds - this.#context.now() < DUE_MS
    return this.#options.wouldBlock(rollout, next, namespaces, isSoon ? DUE_AGE_MS : AGE_MS)
  }

  async #restarts({ target, spec }: CompiledRollout, before: RecordDocument | undefined): Promise<number | undefined> {
    if (target.kind !== 'SidecarInjection' || spec.gates.injectedRestarts === undefined) return 0
    if (before === undefined || before.status.stage < 0 || isOver(before)) return 0
    return this.#options.injectedRestarts({ name: target.name, revision: before.status.revision }, before.status.since)
  }
}

/** What is said of a rollout whose target is another's. */
function takenBy({ kind, name }: Target): Omit<Published, 'fault'> {
  const message = `${kind} ${name} is the target of another rollout`
  const status: RolloutStatus = { ...WAITING, reason: { word: 'TargetTaken', message } }
  return { status, stages: [], record: undefined, counts: undefined }
}

/** The status with what is known of a target that is not there; one whose revision is being kept is only waited for. */
function explained(status: RolloutStatus, missing: RolloutStatus['reason'] | undefined): RolloutStatus {
  if (status.reason.word !== 'TargetMissing') return status
  return { ...status, reason: missing ?? { word: 'Waiting', message: 'the revision of its target is being kept' } }
}

/** In how many namespaces the target is in force, by whatever stages it came there, of how many. */
function reachOf(record: RecordDocument, namespaces: NamespaceTable) {
  const compiled = compileRecord(record)
  const { revision } = record.status
  const reached = Object.entries(namespaces).filter(([name, labels]) =>
    versionsAt(compiled, { name, labels }, () => true).revisions.has(revision),
  )
  return { reached: reached.length, total: Object.keys(namespaces).length }
}

interface Conducted {
  readonly object: JsonObject
  readonly rollout: CompiledRollout
  /** The record of its target, whosever it is. */
  readonly stored: StoredRecord | undefined
  readonly facts: RolloutFacts
  readonly measured: Measured
  readonly replicas: readonly ReplicaText[]
  readonly signal: AbortSignal
}

/** What is known of a rollout before it is decided. */
interface Known {
  readonly target: ReturnType<RolloutFacts['target']>
  readonly own: RecordDocument | undefined
  /** What its status says of a record that is not there. */
  readonly restored: RecordDocument | undefined
  readonly counts: ReplicaCounts | undefined
}

interface Decision {
  readonly decided: RolloutStatus
  /** By which it was decided. */
  readonly stages: readonly StageDocument[]
  /** Whether nothing was decided this time. */
  readonly isUndecided: boolean
}

function uidOf({ metadata }: JsonObject): string {
  return getString(metadata, 'uid') ?? ''
}

/** The oldest first; of the same second by name. */
function byAge({ metadata: a }: JsonObject, { metadata: b }: JsonObject): number {
  const key = (metadata: Json | undefined) =>
    `${getString(metadata, 'creationTimestamp')} ${getString(metadata, 'name')}`
  return compareText(key(a), key(b))
}
