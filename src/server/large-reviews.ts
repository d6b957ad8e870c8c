import { Worker } from 'node:worker_threads'
import { readIdentity } from '../review/decode.ts'
import { NO_CONNECTION, type OwnerSelectors } from '../review/owner.ts'
import type { Endpoint } from '../review/path.ts'
import { DEADLINE, type Reviewed, unanswerable, unjudged } from '../review/unjudged.ts'
import { processClock } from './clock.ts'
import type { WorkerAnswer, WorkerData, WorkerRequest } from './review-worker.ts'
import { type Snapshot, toPortable } from './snapshot.ts'

/**
 * The largest body that is parsed at all takes 1.2 GiB at worst. The limit is no more than a second line: JSON.parse
 * cannot be interrupted, and ends the whole process where it meets it.
 */
const HEAP_MIB = 2048
/** A worker that is this late after a deadline is stuck: it is ended, and a new one takes its place. */
const GRACE_MS = 5000

interface Pending {
  readonly identity: ReturnType<typeof readIdentity>
  readonly endpoint: Endpoint
  readonly settle: (reviewed: Reviewed) => void
  readonly timer: NodeJS.Timeout
  readonly release: () => void
}

/** What happened to the worker, for logs and metrics. */
export type WorkerEvent = { readonly kind: 'failed'; readonly message: string } | { readonly kind: 'stuck' }

/**
 * Reviews large bodies in one thread of its own, with a heap limit of its own: whatever such a body does to it, the
 * main thread goes on answering. Started at the first large body.
 */
export class LargeReviews {
  readonly #owners: OwnerSelectors | undefined
  readonly #onEvent: (event: WorkerEvent) => void
  readonly #pending = new Map<number, Pending>()
  #snapshot: Snapshot
  #worker: Worker | undefined
  #stuckTimer: NodeJS.Timeout | undefined
  #nextId = 0

  /** @param owners undefined where there is no connection to the API. */
  constructor(snapshot: Snapshot, owners: OwnerSelectors | undefined, onEvent: (event: WorkerEvent) => void) {
    this.#snapshot = snapshot
    this.#owners = owners
    this.#onEvent = onEvent
  }

  /** Puts another snapshot in force for every review that starts from now on. */
  update(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#worker?.postMessage({ kind: 'snapshot', snapshot: toPortable(snapshot) } satisfies WorkerRequest)
  }

  /**
   * Reviews `body`, which must not be used afterwards. Always answers, at the latest after `milliseconds`.
   *
   * @param release called once the thread is through with the body, which may be long after the answer.
   */
  review(endpoint: Endpoint, body: Buffer, milliseconds: number, release: () => void): Promise<Reviewed> {
    const id = this.#nextId++
    const identity = readIdentity(body)
    const worker = this.#worker ?? this.#start()
    // A body of its own buffer moves to the worker; a slice of a shared one has to be copied.
    const own = body.byteOffset === 0 && body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body)
    return new Promise(settle => {
      const message: WorkerRequest = {
        kind: 'review',
        id,
        endpoint,
        body: own,
        deadline: processClock() + milliseconds,
      }
      worker.postMessage(message, [own.buffer as ArrayBuffer])
      const timer = setTimeout(() => this.#expire(id), milliseconds)
      this.#pending.set(id, { identity, endpoint, settle, timer, release })
    })
  }

  /** Ends the worker. Reviews that wait are answered as failed. */
  async close(): Promise<void> {
    clearTimeout(this.#stuckTimer)
    await this.#worker?.terminate()
  }

  #start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './review-worker.ts' : './review-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: {
        snapshot: toPortable(this.#snapshot),
        hasOwners: this.#owners !== undefined,
      } satisfies WorkerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    })
    worker.on('message', (message: WorkerAnswer) => {
      if (message.kind === 'owner') {
        void this.#answerOwner(worker, message)
        return
      }
      const { id, reviewed } = message
      // Whatever it answers, it is alive.
      clearTimeout(this.#stuckTimer)
      this.#stuckTimer = undefined
      this.#finish(id, pending => reviewed ?? this.#answer(pending, DEADLINE))
    })
    worker.on('error', error => this.#onEvent({ kind: 'failed', message: error.message }))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const id of [...this.#pending.keys()]) this.#fail(id)
    })
    worker.unref()
    this.#worker = worker
    return worker
  }

  async #answerOwner(worker: Worker, { id, question }: Extract<WorkerAnswer, { kind: 'owner' }>): Promise<void> {
    const answer = (await this.#owners?.selectorOf(...question)) ?? NO_CONNECTION
    worker.postMessage({ kind: 'owner', id, answer } satisfies WorkerRequest)
  }

  /** The thread is through with a body. One that was answered before, when its time ran out, keeps that answer. */
  #finish(id: number, reviewedOf: (pending: Pending) => Reviewed): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    clearTimeout(pending.timer)
    pending.settle(reviewedOf(pending))
    pending.release()
  }

  #fail(id: number): void {
    const message = 'internal error: the thread that judges large requests ended while it judged this one'
    this.#finish(id, pending => this.#answer(pending, { code: 500, message }))
  }

  #expire(id: number): void {
    const pending = this.#pending.get(id)
    pending?.settle(this.#answer(pending, DEADLINE))
    this.#stuckTimer ??= setTimeout(() => {
      this.#onEvent({ kind: 'stuck' })
      this.#stuckTimer = undefined
      void this.#worker?.terminate()
    }, GRACE_MS).unref()
  }

  #answer({ identity, endpoint: { path } }: Pending, denial: Parameters<typeof unjudged>[2]): Reviewed {
    const { hash } = this.#snapshot.set
    return identity === undefined ? unanswerable(denial.message, path, hash) : unjudged(identity, path, denial, hash)
  }
}
