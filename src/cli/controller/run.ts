import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type pino from 'pino'
import type { Registry } from 'prom-client'
import type { ClusterDocuments } from '../../cluster/documents.ts'
import { followingNotes } from '../../cluster/following.ts'
import { LeaderElection } from '../../cluster/lease.ts'
import { createControllerMetrics } from '../../controller/metrics.ts'
import type { ControllerContext } from '../../controller/task.ts'
import { leadTerm } from '../../controller/term.ts'
import { buildHealth } from '../../server/health.ts'
import { oneAddress } from '../../server/listener.ts'
import { LiveSnapshot } from '../../server/live-snapshot.ts'
import { createMetrics, observeFollowing } from '../../server/metrics.ts'
import type { Io } from '../io.ts'
import { documentStore, followCluster } from '../serve/document-store.ts'
import { VERSION } from '../version.ts'
import type { ControllerOptions } from './options.ts'
import { tasksOf } from './tasks.ts'

/** The Lease that controllers lead by. */
export const LEASE = 'portcullis-controller'

/** Runs until the process is asked to stop; the problems are why it could not start. */
export async function runController(
  context: ControllerContext,
  options: ControllerOptions,
  io: Io,
  logger: pino.Logger,
): Promise<Ended> {
  const cluster = await followCluster(context.client, io.env, (kind, error) =>
    logger.warn({ err: error, kind }, 'the cluster cannot be followed; what is known stays'),
  )
  try {
    return await lead(context, options, io, logger, cluster)
  } finally {
    // Its watches would keep the process alive.
    cluster.stop()
  }
}

type Ended = { readonly ok: true } | { readonly ok: false; readonly problems: readonly string[] }

async function lead(
  context: ControllerContext,
  options: ControllerOptions,
  io: Io,
  logger: pino.Logger,
  cluster: ClusterDocuments,
): Promise<Ended> {
  const metrics = createMetrics()
  const documents = await LiveSnapshot.load(documentStore(options, io.env, cluster), metrics, logger)
  if (!documents.ok) return { ok: false, problems: documents.problems }
  const { live } = documents
  const stopWatch = live.watch(options['reload-interval'])
  metrics.buildInfo.set({ version: VERSION }, 1)
  const controllerMetrics = createControllerMetrics(metrics.registry)
  const health = buildHealth({
    metrics,
    readiness: () => ({
      missing: cluster.missing.map(kind => `no list of the kind ${kind} has been seen`),
      notes: followingNotes(cluster.followed),
    }),
    beforeScrape: () => {
      controllerMetrics.clockSkew.set(context.client.skewMs() / 1000)
      observeFollowing(metrics, cluster.followed)
    },
  })
  try {
    await health.listen(oneAddress(options['health-listen']))
  } catch (error) {
    stopWatch()
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, problems: [`cannot listen: ${message}; choose another address with --health-listen`] }
  }
  const stop = new AbortController()
  io.onStop(() => stop.abort())
  const election = new LeaderElection({
    client: context.client,
    namespace: context.namespace,
    name: LEASE,
    identity: `${io.env['POD_NAME'] || hostname()}-${randomBytes(4).toString('hex')}`,
    now: context.now,
    monotonic: () => performance.now(),
    onChange: isLeading => logger.info({ isLeading }, isLeading ? 'leading' : 'no longer leading'),
    onError: error => logger.warn({ err: error }, 'the lease could not be read or written'),
  })
  logger.info({ namespace: context.namespace, mode: options.mode }, 'controller started')
  const term = {
    context,
    page: metrics.registry,
    metrics: controllerMetrics,
    tasksOf: (registry: Registry) => tasksOf({ context, options, live, cluster, registry }),
  }
  await election.run(signal => leadTerm(term, signal), stop.signal)
  stopWatch()
  await health.close()
  logger.info('stopped')
  return { ok: true }
}
