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

/** Longer strings are left to the search that the runtime has in machine code; a call of it costs as much as these. */
const SHORT_STRING = 32

/**
 * Whether the text of a JSON value nests too deep or has too many parts, told from its bytes alone: 40 MiB of `[`
 * take `JSON.parse` 5 s and 2.8 GiB, and a thread that runs out of memory in there takes the process with it. About two
 * nanoseconds for each byte outside of long strings. What is no JSON may get either answer; up to its first fault the
 * answer holds.
 */
export function scanJson(bytes: Buffer, maxDepth: number, maxTokens: number): 'fine' | 'too-deep' | 'too-many' {
  let depth = 0
  let tokens = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = endOfString(bytes, at + 1)
    else if (byte === COMMA) tokens++
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      tokens++
      if (++depth > maxDepth) return 'too-deep'
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--
    if (tokens > maxTokens) return 'too-many'
  }
  return 'fine'
}

/** Where the quote is that ends a string; the end of the bytes where there is none. */
function endOfString(bytes: Buffer, start: number): number {
  let at = start
  for (;;) {
    for (const near = at + SHORT_STRING; at < near; at++) {
      const byte = bytes[at]
      if (byte === QUOTE || byte === undefined) return at
      if (byte === BACKSLASH) at++
    }
    const quote = bytes.indexOf(QUOTE, at)
    if (quote < 0) return bytes.length
    let backslashes = 0
    while (quote - backslashes > at && bytes[quote - 1 - backslashes] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return quote
    at = quote + 1
  }
}
