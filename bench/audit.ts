// `npm run bench:audit`: the audit and the search for orphans on a real API server with many pods. Not part of the tests: it
// makes 10,000 pods and 2,000 Deployments (with their ReplicaSets), which takes some minutes. Needs what test:e2e needs.
import process from 'node:process'
import { Registry } from 'prom-client'
import { CHECKS } from '../src/checks/index.ts'
import { digest, documentSources, readDocuments } from '../src/cli/documents.ts'
import { type ClusterClient, connect } from '../src/cluster/client.ts'
import { discover } from '../src/cluster/discovery.ts'
import { createAuditMetrics } from '../src/controller/audit/metrics.ts'
import { auditTask } from '../src/controller/audit/task.ts'
import { countPods } from '../src/controller/pods/count.ts'
import { OwnerBook } from '../src/controller/pods/owner-book.ts'
import { NO_NAMESPACE_LABELS } from '../src/policy/match.ts'
import { loadSet } from '../src/policy/set.ts'

const [PODS, WORKLOADS, NAMESPACES] = [
  Number(process.env['BENCH_PODS'] ?? 10_000),
  Number(process.env['BENCH_WORKLOADS'] ?? 2000),
  40,
]
const PARALLEL = 20
const ROUNDS = 3

const client = connect({ kubeconfig: process.env['BENCH_KUBECONFIG'] ?? '' })
const say = (text: string) => process.stdout.write(`${text}\n`)
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`

/** Runs these, some at a time. */
async function all<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items]
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
    }),
  )
}

const namespaceOf = (index: number) => `team-${index % NAMESPACES}`

/** Of every twentieth workload the template mounts a host path that is refused. */
const templateOf = (index: number) => ({
  metadata: { labels: { app: `app-${index}` } },
  spec: {
    containers: [
      {
        name: 'app',
        image: `registry.example.com/app-${index}:1`,
        env: Array.from({ length: 15 }, (_, count) => ({
          name: `SETTING_${count}`,
          value: `a value of some length ${count}`,
        })),
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
        ...(index % 20 === 0 && { volumeMounts: [{ name: 'host', mountPath: '/host' }] }),
      },
    ],
    ...(index % 20 === 0 && { volumes: [{ name: 'host', hostPath: { path: '/var/lib/kubelet' } }] }),
  },
})

async function fill(): Promise<void> {
  await all([...Array(NAMESPACES).keys()], async index => {
    const namespace = namespaceOf(index)
    await client.create({ group: '', version: 'v1', resource: 'namespaces' }, { metadata: { name: namespace } })
    const accounts = { group: '', version: 'v1', resource: 'serviceaccounts', namespace }
    await client.create(accounts, { metadata: { name: 'default' } })
  })
  await all([...Array(WORKLOADS).keys()], async index => {
    const namespace = namespaceOf(index)
    const template = templateOf(index)
    const spec = { replicas: PODS / WORKLOADS, selector: { matchLabels: template.metadata.labels }, template }
    const apps = (resource: string) => ({ group: 'apps', version: 'v1', resource, namespace })
    const deployment = await client.create(apps('deployments'), { metadata: { name: `app-${index}` }, spec } as never)
    const own = (kind: string, name: string, { object }: Awaited<ReturnType<ClusterClient['create']>>) => ({
      ownerReferences: [
        { apiVersion: 'apps/v1', kind, name, controller: true, uid: (object['metadata'] as { uid: string }).uid },
      ],
    })
    const name = `app-${index}-1`
    const replicaSet = await client.create(apps('replicasets'), {
      metadata: { name, ...own('Deployment', `app-${index}`, deployment) },
      spec,
    } as never)
    for (let count = 0; count < PODS / WORKLOADS; count++) {
      await client.create({ group: '', version: 'v1', resource: 'pods', namespace }, {
        ...template,
        metadata: { ...template.metadata, name: `${name}-${count}`, ...own('ReplicaSet', name, replicaSet) },
      } as never)
    }
  })
}

/** The same API, counted. */
function counting(): { readonly client: ClusterClient; requests(): number } {
  let requests = 0
  const count =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args) => {
      requests++
      return call(...args)
    }
  const { list, read, create, replace, remove } = client
  return {
    client: {
      ...client,
      list: count(list),
      read: count(read),
      create: count(create),
      replace: count(replace),
      remove: count(remove),
    },
    requests: () => requests,
  }
}

const started = performance.now()
await fill()
say(
  `${PODS} pods, ${WORKLOADS} Deployments, ${WORKLOADS} ReplicaSets in ${NAMESPACES} namespaces after ${Math.round((performance.now() - started) / 1000)} s`,
)

const sources = documentSources({ policies: undefined, exceptions: undefined, 'enable-exception': ['k3s-local-path'] })
const { set } = loadSet(await readDocuments(sources), { checks: CHECKS, excludedNamespaces: ['kube-system'], digest })
const { resources } = await discover(client)
const counted = counting()
const registry = new Registry()
const context = {
  client: counted.client,
  namespace: 'portcullis-system',
  now: () => Date.now(),
  log: { info() {}, warn() {}, error() {} },
}
const task = auditTask(context, {
  intervalMs: 0,
  metrics: createAuditMetrics(registry),
  served: async () => resources,
  snapshot: async () => ({ set, namespaceLabels: NO_NAMESPACE_LABELS }),
})
const book = new OwnerBook(counted.client)
say(`RSS before: ${mebibytes(process.memoryUsage.rss())}`)
for (let round = 1; round <= ROUNDS; round++) {
  const measured = async (what: string, work: () => Promise<unknown>) => {
    const [before, from, cpu] = [counted.requests(), performance.now(), process.cpuUsage()]
    await work()
    const { user, system } = process.cpuUsage(cpu)
    const seconds = ((performance.now() - from) / 1000).toFixed(1)
    say(
      `round ${round}, ${what}: ${seconds} s, CPU ${((user + system) / 1e6).toFixed(1)} s, ${counted.requests() - before} requests`,
    )
  }
  await measured('audit', () => task.round(new AbortController().signal))
  await measured('pods', () => countPods(counted.client, book))
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  say(
    `round ${round}: RSS ${mebibytes(rss)}, heap ${mebibytes(heapUsed)}, peak RSS ${mebibytes(process.resourceUsage().maxRSS * 1024)}`,
  )
}
const lines = (await registry.metrics())
  .split('\n')
  .filter(line => /^portcullis_audit_(?:objects|reports|results.*(?:fail|error))/.test(line))
say(lines.join('\n'))
process.exit(0)
