// `npm run bench:fleet`: a rollout through a fleet of 2,000 namespaces and 100,000 pods, against an API server's stand-in in this process.
// Prints what each round costs: milliseconds, requests, memory. What the stand-in itself takes to write its JSON is in the milliseconds.
import process from 'node:process'
import { CHECKS } from '../src/checks/index.ts'
import { stageBlockers } from '../src/cli/controller/rollouts.ts'
import { digest } from '../src/cli/documents.ts'
import { clientOf } from '../src/cluster/client.ts'
import type { DiscoveredResource } from '../src/cluster/discovery.ts'
import { ApiError, type Send } from '../src/cluster/http.ts'
import type { PodCount } from '../src/controller/pods/count.ts'
import { createPodMetrics } from '../src/controller/pods/metrics.ts'
import { podTask } from '../src/controller/pods/task.ts'
import { rolloutTask } from '../src/controller/rollouts/task.ts'
import { NO_INJECTIONS } from '../src/injection/set.ts'
import { dig, type Json, type JsonObject } from '../src/json/value.ts'
import { namespaceLabelsOf } from '../src/policy/match.ts'
import { readRecord } from '../src/policy/rollout-record.ts'
import { loadSet } from '../src/policy/set.ts'
import { createMetrics, observeRollouts } from '../src/server/metrics.ts'

const NAMESPACES = 2000
const DEPLOYMENTS_EACH = 10
const PODS_EACH = 5
const DEPLOYMENTS = NAMESPACES * DEPLOYMENTS_EACH
/** Each Deployment has its present ReplicaSet and an old one. */
const TOTAL: Readonly<Record<string, number>> = {
  '/api/v1/pods': DEPLOYMENTS * PODS_EACH,
  '/apis/apps/v1/deployments': DEPLOYMENTS,
  '/apis/apps/v1/replicasets': DEPLOYMENTS * 2,
}
const GROUP = '/apis/portcullis.dev/v1alpha1/canaryrollouts'
const REVISIONS = '/apis/apps/v1/namespaces/portcullis-system/controllerrevisions'
const SPEC = {
  containers: [
    {
      name: 'app',
      image: 'registry.example/app:1',
      env: Array.from({ length: 10 }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(40) })),
      resources: { limits: { memory: '1Gi', cpu: '1' }, requests: { memory: '1Gi', cpu: '1' } },
    },
  ],
  serviceAccountName: 'default',
}

const namespaceOf = (deployment: number) => `team-${Math.floor(deployment / DEPLOYMENTS_EACH)}`
const labelsOf = (deployment: number, hash: string) => ({ app: `web-${deployment}`, 'pod-template-hash': hash })
const controlledBy = (kind: string, name: string, uid: string): Json => [
  { apiVersion: 'apps/v1', kind, name, uid, controller: true },
]

/** The object of an index: made when it is asked for, so that the stand-in keeps nothing. */
const MAKERS: Readonly<Record<string, (index: number) => JsonObject>> = {
  '/api/v1/pods': index => {
    const deployment = Math.floor(index / PODS_EACH)
    return {
      metadata: {
        name: `web-${deployment}-new-${index % PODS_EACH}`,
        namespace: namespaceOf(deployment),
        uid: `pod-${index}`,
        labels: labelsOf(deployment, 'new'),
        ownerReferences: controlledBy('ReplicaSet', `web-${deployment}-new`, `rs-${deployment * 2}`),
      },
      spec: SPEC,
    }
  },
  '/apis/apps/v1/deployments': index => ({
    metadata: { name: `web-${index}`, namespace: namespaceOf(index), uid: `deployment-${index}` },
    spec: {
      replicas: PODS_EACH,
      selector: { matchLabels: { app: `web-${index}` } },
      template: { metadata: { labels: { app: `web-${index}` } }, spec: SPEC },
    },
    status: { readyReplicas: PODS_EACH },
  }),
  '/apis/apps/v1/replicasets': index => {
    const deployment = Math.floor(index / 2)
    const hash = index % 2 === 0 ? 'new' : 'old'
    return {
      metadata: {
        name: `web-${deployment}-${hash}`,
        namespace: namespaceOf(deployment),
        uid: `rs-${index}`,
        labels: labelsOf(deployment, hash),
        ownerReferences: controlledBy('Deployment', `web-${deployment}`, `deployment-${deployment}`),
      },
      spec: {
        replicas: hash === 'new' ? PODS_EACH : 0,
        selector: { matchLabels: labelsOf(deployment, hash) },
        template: { metadata: { labels: labelsOf(deployment, hash) }, spec: SPEC },
      },
    }
  },
}

