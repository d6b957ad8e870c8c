import { parentPort, workerData } from 'node:worker_threads'
import { get, isDeeperThan, isObject, type Json } from '../../json/value.ts'
import { MAX_DEPTH } from '../../review/decode.ts'
import { encodeRecorded, type RecordedAnswer } from '../../review/recorded.ts'
import { TrafficFile } from './file.ts'
import type { RecordResult } from './metrics.ts'
import { redactRequest } from './redact.ts'

/** What the thread starts with. */
export interface TrafficWorkerData {
  readonly path: string
  readonly maxSize: number
}

/** A review that was answered; or the question whether everything is written. */
export type TrafficMessage =
  | { readonly kind: 'review'; readonly body: Uint8Array; readonly answer: RecordedAnswer }
  | { readonly kind: 'flush' }

/** What became of a review, one for each, in their order. */
export type TrafficReport =
  | { readonly kind: 'done'; readonly result: RecordResult; readonly problem?: string }
  | { readonly kind: 'flushed' }

const { path, maxSize } = workerData as TrafficWorkerData
const file = new TrafficFile(path, maxSize)

parentPort?.on('message', (message: TrafficMessage) => {
  const report: TrafficReport = message.kind === 'flush' ? { kind: 'flushed' } : { kind: 'done', ...keep(message) }
  parentPort?.postMessage(report)
})

function keep({ body, answer }: Extract<TrafficMessage, { kind: 'review' }>): {
  readonly result: RecordResult
  readonly problem?: string
} {
  const review = read(body)
  const request = get(review, 'request')
  if (!isObject(request)) return { result: 'failed', problem: 'a review could not be read' }
  const redacted = redactRequest(request)
  if (redacted === undefined) return { result: 'dropped' }
  try {
    return { result: file.append(encodeRecorded(answer, redacted)) ? 'recorded' : 'dropped' }
  } catch (error) {
    return { result: 'failed', problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Undefined for what is no JSON, or nests too deep to be walked through. */
function read(body: Uint8Array): Json | undefined {
  try {
    const value: Json = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
    return isDeeperThan(value, MAX_DEPTH) ? undefined : value
  } catch {
    return undefined
  }
}
