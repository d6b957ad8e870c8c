import { setTimeout as sleep } from 'node:timers/promises'
import type { RoundMetrics } from './metrics.ts'
import type { ControllerContext, Task } from './task.ts'

/**
 * Runs the rounds of all tasks, each beside the others, until the signal is aborted; returns when the last one has ended.
 * Never rejects: what a round throws is logged and counted.
 */
export async function runTasks(
  tasks: readonly Task[],
  { log, now }: Pick<ControllerContext, 'log' | 'now'>,
  metrics: RoundMetrics,
  signal: AbortSignal,
): Promise<void> {
  const rounds = async (task: Task) => {
    while (!signal.aborted) {
      try {
        await task.round(signal)
        metrics.rounds.inc({ task: task.name, result: 'ok' })
        metrics.lastSuccess.set({ task: task.name }, now() / 1000)
      } catch (error) {
        metrics.rounds.inc({ task: task.name, result: 'failed' })
        log.error({ err: error, task: task.name }, 'a round failed; it is tried again')
      }
      await sleep(task.intervalMs, undefined, { signal }).catch(() => {})
    }
  }
  for (const { name } of tasks) for (const result of ['ok', 'failed']) metrics.rounds.inc({ task: name, result }, 0)
  await Promise.all(tasks.map(rounds))
}