const kept = new Map<string, JsonObject>()
let requests = 0
let version = 0

const send: Send = async ({ method, path, query = {}, body, accept }) => {
  requests++
  const maker = MAKERS[path]
  if (maker !== undefined) {
    const from = Number(query['continue'] ?? 0)
    const to = Math.min(from + Number(query['limit'] ?? 500), TOTAL[path] ?? 0)
    const isMetadata = accept !== undefined
    const items = Array.from({ length: to - from }, (_, offset) => {
      const object = maker(from + offset)
      return isMetadata ? { metadata: object['metadata'] ?? {} } : object
    })
    const page = { metadata: { continue: to < (TOTAL[path] ?? 0) ? String(to) : '' }, items }
    return { body: JSON.parse(JSON.stringify(page)) as Json, warnings: [] }
  }
  if (method === 'GET') {
    const items = [...kept].filter(([key]) => key.startsWith(`${path}/`)).map(([, object]) => object)
    if (kept.has(path)) return { body: kept.get(path) ?? null, warnings: [] }
    // Of other kinds there is none.
    return { body: { metadata: {}, items }, warnings: [] }
  }
  const object = (body ?? {}) as JsonObject
  if (method === 'DELETE') kept.delete(path)
  else if (method === 'POST') {
    const key = `${path}/${dig(object, 'metadata', 'name') ?? version}`
    if (kept.has(key)) throw new ApiError(409, 'AlreadyExists', key, undefined)
    kept.set(key, {
      ...object,
      metadata: { ...(object['metadata'] as JsonObject), resourceVersion: String(++version) },
    })
  } else kept.set(path.replace(/\/status$/, ''), object)
  return { body: object, warnings: [] }
}

const client = clientOf('https://stand-in', send, () => () => () => {})
const document = {
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name: 'no-host-ports' },
  spec: { validationActions: ['Deny'], staged: true, checks: [{ check: 'host-ports' }] },
}
const start = { line: 1, column: 1 }
const source = {
  file: 'Policy no-host-ports',
  value: document,
  kinds: ['Policy'],
  revision: 'r1',
  locate: () => ({ start, end: start }),
}
const { set } = loadSet({ documents: [source], problems: [] }, { checks: CHECKS, excludedNamespaces: [], digest })
const namespaces = Object.fromEntries(
  Array.from({ length: NAMESPACES }, (_, index) => [`team-${index}`, index < 20 ? { ring: 'canary' } : {}]),
)
kept.set(`${GROUP}/fleet`, {
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'CanaryRollout',
  metadata: { name: 'fleet', uid: 'uid', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    target: { kind: 'Policy', name: 'no-host-ports' },
    stages: [
      { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '5m' },
      { name: 'tenth', percent: 10, hold: '5m' },
      { name: 'half', percent: 50, hold: '5m' },
      { name: 'everywhere', hold: '5m' },
    ],
    gates: {
      orphanedPods: 0,
      podGrowth: 1.5,
      denials: { ratio: 0.02, minimumRequests: 100 },
      wouldBlock: 0,
      unready: 0.05,
      errors: 0,
      latencyP99: '50ms',
    },
  },
})
for (const name of ['a', 'b', 'c'])
  kept.set(`/api/v1/namespaces/portcullis-system/pods/gateway-${name}`, {
    metadata: { name: `gateway-${name}` },
    status: { phase: 'Running', podIP: name },
  })

