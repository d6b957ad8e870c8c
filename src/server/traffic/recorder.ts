import { Worker } from 'node:worker_threads'
import type { FastifyBaseLogger } from 'fastify'
import type { NamespaceTable } from '../../policy/match.ts'
import { readIdentity } from '../../review/decode.ts'
import type { ReviewFacts } from '../../review/facts.ts'
import { shareOf } from '../../rollout/rings.ts'
import { LARGE_BODY } from '../body.ts'
import { isProbe } from '../probe.ts'
import type { RecordResult, TrafficMetrics } from './metrics.ts'
import type { TrafficMessage, TrafficReport, TrafficWorkerData } from './worker.ts'

/** What is recorded, and where. Sizes in bytes. */
export interface TrafficOptions {
  readonly file: string
  /** Of the file; there may be one old one beside it. */
  readonly maxSize: number
  /** Which share of the reviews, from 0 to 1. */
  readonly sample: number
}

/** A review that was answered. */
export interface AnsweredReview {
  readonly endpoint: string
  /** Undefined where it was too large, or thrown away. */
  readonly body: Uint8Array | undefined
  readonly facts: ReviewFacts
}

/** What the recorder needs beside its options. */
export interface TrafficDeps {
  readonly metrics: TrafficMetrics
  readonly logger: Pick<FastifyBaseLogger, 'error'>
  readonly namespaces: () => NamespaceTable
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly monotonic: () => number
}

/** Bodies that the thread has not written yet; what comes on top of them is dropped. */
const MAX_WAITING = 8 * 1024 * 1024
/** One line of the log for all failures of a minute. */
const LOG_INTERVAL_MS = 60_000
/** A thread that ends by itself is not started again before that. */
const RESTART_MS = 10_000
/** How long the end waits for the disk. */
const CLOSE_MS = 2000
/** Reviews of at most 1 MiB take little. */
const HEAP_MIB = 256

/**
 * Keeps reviews in a file, in a thread of its own: nothing here waits, throws, or costs a review more than the copy of its body.
 */
export class TrafficRecorder {
  readonly #options: TrafficOptions
  readonly #deps: TrafficDeps
  /** The sizes of the bodies that the thread has, in their order. */
  #waiting: number[] = []
  #waitingBytes = 0
  #worker: Worker | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #loggedAt = Number.NEGATIVE_INFINITY
  #unlogged = 0
  #onFlushed: (() => void) | undefined

  constructor(options: TrafficOptions, deps: TrafficDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** Records a review, if its turn comes. Never throws. */
  record(review: AnsweredReview): void {
    try {
      const result = this.#take(review)
      if (result !== undefined) this.#deps.metrics.recorded.inc({ result })
    } catch (error) {
      this.#fail(1, error instanceof Error ? error.message : String(error))
    }
  }

  /** Writes what is waiting, for two seconds at most. */
  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    await within(
      CLOSE_MS,
      new Promise<void>(resolve => {
        this.#onFlushed = resolve
        worker.postMessage({ kind: 'flush' } satisfies TrafficMessage)
      }),
    )
    this.#worker = undefined
    // A thread that hangs in the file system does not end; nobody waits for it.
    await within(CLOSE_MS, worker.terminate())
  }

  /** What becomes of a review at once; undefined where the thread will say, or there is nothing to say. */
  #take({ endpoint, body, facts }: AnsweredReview): RecordResult | undefined {
    if (isProbe(facts)) return undefined
    const { sample } = this.#options
    const { request, result, code } = facts
    // What could not be judged in time has a uid all the same.
    const uid = request?.uid ?? (body && readIdentity(body)?.uid) ?? ''
    // By the uid, so that nobody has to remember or agree on anything.
    if (shareOf('traffic', uid) >= sample * 100) return 'sampled-out'
    if (body === undefined || body.length > LARGE_BODY || request?.resource === 'secrets') return 'dropped'
    if (this.#waitingBytes + body.length > MAX_WAITING) return 'dropped'
    const worker = this.#worker ?? this.#start()
    if (worker === undefined) return 'dropped'
    const namespace = request?.namespace ?? ''
    const table = this.#deps.namespaces()
    const labels = Object.hasOwn(table, namespace) ? table[namespace] : undefined
    const answer = { time: new Date(this.#deps.now()).toISOString(), endpoint, answer: result, code }
    // A copy: bodies are often slices of a buffer that others use, and that would be sent whole.
    const copy = new Uint8Array(body)
    const message: TrafficMessage = { kind: 'review', body: copy, answer: { ...answer, namespaceLabels: labels } }
    worker.postMessage(message, [copy.buffer])
    this.#waiting.push(body.length)
    this.#waitingBytes += body.length
    return undefined
  }

  #start(): Worker | undefined {
    const now = this.#deps.monotonic()
    if (now - this.#startedAt < RESTART_MS) return undefined
    this.#startedAt = now
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const { file: path, maxSize } = this.#options
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { path, maxSize } satisfies TrafficWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    })
    worker.on('message', (report: TrafficReport) => this.#told(report))
    let reason = 'the thread that records ended'
    worker.on('error', error => {
      reason = error.message
    })
    worker.on('exit', () => this.#ended(worker, reason))
    worker.unref()
    this.#worker = worker
    return worker
  }

  #told(report: TrafficReport): void {
    if (report.kind === 'flushed') {
      this.#onFlushed?.()
      return
    }
    this.#waitingBytes -= this.#waiting.shift() ?? 0
    if (report.result === 'failed') this.#fail(1, report.problem ?? '')
    else this.#deps.metrics.recorded.inc({ result: report.result })
  }

  #ended(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#fail(this.#waiting.length, reason)
    this.#waiting = []
    this.#waitingBytes = 0
    this.#onFlushed?.()
  }

  #fail(count: number, reason: string): void {
    this.#deps.metrics.recorded.inc({ result: 'failed' }, count)
    this.#unlogged += count
    const now = this.#deps.monotonic()
    if (now - this.#loggedAt < LOG_INTERVAL_MS) return
    this.#loggedAt = now
    this.#deps.logger.error(
      { file: this.#options.file, reason, reviews: this.#unlogged },
      'reviews could not be recorded; they were answered all the same',
    )
    this.#unlogged = 0
  }
}

function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    promise.then(done, done)
  })
}
