import { shorten } from '../../admission/text.ts'
import { ROLLOUTS } from '../../cluster/documents.ts'
import { writeEvent } from '../../cluster/events.ts'
import { isApiError } from '../../cluster/http.ts'
import { deepEqual, dig, getString, isObject, type JsonObject } from '../../json/value.ts'
import { stageOf } from '../../policy/rollout.ts'
import type { RecordDocument } from '../../policy/rollout-record.ts'
import { WAITING } from '../../rollout/step.ts'
import type { ControllerContext } from '../task.ts'
import { isTransition } from './history.ts'
import { describeLeft } from './left-pods.ts'
import { remembered } from './next-record.ts'
import { type Published, publishedRecord, statusDocument } from './published.ts'
import { REQUEST_ANNOTATION } from './requests.ts'

/** A document may have any number of faults; a status may not. */
const MAX_FAULT = 4096

/** Says in a rollout's status, in Events and in the log where it stands. Nothing is decided by any of it. */
export class Publisher {
  readonly #context: ControllerContext

  constructor(context: ControllerContext) {
    this.#context = context
  }

  /**
   * Writes the status where it differs, takes away what an operator had asked for, and tells of a transition.
   *
   * @param fault why it cannot be carried out.
   */
  async publish(object: JsonObject, published: Omit<Published, 'fault'>, fault?: string): Promise<void> {
    const { client, now } = this.#context
    const status = statusDocument(object, { ...published, fault }, now())
    const name = getString(dig(object, 'metadata'), 'name') ?? ''
    let stored = object
    try {
      if (!deepEqual(object['status'], status))
        stored = (await client.replaceStatus({ ...ROLLOUTS, name }, { ...object, status })).object
      if (published.isUndecided !== true) await this.#answer(stored)
    } catch (error) {
      // Changed or deleted at this moment: the next round looks again.
      if (!isApiError(error, 404, 409)) throw error
      return
    }
    await this.#tellLeft(object, published)
    if (!isTransition(isObject(object['status']) ? object['status'] : undefined, status)) return
    const { phase, reason } = published.status
    const isWorse = /^(?:Breached|TargetMissing|TargetNotStaged|TargetTaken|WouldBlock)$/.test(reason.word)
    // A target that is not there yet, or stands for itself by now, is nothing to worry about.
    const isFine = /^Target(?:Missing|NotStaged)$/.test(reason.word) && (phase === 'Complete' || isYoung(object, now()))
    const type = isWorse && !isFine ? 'Warning' : 'Normal'
    const { namespaces } = published
    const where =
      namespaces !== undefined && reason.word === 'StageReached'
        ? `: in force in ${namespaces.reached} of ${namespaces.total} namespaces`
        : ''
    await this.tell(object, type, reason.word, phase, `${reason.message}${where}`)
  }

  /**
   * Says of a rollout that it cannot be carried out, and where it stands: what it has brought stays in force, and what an operator has
   * asked for is done once it can be.
   *
   * @param record its own; undefined where it has none, or has lost it.
   */
  async refuse(object: JsonObject, record: RecordDocument | undefined, fault: string): Promise<void> {
    const known = record ?? publishedRecord(object)
    const status = known === undefined ? WAITING : remembered(known)
    const stages = known?.stages.map(stageOf) ?? []
    const published = { status, stages, record: known, counts: undefined, isUndecided: true }
    await this.publish(object, published, shorten(fault, MAX_FAULT))
  }

  /** Once, when pods with an injection that was taken back are seen not to run. */
  async #tellLeft(object: JsonObject, { left, status }: Omit<Published, 'fault'>): Promise<void> {
    const before = dig(object['status'], 'left', 'unready')
    if (left === undefined || left.unready === 0 || (typeof before === 'number' && before > 0)) return
    await this.tell(object, 'Warning', 'InjectedPodsLeft', status.phase, describeLeft(left))
  }

  /** An Event and a line of the log. */
  async tell(
    rollout: JsonObject,
    type: 'Normal' | 'Warning',
    reason: string,
    action: string,
    note: string,
  ): Promise<void> {
    const { client, log, now } = this.#context
    const name = getString(dig(rollout, 'metadata'), 'name') ?? ''
    log[type === 'Warning' ? 'warn' : 'info']({ rollout: name, reason, note }, 'rollout')
    await writeEvent(client, rollout, { type, reason, action, note }, now(), error =>
      log.warn({ err: error }, 'an event could not be written'),
    )
  }

  /** Takes away what an operator had asked for: it was done, or came too late. One that is newer than what was seen stays. */
  async #answer({ metadata }: JsonObject): Promise<void> {
    if (dig(metadata, 'annotations', REQUEST_ANNOTATION) === undefined) return
    const name = getString(metadata, 'name') ?? ''
    const resourceVersion = getString(metadata, 'resourceVersion') ?? ''
    const annotations = { [REQUEST_ANNOTATION]: null }
    await this.#context.client.merge({ ...ROLLOUTS, name }, { metadata: { resourceVersion, annotations } })
  }
}

/** A rollout is often applied a moment before its target. */
const YOUNG_MS = 15_000

function isYoung(rollout: JsonObject, now: number): boolean {
  const created = Date.parse(getString(dig(rollout, 'metadata'), 'creationTimestamp') ?? '')
  return now - created < YOUNG_MS
}
