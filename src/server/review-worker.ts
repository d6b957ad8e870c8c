import { parentPort, workerData } from 'node:worker_threads'
import type { ReviewPath } from '../review/path.ts'
import { type Reviewed, review } from '../review/review.ts'
import { fromPortable, namespaceLabelsOf, type PortableSnapshot, type Snapshot } from './snapshot.ts'

/** What the main thread asks. `milliseconds`: how long the answer may take from now on. */
export type WorkerRequest =
  | { readonly kind: 'snapshot'; readonly snapshot: PortableSnapshot }
  | {
      readonly kind: 'review'
      readonly id: number
      readonly path: ReviewPath
      readonly body: Uint8Array
      readonly milliseconds: number
    }

/** What it is told. */
export interface WorkerAnswer {
  readonly id: number
  readonly reviewed: Reviewed
}

let snapshot: Snapshot = fromPortable(workerData as PortableSnapshot)

parentPort?.on('message', (message: WorkerRequest) => {
  if (message.kind === 'snapshot') {
    snapshot = fromPortable(message.snapshot)
    return
  }
  const { id, path, body, milliseconds } = message
  const monotonic = () => performance.now()
  const reviewed = review(
    { path, body, deadline: monotonic() + milliseconds },
    { set: snapshot.set, namespaceLabels: namespaceLabelsOf(snapshot.namespaces), now: () => Date.now(), monotonic },
  )
  parentPort?.postMessage({ id, reviewed } satisfies WorkerAnswer)
})
