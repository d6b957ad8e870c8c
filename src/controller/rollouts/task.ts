import { compareText } from '../../admission/text.ts'
import { documentOf, ROLLOUTS } from '../../cluster/documents.ts'
import { getString, type Json, type JsonObject } from '../../json/value.ts'
import type { NamespaceTable } from '../../policy/match.ts'
import { describeProblem } from '../../policy/problems.ts'
import { type CompiledRollout, compileRollout } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import type { Target } from '../../rollout/record.ts'
import { reachesAll } from '../../rollout/rings.ts'
import type { RolloutStatus } from '../../rollout/status.ts'
import { step, WAITING } from '../../rollout/step.ts'
import type { PodCount } from '../pods/count.ts'
import { replicasOf, scrape } from '../scrape.ts'
import type { ControllerContext, Task } from '../task.ts'
import { isOver, nextRecord, remembered } from './next-record.ts'
import { type Measured, observationsOf } from './observe.ts'
import { type Published, publishedRecord } from './published.ts'
import { Publisher } from './publisher.ts'
import { readRecords, removeRecord, type StoredRecord, targetKey, writeRecord } from './records.ts'
import { countReplicas, LatencyWindow, type ReplicaText } from './replicas.ts'
import { requestsIn } from './requests.ts'
import { readWorkloads, UnreadyWatch } from './workloads.ts'

/** What the other parts know. */
export interface RolloutFacts {
  readonly namespaces: NamespaceTable
  /**
   * What is rolled out, as the API has it, and its newest revision that compiles and is kept; undefined where there is none that is staged.
   */
  target(target: Target): { readonly object: JsonObject; readonly revision: string | undefined } | undefined
}

export interface RolloutTaskOptions {
  readonly intervalMs: number
  /** Undefined while not all documents have been seen. */
  readonly facts: () => Promise<RolloutFacts | undefined>
  /** What was counted of pods last, and when, by the clock that never jumps. */
  readonly pods: () => { readonly count: PodCount; readonly at: number; readonly maxAgeMs: number } | undefined
  /** Workloads of a stage that the target would refuse, as of no longer ago than that. */
  readonly wouldBlock: (
    rollout: CompiledRollout,
    stage: number,
    namespaces: NamespaceTable,
    maxAgeMs: number,
  ) => Promise<number | undefined>
  readonly injectedRestarts: (target: { name: string; revision: string }, since: number) => Promise<number>
  readonly monotonic: () => number
  readonly scrape?: typeof scrape
}

/** Rounds that a workload may lack pods before it counts: a rolling update is no breach. */
const GRACE_ROUNDS = 6
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
  readonly #latency = new LatencyWindow()
  readonly #unready: UnreadyWatch

  constructor(context: ControllerContext, options: RolloutTaskOptions) {
    this.#context = context
    this.#options = options
    this.#publisher = new Publisher(context)
    this.#unready = new UnreadyWatch(options.intervalMs * GRACE_ROUNDS)
  }

  async round(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#context
    const facts = await this.#options.facts()
    if (facts === undefined) return
    const { items } = await client.list(ROLLOUTS)
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
    const replicas = await this.#scrape()
    const asking = compiled.flatMap(({ result }) => (result.ok ? [result.document] : []))
    const measured = await this.#measure(
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

  async #scrape(): Promise<readonly ReplicaText[]> {
    const replicas = await replicasOf(this.#context.client, this.#context.namespace)
    const texts = await Promise.all(
      replicas.map(async replica => ({ name: replica.name, text: await (this.#options.scrape ?? scrape)(replica) })),
    )
    this.#latency.add(texts, this.#options.monotonic())
    // One that did not answer is not left out: nobody knows how slow it is.
    return texts
  }

  async #measure(facts: RolloutFacts, rollouts: readonly CompiledRollout[]): Promise<Measured> {
    const now = this.#options.monotonic()
    const counted = this.#options.pods()
    const isAsked = rollouts.some(({ spec }) => spec.gates.unready !== undefined)
    const workloads = isAsked ? await readWorkloads(this.#context.client) : undefined
    this.#unready.see(workloads ?? [], now)
    return {
      namespaces: facts.namespaces,
      pods: counted !== undefined && now - counted.at <= counted.maxAgeMs ? counted.count : undefined,
      podsAt: this.#context.now() - (now - (counted?.at ?? 0)),
      workloads,
      unready: this.#unready,
      latency: this.#latency,
      now,
    }
  }

  async #conduct({ object, rollout, stored, facts, measured, replicas, signal }: Conducted): Promise<void> {
    const { client, namespace, now } = this.#context
    const target = facts.target(rollout.target)
    const own = stored?.record.uid === uidOf(object) ? stored.record : undefined
    const lost = own === undefined ? publishedRecord(object) : undefined
    const restored = lost && targetKey(lost.target) === targetKey(rollout.target) ? lost : undefined
    const before = own ?? restored
    const counts = own && countReplicas(replicas, own)
    const seen = observationsOf(rollout.spec, before?.status, measured, {
      target,
      counts,
      wouldBlock: await this.#known(this.#wouldBlock(rollout, before, facts.namespaces)),
      injectedRestarts: await this.#known(this.#restarts(rollout, before)),
    })
    const known = before && remembered(before)
    // What was lost is put back before anything moves, where there is something to put it back for.
    const status =
      restored === undefined || target === undefined
        ? step(rollout.spec, known, seen, requestsIn(object, before?.status.since ?? 0), now())
        : remembered(restored)
    const present = stored?.record ?? (target === undefined ? restored : undefined)
    const record = nextRecord({ object, rollout, status, stored: present, restored })
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
    await this.#publisher.publish(object, { status, stages: rollout.spec.stages, record, counts: published })
  }

  /** What cannot be listed nobody knows: it keeps a rollout from going on, not from being taken back. */
  #known(measured: Promise<number | undefined>): Promise<number | undefined> {
    return measured.catch(error => {
      this.#context.log.warn({ err: error }, 'a gate of a rollout could not be asked')
      return undefined
    })
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

function uidOf({ metadata }: JsonObject): string {
  return getString(metadata, 'uid') ?? ''
}

/** The oldest first; of the same second by name. */
function byAge({ metadata: a }: JsonObject, { metadata: b }: JsonObject): number {
  const key = (metadata: Json | undefined) =>
    `${getString(metadata, 'creationTimestamp')} ${getString(metadata, 'name')}`
  return compareText(key(a), key(b))
}