const gateway = createMetrics()
let now = Date.parse('2026-11-01T00:00:00Z')
const served: readonly DiscoveredResource[] = [
  { group: '', version: 'v1', resource: 'pods' },
  { group: 'apps', version: 'v1', resource: 'deployments' },
  { group: 'apps', version: 'v1', resource: 'replicasets' },
].map(resource => ({ ...resource, verbs: ['list'], namespaced: true }) as unknown as DiscoveredResource)
const silent = () => {}
const context = {
  client,
  namespace: 'portcullis-system',
  now: () => now,
  log: { info: silent, warn: silent, error: silent },
}
let counted: { readonly count: PodCount; readonly at: number } | undefined
const pods = podTask(context, {
  intervalMs: 30_000,
  metrics: createPodMetrics(createMetrics().registry),
  onCount: count => {
    counted = { count, at: now }
  },
})
const rollouts = rolloutTask(context, {
  intervalMs: 10_000,
  facts: async () => ({
    namespaces,
    target: () => ({ object: document as JsonObject, revision: 'r1' }),
    missing: () => ({ word: 'TargetMissing' as const, message: '' }),
  }),
  pods: () => counted && { ...counted, maxAgeMs: 90_000 },
  wouldBlock: stageBlockers({
    client,
    verdict: () => ({ set, injections: NO_INJECTIONS, namespaceLabels: namespaceLabelsOf(namespaces), now }),
    served: async () => served,
    unasked: [],
    monotonic: () => now,
  }),
  injectedRestarts: async () => 0,
  monotonic: () => now,
  scrape: async () => gateway.registry.metrics(),
})

interface Cost {
  readonly what: string
  readonly milliseconds: number
  readonly requests: number
}
const costs: Cost[] = []
let peak = 0

async function measure(what: string, run: () => Promise<void>): Promise<void> {
  const [began, before] = [performance.now(), requests]
  await run()
  costs.push({ what, milliseconds: performance.now() - began, requests: requests - before })
  peak = Math.max(peak, process.memoryUsage.rss())
}

const signal = new AbortController().signal
const steps: string[] = []
for (let round = 0; round < 400; round++) {
  if (round % 3 === 0) await measure('counting pods and owners', () => pods.round(signal))
  const before = requests
  await measure('round', () => rollouts.round(signal))
  // A round that asked what the next stage would lose listed the cluster.
  const last = costs.at(-1)
  if (last !== undefined && requests - before > 100)
    costs[costs.length - 1] = { ...last, what: 'round that asks for wouldBlock' }
  const records = [...kept].flatMap(([key, object]) =>
    key.startsWith(REVISIONS) ? (readRecord(object['data']) ?? []) : [],
  )
  await observeRollouts(gateway, records)
  const step = `${dig(kept.get(`${GROUP}/fleet`), 'status', 'phase')} ${dig(kept.get(`${GROUP}/fleet`), 'status', 'stage')}`
  if (steps.at(-1) !== step) steps.push(step)
  if (step.startsWith('Complete')) break
  now += 10_000
}
globalThis.gc?.()
process.stdout.write(
  `${NAMESPACES} namespaces, ${DEPLOYMENTS} Deployments, ${DEPLOYMENTS * PODS_EACH} pods: ${steps.join(', ')}\n`,
)
for (const [what, list] of Map.groupBy(costs, cost => cost.what)) {
  const sorted = list.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const sum = list.reduce((total, cost) => total + cost.requests, 0)
  process.stdout.write(
    `${what}: ${list.length} times, median ${median.toFixed(0)} ms, most ${(sorted.at(-1) ?? 0).toFixed(0)} ms, ${(sum / list.length).toFixed(1)} requests\n`,
  )
}
process.stdout.write(
  `heap ${(process.memoryUsage().heapUsed / 2 ** 20).toFixed(0)} MiB after a collection, resident ${(peak / 2 ** 20).toFixed(0)} MiB at most\n`,
)
if (!steps.at(-1)?.startsWith('Complete')) process.exit(1)
