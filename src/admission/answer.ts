import type { PatchOperation } from '../json/patch.ts'
import type { ReviewIdentity } from './parse.ts'
import { oneLine, printable, shorten } from './text.ts'

/** What accompanies any answer. */
export interface Remarks {
  /** Shown in the user's terminal. */
  readonly warnings: readonly string[]
  /** Written to the audit log by the API server, under the webhook's name. Keys are bare: no `/`. */
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** Why a request is denied: an HTTP code that goes into the status of an answer whose own code is 200. */
export interface Denial {
  readonly code: 400 | 403 | 413 | 429 | 500 | 504
  readonly message: string
}

/** The answer to one review. */
export type Answer =
  | ({ readonly kind: 'allowed' } & Remarks)
  | ({ readonly kind: 'denied' } & Denial & Remarks)
  | ({ readonly kind: 'patched'; readonly patch: readonly PatchOperation[] } & Remarks)

/** Kubernetes' machine-readable reasons for these codes (`metav1.StatusReason`). */
const REASONS: Readonly<Record<Denial['code'], string>> = {
  400: 'BadRequest',
  403: 'Forbidden',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  500: 'InternalError',
  504: 'Timeout',
}

/** kube-apiserver cuts each warning to 256 characters, and drops what comes after 4,096 in all. */
const MAX_WARNING = 256
const MAX_WARNINGS = 4096
/** An audit event that is too large is dropped whole by some backends. */
export const MAX_ANNOTATION = 4096

/** An AdmissionReview with its response, as bytes for the wire. The same answer is always the same text. */
export function encodeAnswer({ uid, apiVersion, kind }: ReviewIdentity, answer: Answer): string {
  const response: Record<string, unknown> = { uid, allowed: answer.kind !== 'denied' }
  if (answer.kind === 'denied') response['status'] = statusOf(answer)
  if (answer.kind === 'patched') {
    response['patchType'] = 'JSONPatch'
    response['patch'] = base64(JSON.stringify(answer.patch))
  }
  const auditAnnotations = boundAnnotations(answer.auditAnnotations)
  if (auditAnnotations !== undefined) response['auditAnnotations'] = auditAnnotations
  const warnings = boundWarnings(answer.warnings)
  if (warnings.length > 0) response['warnings'] = warnings
  return JSON.stringify({ kind, apiVersion, response })
}

function statusOf({ code, message }: Denial) {
  return {
    metadata: {},
    status: 'Failure',
    message: printable(message),
    reason: REASONS[code],
    // The API server passes this on as Retry-After, and kubectl tries again.
    ...(code === 429 && { details: { retryAfterSeconds: 1 } }),
    code,
  }
}

/** Printable, on one line, without duplicates, and within what kube-apiserver shows; the rest is counted. */
export function boundWarnings(warnings: readonly string[]): readonly string[] {
  if (warnings.length === 0) return warnings
  const distinct = [
    ...new Set(warnings.map(warning => shorten(oneLine(warning).replace(/^warning:\s*/i, ''), MAX_WARNING))),
  ]
  const shown: string[] = []
  let size = 0
  for (const [index, warning] of distinct.entries()) {
    const left = distinct.length - index
    const more = `and ${left} more warning${left === 1 ? '' : 's'}`
    const isLast = index === distinct.length - 1
    if (size + warning.length + (isLast ? 0 : more.length) > MAX_WARNINGS) return [...shown, more]
    shown.push(warning)
    size += warning.length
  }
  return shown
}

/** Undefined where there is nothing to annotate. */
function boundAnnotations(annotations: Remarks['auditAnnotations']): Readonly<Record<string, string>> | undefined {
  let bounded: Record<string, string> | undefined
  for (const key in annotations) {
    const value = annotations[key] ?? ''
    if (value === '') continue
    bounded ??= {}
    bounded[key] = shorten(printable(value.slice(0, MAX_ANNOTATION + 1)), MAX_ANNOTATION)
  }
  return bounded
}

/** What `btoa` takes as it is. */
const ASCII = /^[\0-\x7f]*$/

/** Standard base64 of the UTF-8 bytes of `text`, without anything of Node's: this layer is pure. */
function base64(text: string): string {
  if (ASCII.test(text)) return btoa(text)
  const bytes = new TextEncoder().encode(text)
  let binary = ''
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return btoa(binary)
}
