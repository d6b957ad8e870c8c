import { isUtf8 } from 'node:buffer'
import { type ParsedReview, parseReview, type ReviewIdentity } from '../admission/parse.ts'
import { identityFromPrefix } from '../admission/prefix.ts'
import { oneLine } from '../admission/text.ts'
import { isDeeperThan, type Json } from '../json/value.ts'
import { MAX_TOKENS, scanJson } from './scan.ts'

/** Kubernetes' own objects stay below 30 levels; JSON.parse takes a million, JSON.stringify throws at 5,000. */
export const MAX_DEPTH = 200
const TOO_DEEP = `the body nests deeper than ${MAX_DEPTH} levels`
/** Smaller bodies, whatever is in them, cost no more than 100 MiB and a tenth of a second. */
const SCANNED = 1024 * 1024
/** Kube-apiserver writes the uid within the first hundred bytes of a review. */
const PREFIX = 64 * 1024

/** Reads the bytes of a review. What is no JSON is refused, with the uid where the first bytes still tell it. */
export function decodeReview(body: Uint8Array): ParsedReview {
  if (body.length === 0) return { kind: 'unanswerable', reason: 'the body is empty' }
  if (!isUtf8(body)) return malformed(body, 'the body is not UTF-8')
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const size = bytes.length > SCANNED ? scanJson(bytes, MAX_DEPTH, MAX_TOKENS) : 'fine'
  if (size === 'too-deep') return malformed(body, TOO_DEEP)
  if (size === 'too-many') return malformed(body, `the body has more than ${MAX_TOKENS} commas and brackets`)
  let value: Json
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    return malformed(body, `the body is not one JSON value: ${describeFault(error)}`)
  }
  if (isDeeperThan(value, MAX_DEPTH)) return malformed(body, TOO_DEEP)
  return parseReview(value)
}

/** What `JSON.parse` says, on one line and without the piece of the body that it quotes: that may be a secret's value. */
function describeFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return oneLine(message.replace(/, (?:\.{3})?"[\s\S]*"(?:\.{3})? is not valid JSON$/, ''))
}

function malformed(body: Uint8Array, reason: string): ParsedReview {
  const identity = readIdentity(body)
  return identity === undefined ? { kind: 'unanswerable', reason } : { kind: 'refused', identity, reason }
}

/** What the first bytes of a body tell about the review, however broken the rest is. */
export function readIdentity(body: Uint8Array): ReviewIdentity | undefined {
  const head = body.subarray(0, PREFIX)
  return identityFromPrefix(Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('utf8'))
}
