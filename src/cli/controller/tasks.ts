import { readFile } from 'node:fs/promises'
import type { Registry } from 'prom-client'
import { cachedDiscovery, type DiscoveredResource } from '../../cluster/discovery.ts'
import type { ClusterDocuments } from '../../cluster/documents.ts'
import { createAuditMetrics } from '../../controller/audit/metrics.ts'
import { auditTask } from '../../controller/audit/task.ts'
import { certificates } from '../../controller/certificates/task.ts'
import { clientAuthTask, createClientAuthMetrics } from '../../controller/client-auth/task.ts'
import { criticalNamespaces } from '../../controller/critical-namespaces.ts'
import { followingTask } from '../../controller/following/task.ts'
import { createPodMetrics } from '../../controller/pods/metrics.ts'
import { podTask } from '../../controller/pods/task.ts'
import { preview, summaryOf } from '../../controller/preview/preview.ts'
import { policiesAgainstProbe } from '../../controller/registration/expected.ts'
import { heartbeatTask } from '../../controller/registration/heartbeat.ts'
import { createRegistrationMetrics } from '../../controller/registration/metrics.ts'
import { probe } from '../../controller/registration/probe.ts'
import { registrationTask } from '../../controller/registration/register.ts'
import { stateStore } from '../../controller/registration/state.ts'
import { revisionTask } from '../../controller/revisions.ts'
import { injectedRestarts } from '../../controller/rollouts/injected-pods.ts'
import { leftPods } from '../../controller/rollouts/left-pods.ts'
import { createRolloutMetrics } from '../../controller/rollouts/metrics.ts'
import { rolloutTask } from '../../controller/rollouts/task.ts'
import { type StatusFacts, statusTask } from '../../controller/statuses.ts'
import type { ControllerContext, Task } from '../../controller/task.ts'
import { namespaceLabelsOf } from '../../policy/match.ts'
import type { LiveSnapshot } from '../../server/live-snapshot.ts'
import type { ControllerOptions } from './options.ts'
import { lastCount, rolledOutOf, rolloutFacts, rolloutStateOf, stageBlockers } from './rollouts.ts'

/** A kind that is new is covered by wildcards after this time. */
const DISCOVERY_MS = 60_000

/** What the parts of the controller are made of. */
export interface Parts {
  readonly context: ControllerContext
  readonly options: ControllerOptions
  readonly live: LiveSnapshot
  readonly cluster: ClusterDocuments
  /** Where the parts register what they measure. */
  readonly registry: Registry
}

