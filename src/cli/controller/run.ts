import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type pino from 'pino'
import { cachedDiscovery } from '../../cluster/discovery.ts'
import type { ClusterDocuments } from '../../cluster/documents.ts'
import { LeaderElection } from '../../cluster/lease.ts'
import { certificates } from '../../controller/certificates/task.ts'
import { criticalNamespaces } from '../../controller/critical-namespaces.ts'
import { createControllerMetrics } from '../../controller/metrics.ts'
import { preview, summaryOf } from '../../controller/preview/preview.ts'
import { policiesAgainstProbe } from '../../controller/registration/expected.ts'
import { heartbeatTask } from '../../controller/registration/heartbeat.ts'
import { createRegistrationMetrics } from '../../controller/registration/metrics.ts'
import { probe } from '../../controller/registration/probe.ts'
import { registrationTask } from '../../controller/registration/register.ts'
import { stateStore } from '../../controller/registration/state.ts'
import { runTasks } from '../../controller/run-tasks.ts'
import { type StatusFacts, statusTask } from '../../controller/statuses.ts'
import type { ControllerContext, Task } from '../../controller/task.ts'
import { namespaceLabelsOf } from '../../policy/match.ts'
import { buildHealth } from '../../server/health.ts'
import { LiveSnapshot } from '../../server/live-snapshot.ts'
import { createMetrics } from '../../server/metrics.ts'
import type { Io } from '../io.ts'
import { documentStore, followCluster } from '../serve/document-store.ts'
import { VERSION } from '../version.ts'
import type { ControllerOptions } from './options.ts'

/** A kind that is new is covered by wildcards after this time. */
const DISCOVERY_MS = 60_000

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
  const tasks = tasksOf(context, options, live, cluster, metrics.registry)
  const health = buildHealth(
    metrics,
    () => ({ missing: cluster.missing.map(kind => `no list of the kind ${kind} has been seen`), notes: [] }),
    () => {},
  )
  try {
    await health.listen(options['health-listen'])
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
    onChange: isLeading => {
      controllerMetrics.leader.set(isLeading ? 1 : 0)
      logger.info({ isLeading }, isLeading ? 'leading' : 'no longer leading')
    },
    onError: error => logger.warn({ err: error }, 'the lease could not be read or written'),
  })
  logger.info({ namespace: context.namespace, mode: options.mode }, 'controller started')
  await election.run(signal => runTasks(tasks, context, controllerMetrics, signal), stop.signal)
  stopWatch()
  await health.close()
  logger.info('stopped')
  return { ok: true }
}

function tasksOf(
  context: ControllerContext,
  options: ControllerOptions,
  live: LiveSnapshot,
  cluster: ClusterDocuments,
  registry: ReturnType<typeof createMetrics>['registry'],
): readonly Task[] {
  const { client, namespace, now } = context
  let registered: StatusFacts['registered']
  let heard: StatusFacts['heartbeat']
  const registrationMetrics = createRegistrationMetrics(registry)
  const ask = () => {
    const { set, namespaces } = live.current
    return probe(client, policiesAgainstProbe({ set, namespaceLabels: namespaceLabelsOf(namespaces), now: now() }))
  }
  let isWhole = false
  /** The kinds of which no list has been seen; once there are none, the documents of all of them are in force. */
  const whole = async () => {
    if (isWhole || cluster.missing.length > 0) return isWhole ? [] : cluster.missing
    await live.reload()
    isWhole = true
    return []
  }
  const issued = certificates(context, {
    mode: options.certificates,
    caSecret: options['ca-secret'],
    tlsSecret: options['tls-secret'],
    service: options.service,
    readCaFile: () => readFile(options['ca-file'] ?? '', 'utf8'),
    registry,
  })
  const served = cachedDiscovery(client, DISCOVERY_MS, () => performance.now())
  const excludedNamespaces = [...options['exclude-namespaces'], ...options['bootstrap-namespaces']]
  const url = options['registration-url']
  const registration = registrationTask(context, {
    target:
      url === undefined ? { service: { name: options.service, namespace, port: options['service-port'] } } : { url },
    excludedNamespaces,
    timeoutSeconds: Math.min(5, Math.ceil(options['webhook-timeout'] / 1000)),
    wanted: options.mode,
    missing: whole,
    snapshot: () => {
      const { set, injections } = live.current
      return { policies: set.policies, hasInjections: injections.injections.length > 0 }
    },
    brake: () => cluster.brake(),
    served: async () => (await served()).resources,
    bundle: issued.bundle,
    blockers: async () => {
      const { set, namespaces } = live.current
      const context = {
        set,
        namespaceLabels: namespaceLabelsOf(namespaces),
        now: now(),
        served: (await served()).resources,
      }
      const blocked = options['accept-blocked'] ? [] : await preview(client, context, excludedNamespaces)
      const refused =
        blocked.length === 0
          ? []
          : [`${summaryOf(blocked)}: portcullis preview --cluster says why, --accept-blocked accepts it`]
      const known = [...excludedNamespaces, ...options['accept-critical-namespaces']]
      const critical = (await criticalNamespaces(client)).filter(name => !known.includes(name))
      return [
        ...refused,
        ...critical.map(
          name => `node-critical pods run in namespace ${name}: exclude it (--bootstrap-namespaces) or accept it`,
        ),
      ]
    },
    probe: ask,
    state: stateStore(client, namespace),
    metrics: registrationMetrics,
    onRegistered: now => {
      registered = now
    },
  })
  const heartbeat = heartbeatTask(context, {
    probe: ask,
    metrics: registrationMetrics,
    onResult: result => {
      heard = result
    },
  })
  const statuses = statusTask(context, () => ({
    objects: cluster.objects(),
    problems: live.problems,
    stale: live.stale,
    registered,
    heartbeat: heard,
  }))
  return [...(issued.task === undefined ? [] : [issued.task]), registration, heartbeat, statuses]
}
