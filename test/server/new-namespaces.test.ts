import { afterEach, describe, expect, it } from 'vitest'
import { FakeCluster } from '../support/fake-cluster.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { hostPathPod, policyFolder, reviewOf } from '../support/reviews.ts'
import { sample } from '../support/wire.ts'

const PATH = '/api/v1/namespaces'
let gateway: TestGateway | undefined

afterEach(async () => {
  await gateway?.stop()
  gateway = undefined
})

/** A gateway whose policy is about namespaces of the tier `production`, and that knows of none. */
async function start(cluster: FakeCluster, followsNamespaces = true) {
  gateway = await startTestGateway({
    client: cluster.client,
    followsNamespaces,
    policies: policyFolder({
      name: 'host-path',
      matchConstraints: { namespaceSelector: { matchLabels: { tier: 'production' } } },
    }),
  })
  const { ask, metrics } = gateway
  return {
    answer: async (namespace = 'new') =>
      (await ask('/validate', reviewOf(hostPathPod('/'), { namespace }))).response.allowed,
    count: async (result: string) => sample(await metrics(), 'portcullis_namespace_lookups_total', { result }),
  }
}

describe('a namespace that is newer than what the gateway has seen', () => {
  it('is asked for by name: its labels decide', async () => {
    const cluster = new FakeCluster()
    cluster.put(PATH, { metadata: { name: 'test', labels: { tier: 'test' } } })
    cluster.put(PATH, { metadata: { name: 'live', labels: { tier: 'production' } } })
    const { answer, count } = await start(cluster)
    expect([await answer('test'), await answer('live')]).toEqual([true, false])
    expect(await count('found')).toBe(2)
  })

  it('gets the strictest answer where nobody can say', async () => {
    const cluster = new FakeCluster()
    const { answer, count } = await start(cluster)
    expect(await answer()).toBe(false)
    cluster.fault = () => {
      throw new Error('nobody answers')
    }
    expect(await answer()).toBe(false)
    expect([await count('not-found'), await count('failed')]).toEqual([1, 1])
  })

  it('is not asked for by a gateway that does not follow the cluster', async () => {
    const cluster = new FakeCluster()
    const { answer } = await start(cluster, false)
    expect(await answer()).toBe(false)
    expect(cluster.requests).toEqual([])
  })

  it('is asked for once at a time, and waited for no longer than a quarter of the time that is left', async () => {
    const cluster = new FakeCluster()
    const { client } = cluster
    const { answer, count } = await start({
      ...cluster,
      client: { ...client, read: () => new Promise(() => {}) },
    } as never)
    expect(await Promise.all([answer(), answer(), answer()])).toEqual([false, false, false])
    expect(await count('late')).toBe(3)
  })
})
