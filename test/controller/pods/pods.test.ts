import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { countPods, growthOf } from '../../../src/controller/pods/count.ts'
import { createPodMetrics } from '../../../src/controller/pods/metrics.ts'
import { OwnerBook } from '../../../src/controller/pods/owner-book.ts'
import { podTask } from '../../../src/controller/pods/task.ts'
import { dig, type JsonObject } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

function world() {
  const cluster = new FakeCluster()
  const workload = (kind: string, resource: string, name: string, fields: JsonObject, namespace = 'shop') =>
    cluster.put(`/apis/apps/v1/namespaces/${namespace}/${resource}`, {
      apiVersion: 'apps/v1',
      kind,
      metadata: { name },
      spec: { selector: { matchLabels: { app: name } }, ...fields },
    })
  let count = 0
  const pod = (owner: JsonObject | undefined, fields: JsonObject = {}, status: JsonObject = { phase: 'Running' }) => {
    const name = String(dig(owner, 'metadata', 'name') ?? 'bare')
    const reference = owner && {
      apiVersion: 'apps/v1',
      kind: owner['kind'] ?? '',
      name,
      uid: dig(owner, 'metadata', 'uid') ?? '',
      controller: true,
    }
    return cluster.put(`/api/v1/namespaces/${String(dig(owner, 'metadata', 'namespace') ?? 'shop')}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-${count++}`,
        generateName: `${name}-`,
        labels: { app: name },
        ...(reference && { ownerReferences: [reference] }),
        ...fields,
      },
      status,
    })
  }
  return {
    cluster,
    pod,
    replicaSet: (name: string, replicas: number, namespace?: string) =>
      workload('ReplicaSet', 'replicasets', name, { replicas }, namespace),
    daemonSet: (name: string) => workload('DaemonSet', 'daemonsets', name, {}),
  }
}

async function look(cluster: FakeCluster, book = new OwnerBook(cluster.client)) {
  const { pods, conspicuous } = await countPods(cluster.client, book)
  return {
    pods,
    conspicuous: conspicuous.map(
      owned => `${owned.owner.name}: ${owned.orphans} of ${owned.pods}, ${growthOf(owned).toFixed(1)}`,
    ),
  }
}

