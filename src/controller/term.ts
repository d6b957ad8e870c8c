import { Registry } from 'prom-client'
import { type ControllerMetrics, createRoundMetrics } from './metrics.ts'
import { runTasks } from './run-tasks.ts'
import type { ControllerContext, Task } from './task.ts'

/** What a term of leadership is made of. */
export interface TermOptions {
  readonly context: Pick<ControllerContext, 'log' | 'now'>
  /** What the process serves under `/metrics`. */
  readonly page: Registry
  readonly metrics: ControllerMetrics
  /** Makes the parts of the controller anew, and registers their metrics. */
  readonly tasksOf: (registry: Registry) => readonly Task[]
}

/**
 * Leads until the signal is aborted: runs every part, and serves what they measure for exactly as long. A controller that went on
 * serving what it measured once would mask an alert of the next leader, or keep one firing. The parts are made anew for each term,
 * because what they remember of the cluster is of the term before.
 */
export async function leadTerm({ context, page, metrics, tasksOf }: TermOptions, signal: AbortSignal): Promise<void> {
  const registry = new Registry()
  const tasks = tasksOf(registry)
  const rounds = createRoundMetrics(registry)
  const measured = registry.getMetricsAsArray().flatMap(({ name }) => registry.getSingleMetric(name) ?? [])
  const hide = () => {
    metrics.leader.set(0)
    for (const { name } of registry.getMetricsAsArray()) page.removeSingleMetric(name)
  }
  if (signal.aborted) return
  for (const metric of measured) page.registerMetric(metric)
  metrics.leader.set(1)
  // At once: a round that is still under way may take minutes to end.
  signal.addEventListener('abort', hide, { once: true })
  await runTasks(tasks, context, rounds, signal)
}
