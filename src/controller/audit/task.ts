import type { DiscoveredResource } from '../../cluster/discovery.ts'
import type { SweepContext } from '../sweep.ts'
import type { ControllerContext, Task } from '../task.ts'
import { type Audit, audit } from './audit.ts'
import { type PolicyFindings, RESULTS } from './findings.ts'
import type { AuditMetrics } from './metrics.ts'
import { type ReportApi, reportApis } from './report-api.ts'
import { removeReports, writeReports } from './reports.ts'

/** What the audit is told by the other parts. */
export interface AuditTaskOptions {
  readonly intervalMs: number
  /** The policies in force; undefined while not all of them have been seen. */
  readonly snapshot: () => Promise<Omit<SweepContext, 'served' | 'now' | 'seen'> | undefined>
  readonly served: () => Promise<readonly DiscoveredResource[]>
  readonly metrics: AuditMetrics
  /** Milliseconds between two pages of the API's lists. */
  readonly pauseMs?: number
}

/** Five pages a second are 2,500 objects: slow enough for any API server. */
const PAUSE_MS = 200
/** Before the policies of the cluster are known nothing can be said; it is looked again soon. */
const RETRY_MS = 1000

/** Judges what is there already, again and again, and says what it found in metrics and reports. It refuses nothing. */
export function auditTask(context: ControllerContext, options: AuditTaskOptions): Task {
  const { intervalMs, metrics } = options
  let at = Number.NEGATIVE_INFINITY
  let written = ''
  return {
    name: 'audit',
    intervalMs: Math.min(RETRY_MS, intervalMs),
    async round(signal) {
      const started = context.now()
      if (started - at < intervalMs) return
      const snapshot = await options.snapshot()
      if (snapshot === undefined) return
      const served = await options.served()
      const found = await audit(
        context.client,
        { ...snapshot, served, now: started },
        { pauseMs: options.pauseMs ?? PAUSE_MS, signal },
      )
      if (signal.aborted) return
      at = started
      say(metrics, found.findings)
      metrics.objects.set(found.objects)
      metrics.unlisted.set(found.failures.size)
      const [api, ...others] = reportApis(served)
      // What was written before the preferred kind was installed would stay for ever.
      if (api?.group !== written) for (const other of others) await removeReports(context.client, other)
      written = api?.group ?? ''
      const failures = await report(context, options, found, api, signal)
      metrics.duration.set((context.now() - started) / 1000)
      context.log.info({ objects: found.objects, seconds: (context.now() - started) / 1000 }, 'audit done')
      const [failure] = [...found.failures, ...failures.map(error => ['a report', error] as const)]
      if (failure !== undefined) throw new Error(`the audit is not whole: ${failure[0]}`, { cause: failure[1] })
    },
  }
}

function say({ results }: AuditMetrics, findings: readonly PolicyFindings[]): void {
  results.reset()
  for (const { policy, summary } of findings)
    for (const result of RESULTS) results.inc({ policy, result }, summary[result])
}

/** Reports where the cluster has a place for them. */
async function report(
  { client, now, log }: ControllerContext,
  { metrics }: AuditTaskOptions,
  { findings, failures }: Audit,
  api: ReportApi | undefined,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  metrics.reports.reset()
  if (api === undefined) {
    log.info({}, 'no reports: the cluster serves neither openreports.io nor wgpolicyk8s.io')
    return []
  }
  const isComplete = failures.size === 0
  const reported = await writeReports(client, api, findings, { now: now(), isComplete, signal })
  metrics.reports.set({ state: 'present' }, reported.present)
  metrics.reports.set({ state: 'omitted' }, reported.omitted)
  metrics.reports.set({ state: 'failed' }, reported.failures.length)
  return reported.failures
}
