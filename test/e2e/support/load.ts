import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { ApiServer } from './control-plane.ts'
import { dryRunCreate, podWith, WEBHOOK } from './webhooks.ts'

/** What a load has seen. */
export interface LoadResult {
  readonly sent: number
  /** The answers that were none of the two expected ones. */
  readonly failed: readonly string[]
}

/** Requests that go on until they are stopped. */
export interface Load {
  readonly sent: () => number
  stop(): Promise<LoadResult>
}

/**
 * Creates pods without keeping them, good and bad ones in turn: 201 and a refusal in the gateway's words are expected.
 * The pauses between a caller's requests vary, so that the API server's connections rest and are taken up again. It ends with the test.
 */
export function startLoad(server: ApiServer, { parallel = 12, pauseMs = 30 } = {}): Load {
  const kinds = [
    { pod: podWith({ path: '/data/app' }), status: 201, text: '"kind":"Pod"' },
    { pod: podWith({ path: '/var/lib/kubelet' }), status: 403, text: `\\"${WEBHOOK}\\" denied the request: Pod ` },
  ]
  const failed: string[] = []
  let sent = 0
  let isStopped = false
  onTestFinished(() => {
    isStopped = true
  })
  const work = async (index: number): Promise<void> => {
    for (let turn = index; !isStopped; turn++) {
      const kind = kinds[turn % kinds.length]
      if (kind === undefined) return
      sent++
      const answer = await dryRunCreate(server, kind.pod).catch((error: unknown) => ({
        status: 0,
        body: String(error),
      }))
      if (answer.status !== kind.status || !answer.body.includes(kind.text))
        failed.push(`${answer.status} ${answer.body}`)
      await sleep(Math.random() * pauseMs)
    }
  }
  const workers = Promise.all(Array.from({ length: parallel }, (_, index) => work(index)))
  return {
    sent: () => sent,
    stop: async () => {
      isStopped = true
      await workers
      return { sent, failed }
    },
  }
}
