import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { ClientAuthEvidence, type ReplicaCount } from '../../../src/controller/client-auth/evidence.ts'
import { clientAuthTask, createClientAuthMetrics } from '../../../src/controller/client-auth/task.ts'
import { samplesOf, scrape } from '../../../src/controller/scrape.ts'
import { dig } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const MINUTE = 60_000
const count = (name: string, admitted: number, others = 0): ReplicaCount => ({
  name,
  clients: new Map([
    ['kube-apiserver', { admitted, others: 0 }],
    ...(others > 0 ? [['none', { admitted: 0, others }] as const] : []),
  ]),
})

describe('the evidence that client certificates can be demanded', () => {
  const gather = (...rounds: readonly (readonly ReplicaCount[])[]) => {
    const evidence = new ClientAuthEvidence(10 * MINUTE)
    return rounds.map((replicas, index) => {
      const verdict = evidence.add(index * 5 * MINUTE, replicas)
      return verdict.kind === 'not-ready' ? verdict.reason : verdict.kind
    })
  }

  it('is that for ten minutes whoever asked any replica bore an allowed name', () => {
    expect(
      gather([count('a', 1), count('b', 0)], [count('a', 2), count('b', 1)], [count('a', 3), count('b', 1)]),
    ).toEqual(['waiting', 'waiting', 'ready'])
  })

  it('begins anew with everybody who asked without', () => {
    expect(
      gather([count('a', 1)], [count('a', 2, 1)], [count('a', 3, 1)], [count('a', 4, 1)], [count('a', 5, 1)]),
    ).toEqual(['waiting', 'somebody asked a as "none"', 'waiting', 'waiting', 'ready'])
  })

  it('is none while a replica does not answer, or there is none', () => {
    expect(gather([count('a', 1)], [count('a', 2), { name: 'b', clients: undefined }], [])).toEqual([
      'waiting',
      'the gateway b does not answer',
      'there is no gateway',
    ])
  })

  it('is not silence', () => {
    expect(gather([count('a', 0)], [count('a', 0)], [count('a', 0)], [count('a', 1)])).toEqual([
      'waiting',
      'waiting',
      'no API server has asked yet',
      'ready',
    ])
  })

  it('counts a replica that started anew from nothing', () => {
    expect(gather([count('a', 9)], [count('b', 1)], [count('b', 2)])).toEqual(['waiting', 'waiting', 'ready'])
  })
})

describe('the task that gathers it', () => {
  const TEXT = (observed: number, admitted = 7) => `# HELP x
portcullis_client_requests_total{client="kube-apiserver",result="admitted"} ${admitted}
portcullis_client_requests_total{client="a \\"b\\"",result="observed"} ${observed}
portcullis_other_total 1
`

  function world() {
    const cluster = new FakeCluster()
    cluster.put('/api/v1/namespaces', { kind: 'Namespace', metadata: { name: 'portcullis-system' } })
    const labels = { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/component': 'gateway' }
    const pods = '/api/v1/namespaces/portcullis-system/pods'
    cluster.put(pods, { metadata: { name: 'a', labels }, status: { podIP: '10.0.0.1', phase: 'Running' } })
    cluster.put(pods, { metadata: { name: 'gone', labels }, status: { phase: 'Succeeded' } })
    cluster.put(pods, { metadata: { name: 'controller', labels: {} } })
    const state = { now: 0, text: TEXT(0) as string | undefined, scraped: [] as string[] }
    const registry = new Registry()
    const task = clientAuthTask(
      {
        client: cluster.client,
        namespace: 'portcullis-system',
        now: () => 0,
        log: { info() {}, warn() {}, error() {} },
      },
      {
        readyAfterMs: MINUTE,
        metrics: createClientAuthMetrics(registry),
        monotonic: () => state.now,
        scrape: async ({ name }) => {
          state.scraped.push(name)
          return state.text
        },
      },
    )
    const round = async () => {
      await task.round(new AbortController().signal)
      const own = cluster.get('/api/v1/namespaces/portcullis-system')
      return dig(own, 'metadata', 'annotations', 'portcullis.dev/client-auth')
    }
    return { cluster, state, registry, round }
  }

  it('asks the gateways that run, says it once by the annotation and an Event, and asks no more', async () => {
    const { cluster, state, registry, round } = world()
    expect(await round()).toBeUndefined()
    state.now = MINUTE
    expect(await round()).toBe('ready')
    expect(await registry.metrics()).toContain('portcullis_client_auth_ready 1')
    expect(cluster.paths.filter(path => path.includes('/events/'))).toHaveLength(1)
    const asked = state.scraped.length
    expect(new Set(state.scraped)).toEqual(new Set(['a']))
    await round()
    expect(state.scraped).toHaveLength(asked)
  })

  it('waits while somebody is only observed, or a gateway does not answer', async () => {
    const { state, round } = world()
    await round()
    state.text = TEXT(1)
    state.now = MINUTE
    expect(await round()).toBeUndefined()
    state.text = undefined
    state.now = 3 * MINUTE
    expect(await round()).toBeUndefined()
    state.text = TEXT(1, 8)
    expect(await round()).toBeUndefined()
    state.now = 4 * MINUTE
    expect(await round()).toBe('ready')
  })

  it('reads metrics as Prometheus does', () => {
    expect(samplesOf(TEXT(3), 'portcullis_client_requests_total')).toEqual([
      { labels: { client: 'kube-apiserver', result: 'admitted' }, value: 7 },
      { labels: { client: 'a "b"', result: 'observed' }, value: 3 },
    ])
  })

  it('takes a gateway without an address, or that refuses, for one that does not answer', async () => {
    expect(await scrape({ name: 'a', ip: '' })).toBeUndefined()
    expect(await scrape({ name: 'a', ip: '127.0.0.1' })).toBeUndefined()
  })
})
