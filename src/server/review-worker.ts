import { parentPort, workerData } from 'node:worker_threads'
import type { OwnerSelectors } from '../review/owner.ts'
import type { Endpoint } from '../review/path.ts'
import { review } from '../review/review.ts'
import type { Reviewed } from '../review/unjudged.ts'
import type { OwnerAnswer } from '../workload/owner.ts'
import { processClock } from './clock.ts'
import { contextOf, fromPortable, type PortableSnapshot, type Snapshot } from './snapshot.ts'

/** What the main thread asks. `deadline`: when the answer has to be ready, by the clock of the process. */
export type WorkerRequest =
  | { readonly kind: 'snapshot'; readonly snapshot: PortableSnapshot }
  | {
      readonly kind: 'review'
      readonly id: number
      readonly endpoint: Endpoint
      readonly body: Uint8Array
      readonly deadline: number
    }
  | { readonly kind: 'owner'; readonly id: number; readonly answer: OwnerAnswer }

/** What it is told: a review, none where the time was over before its turn came; or a question about an owner. */
export type WorkerAnswer =
  | { readonly kind: 'reviewed'; readonly id: number; readonly reviewed?: Reviewed }
  | { readonly kind: 'owner'; readonly id: number; readonly question: Parameters<OwnerSelectors['selectorOf']> }

/** What the thread starts with. */
export interface WorkerData {
  readonly snapshot: PortableSnapshot
  /** Whether the main thread can ask the API. */
  readonly hasOwners: boolean
}

const { snapshot: first, hasOwners } = workerData as WorkerData
let snapshot: Snapshot = fromPortable(first)

/** The questions about owners that the main thread has not answered yet. */
const questions = new Map<number, (answer: OwnerAnswer) => void>()
let nextQuestion = 0
const tell = (answer: WorkerAnswer) => parentPort?.postMessage(answer)

/** The connection to the API is the main thread's: it is asked there. */
const owners: OwnerSelectors = {
  selectorOf: (...question) =>
    new Promise(resolve => {
      const id = nextQuestion++
      questions.set(id, resolve)
      tell({ kind: 'owner', id, question })
    }),
}

parentPort?.on('message', (message: WorkerRequest) => {
  if (message.kind === 'snapshot') {
    snapshot = fromPortable(message.snapshot)
    return
  }
  if (message.kind === 'owner') {
    questions.get(message.id)?.(message.answer)
    questions.delete(message.id)
    return
  }
  const { id, endpoint, body, deadline } = message
  if (processClock() >= deadline) {
    // It has been answered already; to judge it now would only keep the others waiting.
    tell({ kind: 'reviewed', id })
    return
  }
  const context = contextOf(snapshot, {
    now: Date.now,
    monotonic: processClock,
    owners: hasOwners ? owners : undefined,
  })
  void Promise.resolve(review({ ...endpoint, body, deadline }, context)).then(reviewed =>
    tell({ kind: 'reviewed', id, reviewed }),
  )
})
