import type { Readable } from 'node:stream'
import type { Capacity } from './capacity.ts'

/** Bodies up to this size are judged on the main thread: parsing one takes a few milliseconds. */
export const LARGE_BODY = 1024 * 1024
/** How much of a body that is thrown away is kept, to read the uid from. */
const HEAD = 64 * 1024

/** What arrived. A body that is thrown away was read to its end all the same. */
export type ReceivedBody =
  /** `release` gives back what a large body holds. */
  | { readonly kind: 'whole'; readonly bytes: Buffer; release(): void }
  | { readonly kind: 'too-large' | 'over-capacity'; readonly head: Buffer }

/**
 * Reads a request's body. One that is too large, or for which there is no room, is read to its end and thrown away,
 * but for its first bytes: a client that is still writing loses the answer otherwise.
 *
 * @throws what the stream fails with: the client hung up.
 */
export async function receiveBody(stream: Readable, maxBody: number, capacity: Capacity): Promise<ReceivedBody> {
  let chunks: Buffer[] = []
  let size = 0
  let held = 0
  let rejected: 'too-large' | 'over-capacity' | undefined
  let head = Buffer.alloc(0)
  const reject = (why: 'too-large' | 'over-capacity') => {
    rejected = why
    head = Buffer.concat(chunks).subarray(0, HEAD)
    // A copy, so that the large buffer behind the view can be freed.
    head = Buffer.from(head)
    chunks = []
    capacity.releaseBytes(held)
    held = 0
  }
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (rejected !== undefined) continue
      chunks.push(chunk)
      if (size > maxBody) reject('too-large')
      else if (size > LARGE_BODY) {
        const more = size - held
        if (capacity.reserveBytes(more)) held += more
        else reject('over-capacity')
      }
    }
  } catch (error) {
    capacity.releaseBytes(held)
    throw error
  }
  // What was thrown away as it came in may have turned out too large in the end: that is the truer reason.
  if (rejected !== undefined) return { kind: size > maxBody ? 'too-large' : rejected, head }
  return { kind: 'whole', bytes: Buffer.concat(chunks, size), release: () => capacity.releaseBytes(held) }
}