describe('pods and what made them', () => {
  it('are as they should be where every owner selects its pods and has as many as it wants', async () => {
    const { cluster, replicaSet, daemonSet, pod } = world()
    const [web, agent] = [replicaSet('web', 3), daemonSet('agent')]
    for (let count = 0; count < 3; count++) pod(web)
    for (let count = 0; count < 9; count++) pod(agent)
    pod(undefined)
    expect(await look(cluster)).toEqual({ pods: 13, conspicuous: [] })
  })

  it('are orphans where their owner does not select them', async () => {
    const { cluster, replicaSet, pod } = world()
    const web = replicaSet('web', 2)
    pod(web)
    for (let count = 0; count < 4; count++) pod(web, { labels: { team: 'payments' } })
    expect((await look(cluster)).conspicuous).toEqual(['web: 4 of 5, 2.5'])
  })

  it('are orphans where their ReplicaSet has let go of them, as it does within moments', async () => {
    const { cluster, replicaSet, pod } = world()
    replicaSet('web', 1)
    for (let count = 0; count < 30; count++) pod(undefined, { generateName: 'web-', labels: {} })
    // Somebody's own, with a name that is nobody's.
    pod(undefined, { generateName: 'debug-' })
    expect(await look(cluster)).toEqual({ pods: 31, conspicuous: ['web: 30 of 30, 30.0'] })
  })

  it('do not count once they have ended or are being deleted', async () => {
    const { cluster, replicaSet, pod } = world()
    const web = replicaSet('web', 1)
    pod(web)
    for (let count = 0; count < 5; count++) pod(web, { deletionTimestamp: '2030-01-01T00:00:00Z' })
    pod(web, {}, { phase: 'Failed' })
    pod(web, {}, { phase: 'Succeeded' })
    expect(await look(cluster)).toEqual({ pods: 1, conspicuous: [] })
  })

  it('are too many only for what their owner wants by now', async () => {
    const { cluster, replicaSet, pod } = world()
    const web = replicaSet('web', 1)
    pod(web)
    const book = new OwnerBook(cluster.client)
    expect((await look(cluster, book)).conspicuous).toEqual([])
    for (let count = 0; count < 4; count++) pod(web)
    cluster.edit('/apis/apps/v1/namespaces/shop/replicasets/web', { spec: { replicas: 5 } })
    expect((await look(cluster, book)).conspicuous).toEqual([])
    pod(web)
    expect((await look(cluster, book)).conspicuous).toEqual(['web: 0 of 6, 1.2'])
  })

  it('are nobody’s where the owner is gone or is another one of the same name', async () => {
    const { cluster, replicaSet, pod } = world()
    const web = replicaSet('web', 1)
    for (let count = 0; count < 4; count++) pod(web, { labels: {} })
    cluster.drop('/apis/apps/v1/namespaces/shop/replicasets/web')
    expect((await look(cluster)).conspicuous).toEqual([])
    replicaSet('web', 1)
    expect((await look(cluster)).conspicuous).toEqual([])
  })

  it('cost the API a page for 500, one request for each owner that is new, and one list where many are', async () => {
    const { cluster, replicaSet, pod } = world()
    const book = new OwnerBook(cluster.client)
    for (let count = 0; count < 3; count++) pod(replicaSet(`web-${count}`, 1))
    await look(cluster, book)
    expect(cluster.requests.map(request => request.replace(/-\d$/, ''))).toEqual([
      'GET /api/v1/pods',
      ...Array(3).fill('GET /apis/apps/v1/namespaces/shop/replicasets/web'),
    ])
    for (let count = 0; count < 900; count++) pod(replicaSet(`more-${count}`, 1))
    cluster.requests.length = 0
    await look(cluster, book)
    expect(cluster.requests).toEqual([
      'GET /api/v1/pods',
      ...Array(2).fill('GET /apis/apps/v1/replicasets'),
      'GET /api/v1/pods',
    ])
    cluster.requests.length = 0
    await look(cluster, book)
    expect(cluster.requests).toEqual(['GET /api/v1/pods', 'GET /api/v1/pods'])
  })
})

describe('the task that counts pods', () => {
  it('measures, and tells of each owner once by an Event', async () => {
    const { cluster, replicaSet, pod } = world()
    replicaSet('web', 1)
    for (let count = 0; count < 3; count++) pod(undefined, { generateName: 'web-', labels: {} })
    const registry = new Registry()
    const task = podTask(
      {
        client: cluster.client,
        namespace: 'portcullis-system',
        now: () => 0,
        log: { info() {}, warn() {}, error() {} },
      },
      { intervalMs: 1000, metrics: createPodMetrics(registry) },
    )
    await task.round(new AbortController().signal)
    await task.round(new AbortController().signal)
    const text = await registry.metrics()
    expect(text).toContain('portcullis_orphaned_pods{namespace="shop"} 3')
    expect(text).toContain('portcullis_pod_growth_ratio{namespace="shop",kind="ReplicaSet",owner="web"} 3')
    expect(text).toContain('portcullis_cluster_pods 3')
    const events = cluster.paths.filter(path => path.includes('/events/')).map(path => cluster.get(path))
    expect(events).toMatchObject([{ reason: 'OrphanedPods', regarding: { kind: 'ReplicaSet', name: 'web' } }])
    expect(dig(events[0], 'note')).toContain('3 pods of its 3 it does not select any more, and wants 1')
    // Mended, and wrong again: told again.
    cluster.drop('/apis/apps/v1/namespaces/shop/replicasets/web')
    await task.round(new AbortController().signal)
    expect(await registry.metrics()).not.toContain('portcullis_orphaned_pods{')
    replicaSet('web', 1)
    await task.round(new AbortController().signal)
    expect(cluster.paths.filter(path => path.includes('/events/'))).toHaveLength(2)
  })
})