/** Every part of the controller, wired to what the others know. */
export function tasksOf(parts: Parts): readonly Task[] {
  const { context, options, live, cluster, registry } = parts
  const { client } = context
  let registered: StatusFacts['registered']
  let heard: StatusFacts['heartbeat']
  let refusedClients: StatusFacts['refusedClients'] = []
  const registrationMetrics = createRegistrationMetrics(registry)
  const discovered = cachedDiscovery(client, DISCOVERY_MS, () => performance.now())
  const served = async () => (await discovered()).resources
  const ask = () => probe(client, policiesAgainstProbe(verdictOf(parts)))
  const missing = missingKinds(parts)
  // What is kept of a kind that is gone has no object any more that anything could belong to.
  const lacking = async () => [
    ...(await missing()),
    ...cluster.followed.filter(({ lost }) => lost.length > 0).map(({ kind }) => kind),
  ]
  const issued = certificates(context, {
    mode: options.certificates,
    caSecret: options['ca-secret'],
    tlsSecret: options['tls-secret'],
    service: options.service,
    readCaFile: () => readFile(options['ca-file'] ?? '', 'utf8'),
    registry,
  })
  const registration = registrationTask(context, {
    target: targetOf(parts),
    excludedNamespaces: unaskedNamespaces(options),
    timeoutSeconds: Math.min(5, Math.ceil(options['webhook-timeout'] / 1000)),
    wanted: options.mode,
    missing,
    snapshot: () => {
      const { set, injections } = live.current
      const { injections: made, shadows } = injections
      return { policies: set.policies, hasInjections: made.length + shadows.length > 0 }
    },
    brake: () => cluster.brake(),
    served,
    bundle: issued.bundle,
    blockers: () => blockers(parts, served),
    probe: ask,
    state: stateStore(client, context.namespace),
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
    policies: live.current.set.documents.map(({ name }) => name),
    stale: live.stale,
    rollout: (kind, name) => rolloutStateOf(live.current, kind, name),
    registered,
    heartbeat: heard,
    refusedClients,
  }))
  const revisions = revisionTask(context, async () => {
    if ((await lacking()).length > 0) return undefined
    const { set, injections } = live.current
    return {
      inForce: [...set.documents, ...set.exceptions, ...injections.documents],
      objects: cluster.objects(),
      rolledOut: rolledOutOf(set.rollouts),
    }
  })
  const auditing = auditTask(context, {
    intervalMs: options['audit-interval'],
    snapshot: async () => ((await missing()).length > 0 ? undefined : verdictOf(parts)),
    served,
    metrics: createAuditMetrics(registry),
  })
  const clientAuth = clientAuthTask(context, {
    readyAfterMs: options['client-auth-ready-after'],
    metrics: createClientAuthMetrics(registry),
    monotonic: () => performance.now(),
    onRefused: names => {
      refusedClients = names
    },
  })
  const counted = lastCount()
  const pods = podTask(context, {
    intervalMs: options['pod-interval'],
    metrics: createPodMetrics(registry),
    onCount: counted.take,
  })
  const rollouts = rolloutTask(context, {
    intervalMs: options['rollout-interval'],
    facts: async () => ((await lacking()).length > 0 ? undefined : rolloutFacts(live.current, cluster)),
    pods: () => counted.young(options['pod-interval']),
    wouldBlock: stageBlockers({
      client,
      verdict: () => ({ ...verdictOf(parts), injections: live.current.injections }),
      served,
      unasked: unaskedNamespaces(options),
      monotonic: () => performance.now(),
    }),
    injectedRestarts: (target, since) => injectedRestarts(client, target, since),
    metrics: createRolloutMetrics(registry),
    leftPods: target => leftPods(client, target),
    monotonic: () => performance.now(),
  })
  return [
    ...(issued.task === undefined ? [] : [issued.task]),
    registration,
    heartbeat,
    statuses,
    revisions,
    clientAuth,
    followingTask(context, { own: () => cluster.followed }),
    // 0 switches each of these off.
    ...(options['audit-interval'] === 0 ? [] : [auditing]),
    ...(options['pod-interval'] === 0 ? [] : [pods]),
    ...(options['rollout-interval'] === 0 ? [] : [rollouts]),
  ]
}

/** What decides the controller's own verdicts at this moment. */
function verdictOf({ live, context }: Parts) {
  const { set, namespaces } = live.current
  return { set, namespaceLabels: namespaceLabelsOf(namespaces), now: context.now() }
}

/** Nobody is asked about these: what the policies leave out, and what must start without the gateway. */
function unaskedNamespaces(options: ControllerOptions): readonly string[] {
  return [...options['exclude-namespaces'], ...options['bootstrap-namespaces']]
}

function targetOf({ options, context: { namespace } }: Parts) {
  const url = options['registration-url']
  return url === undefined ? { service: { name: options.service, namespace, port: options['service-port'] } } : { url }
}

/** The kinds of which no list has been seen; once there are none, the documents of all of them are in force. */
function missingKinds({ cluster, live }: Parts): () => Promise<readonly string[]> {
  let isWhole = false
  return async () => {
    if (isWhole || cluster.missing.length > 0) return isWhole ? [] : cluster.missing
    await live.reload()
    isWhole = true
    return []
  }
}

/** What stands against enforcing, a sentence each. */
async function blockers(
  parts: Parts,
  served: () => Promise<readonly DiscoveredResource[]>,
): Promise<readonly string[]> {
  const { options, context } = parts
  const unasked = unaskedNamespaces(options)
  const blocked = options['accept-blocked']
    ? []
    : await preview(context.client, { ...verdictOf(parts), served: await served() }, unasked)
  const refused =
    blocked.length === 0
      ? []
      : [`${summaryOf(blocked)}: portcullis preview --cluster says why, --accept-blocked accepts it`]
  const known = [...unasked, ...options['accept-critical-namespaces']]
  const critical = (await criticalNamespaces(context.client)).filter(name => !known.includes(name))
  return [
    ...refused,
    ...critical.map(
      name => `node-critical pods run in namespace ${name}: exclude it (--bootstrap-namespaces) or accept it`,
    ),
  ]
}
