import type { Readable } from 'node:stream'
import type { Capacity } from './capacity.ts'

/** Bodies up to this size are judged on the main thread: parsing one takes a few milliseconds. */
export const LARGE_BODY = 1024 * 1024
/** How much of a body that is thrown away is kept, to read the uid from. */
const HEAD = 64 * 1024

/** What one client without an allowed certificate may hold without a reservation: there may be 2,000 of them. */
const STRANGERS_BODY = 64 * 1024
/** So many pieces are made one: a body that comes byte by byte would take a hundred times its size otherwise. */
const MAX_PIECES = 256

/** How much of a body is kept. Durations and places of connections are limited elsewhere. */
export interface BodyBounds {
  /** Bytes. */
  readonly maxBody: number
  readonly capacity: Capacity
  /** Bytes that are kept without asking `capacity`. */
  readonly free: number
}

/** The bounds for a client: those without an allowed certificate share a small capacity of their own. */
export function bodyBounds(
  isAllowed: boolean,
  bounds: { readonly maxBody: number; readonly capacity: Capacity; readonly strangers: Capacity },
): BodyBounds {
  const { maxBody, capacity, strangers } = bounds
  return isAllowed ? { maxBody, capacity, free: LARGE_BODY } : { maxBody, capacity: strangers, free: STRANGERS_BODY }
}

/** A body that was kept. `release` gives back what a large one holds. */
export interface WholeBody {
  readonly kind: 'whole'
  readonly bytes: Buffer
  readonly release: () => void
}

/** What arrived. A body that is thrown away was read to its end all the same. */
export type ReceivedBody = WholeBody | { readonly kind: 'too-large' | 'over-capacity'; readonly head: Buffer }

/**
 * Reads a request's body. One that is too large, or for which there is no room, is read to its end and thrown away,
 * but for its first bytes: a client that is still writing loses the answer otherwise.
 *
 * @throws what the stream fails with: the client hung up.
 */
export function receiveBody(stream: Readable, bounds: BodyBounds): Promise<ReceivedBody> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver(bounds)
    // Listeners rather than an async iterator, which costs more than parsing a small review.
    stream.on('data', chunk => receiver.add(chunk))
    stream.on('end', () => resolve(receiver.end()))
    const fail = (error?: Error) => {
      receiver.abort()
      reject(error ?? new Error('the client hung up'))
    }
    stream.on('error', fail)
    stream.on('close', () => {
      if (!stream.readableEnded) fail()
    })
  })
}

class Receiver {
  readonly #maxBody: number
  readonly #capacity: Capacity
  readonly #free: number
  #chunks: Buffer[] = []
  /** Chunks that are not yet made one. */
  #pieces = 0
  #size = 0
  #held = 0
  #rejected: 'too-large' | 'over-capacity' | undefined
  #head: Buffer = Buffer.alloc(0)

  constructor({ maxBody, capacity, free }: BodyBounds) {
    this.#maxBody = maxBody
    this.#capacity = capacity
    this.#free = free
  }

  add(chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#rejected !== undefined) return
    this.#chunks.push(chunk)
    if (++this.#pieces === MAX_PIECES) {
      this.#chunks.push(Buffer.concat(this.#chunks.splice(-MAX_PIECES)))
      this.#pieces = 0
    }
    if (this.#size > this.#maxBody) this.#reject('too-large')
    else if (this.#size > this.#free) {
      const more = this.#size - this.#held
      if (this.#capacity.reserveBytes(more)) this.#held += more
      else this.#reject('over-capacity')
    }
  }

  end(): ReceivedBody {
    // What was thrown away as it came in may have turned out too large in the end: that is the truer reason.
    if (this.#rejected !== undefined) {
      return { kind: this.#size > this.#maxBody ? 'too-large' : this.#rejected, head: this.#head }
    }
    const [only] = this.#chunks
    const bytes = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks, this.#size)
    return { kind: 'whole', bytes, release: () => this.#release() }
  }

  abort(): void {
    this.#chunks = []
    this.#release()
  }

  #reject(why: 'too-large' | 'over-capacity'): void {
    this.#rejected = why
    // A copy of the beginning alone, so that the chunks can be freed.
    this.#head = Buffer.concat(this.#chunks, Math.min(this.#size, HEAD))
    this.#chunks = []
    this.#release()
  }

  #release(): void {
    this.#capacity.releaseBytes(this.#held)
    this.#held = 0
  }
}
