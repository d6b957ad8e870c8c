import { REVIEW_VERSION } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { get, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import { labelsIn } from '../workload/selector.ts'
import { decodeReview } from './decode.ts'
import type { ReviewFacts } from './facts.ts'
import type { Labels } from './namespace.ts'

/** What is recorded of a review beside its request. */
export interface RecordedAnswer {
  /** When it was answered, RFC 3339. */
  readonly time: string
  /** What was asked, such as `validate` or `observe/mutate`. */
  readonly endpoint: string
  readonly answer: ReviewFacts['result']
  /** The status code of a denial, 200 otherwise. */
  readonly code: number
  /** The labels of the request's namespace, where the gateway knew them. */
  readonly namespaceLabels?: Labels | undefined
}

/** One line of a record of traffic, without its end: an AdmissionReview that can be sent again, with what was answered beside it. */
export function encodeRecorded({ namespaceLabels, ...answer }: RecordedAnswer, request: JsonObject): string {
  return JSON.stringify({
    ...answer,
    ...(namespaceLabels !== undefined && { namespaceLabels }),
    kind: 'AdmissionReview',
    apiVersion: REVIEW_VERSION,
    request,
  })
}

/** A line that was read: its request, and what is said beside it. Of an AdmissionReview from elsewhere nothing is. */
export type RecordedReview =
  | {
      readonly ok: true
      readonly request: AdmissionRequest
      readonly endpoint: string | undefined
      readonly namespaceLabels: Labels | undefined
    }
  | { readonly ok: false; readonly reason: string }

/** Reads one line of a record of traffic. */
export function decodeRecorded(line: Uint8Array): RecordedReview {
  let review: Json
  try {
    const parsed = decodeReview(line)
    if (parsed.kind !== 'request') return { ok: false, reason: parsed.reason }
    review = JSON.parse(new TextDecoder().decode(line))
    const labels = get(review, 'namespaceLabels')
    return {
      ok: true,
      request: parsed.request,
      endpoint: getString(review, 'endpoint'),
      namespaceLabels: isObject(labels) ? labelsIn(labels) : undefined,
    }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
}
