/**
 * Commas and opening brackets that a body may have. An API server takes requests of 3 MiB and stores 1.5: even a review
 * that is all `{},{},…`, object and old object, has fewer than five million.
 */
export const MAX_TOKENS = 6_000_000

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/**
 * Whether the text of a JSON value nests too deep or has too many parts, told from its bytes alone: 40 MiB of `[`
 * take `JSON.parse` 5 s and 2.8 GiB, and a thread that runs out of memory in there takes the process with it. About a
 * nanosecond for each byte. What is no JSON may get either answer; up to its first fault the answer holds.
 */
export function scanJson(bytes: Uint8Array, maxDepth: number, maxTokens: number): 'fine' | 'too-deep' | 'too-many' {
  let depth = 0
  let tokens = 0
  let isInString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isInString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) isInString = false
    } else if (byte === QUOTE) isInString = true
    else if (byte === COMMA) tokens++
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      tokens++
      if (++depth > maxDepth) return 'too-deep'
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    if (tokens > maxTokens) return 'too-many'
  }
  return 'fine'
}
