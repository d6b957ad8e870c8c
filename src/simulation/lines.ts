/** A line without its end; without its bytes where it is too long to be taken in. */
export interface Line {
  /** From 1 on. */
  readonly number: number
  readonly bytes: Uint8Array | undefined
}

const NEWLINE = 10

/**
 * The lines of a stream that are not blank, one by one; never more of it in memory than one line of `limit` bytes and one chunk.
 *
 * @throws what the stream fails with.
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array | string>, limit: number): AsyncGenerator<Line> {
  let parts: Uint8Array[] = []
  let size = 0
  let number = 1
  const add = (part: Uint8Array) => {
    size += part.length
    if (size <= limit) parts.push(part)
    else parts = []
  }
  const take = (): Line | undefined => {
    const isTooLong = size > limit
    const bytes = isTooLong ? undefined : join(parts, size)
    parts = []
    size = 0
    const line = { number: number++, bytes }
    return bytes === undefined || !isBlank(bytes) ? line : undefined
  }
  for await (const piece of stream) {
    const chunk = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, end))
      from = end + 1
      const line = take()
      if (line !== undefined) yield line
    }
    add(chunk.subarray(from))
  }
  const last = take()
  if (last !== undefined) yield last
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 32 || byte === 9 || byte === 13)
}
