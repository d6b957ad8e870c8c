import { parentPort, workerData } from 'node:worker_threads'
import type { ReviewPath } from '../review/path.ts'
import { review } from '../review/review.ts'
import type { Reviewed } from '../review/unjudged.ts'
import { processClock } from './clock.ts'
import { contextOf, fromPortable, type PortableSnapshot, type Snapshot } from './snapshot.ts'

/** What the main thread asks. `deadline`: when the answer has to be ready, by the clock of the process. */
export type WorkerRequest =
  | { readonly kind: 'snapshot'; readonly snapshot: PortableSnapshot }
  | {
      readonly kind: 'review'
      readonly id: number
      readonly path: ReviewPath
      readonly body: Uint8Array
      readonly deadline: number
    }

/** What it is told; without a review where the time was over before its turn came. */
export interface WorkerAnswer {
  readonly id: number
  readonly reviewed?: Reviewed
}

let snapshot: Snapshot = fromPortable(workerData as PortableSnapshot)

parentPort?.on('message', (message: WorkerRequest) => {
  if (message.kind === 'snapshot') {
    snapshot = fromPortable(message.snapshot)
    return
  }
  const { id, path, body, deadline } = message
  if (processClock() >= deadline) {
    // It has been answered already; to judge it now would only keep the others waiting.
    parentPort?.postMessage({ id } satisfies WorkerAnswer)
    return
  }
  const context = contextOf(snapshot, { now: Date.now, monotonic: processClock })
  void Promise.resolve(review({ path, body, deadline }, context)).then(reviewed =>
    parentPort?.postMessage({ id, reviewed } satisfies WorkerAnswer),
  )
})
