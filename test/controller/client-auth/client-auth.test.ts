import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { ClientAuthEvidence, type ReplicaCount } from '../../../src/controller/client-auth/evidence.ts'
import { clientAuthTask, createClientAuthMetrics } from '../../../src/controller/client-auth/task.ts'
import { samplesOf, scrape } from '../../../src/controller/scrape.ts'
import { dig, getList, getString } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const MINUTE = 60_000
const RECORD = '/apis/apps/v1/namespaces/portcullis-system/controllerrevisions/portcullis-client-auth'
const INSTALLED = '/api/v1/namespaces/portcullis-system/configmaps/portcullis-installation'
const count = (name: string, admitted: number, others = 0): ReplicaCount => ({
  name,
  clients: new Map([
    ['kube-apiserver', { admitted, others: 0, refused: 0 }],
    ...(others > 0 ? [['none', { admitted: 0, others, refused: 0 }] as const] : []),
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
  const TEXT = (observed: number, admitted = 7, refused = 0) => `# HELP x
portcullis_client_requests_total{client="kube-apiserver",result="admitted"} ${admitted}
portcullis_client_requests_total{client="a \\"b\\"",result="observed"} ${observed}
portcullis_client_requests_total{client="apiserver-4",result="refused"} ${refused}
portcullis_other_total 1
`

  function world(readyAfterMs = MINUTE) {
    const cluster = new FakeCluster()
    cluster.put('/api/v1/namespaces', { kind: 'Namespace', metadata: { name: 'portcullis-system' } })
    const labels = { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/component': 'gateway' }
    const pods = '/api/v1/namespaces/portcullis-system/pods'
    cluster.put(pods, { metadata: { name: 'a', labels }, status: { podIP: '10.0.0.1', phase: 'Running' } })
    cluster.put(pods, { metadata: { name: 'gone', labels }, status: { phase: 'Succeeded' } })
    cluster.put(pods, { metadata: { name: 'controller', labels: {} } })
    const state = { now: 0, text: TEXT(0) as string | undefined, scraped: [] as string[] }
    cluster.put('/api/v1/namespaces/portcullis-system/configmaps', { metadata: { name: 'portcullis-installation' } })
    const registry = new Registry()
    const refused: (readonly string[])[] = []
    const logged: string[] = []
    const task = () =>
      clientAuthTask(
        {
          client: cluster.client,
          namespace: 'portcullis-system',
          now: () => 0,
          log: { info() {}, warn: (_, message) => void logged.push(message), error() {} },
        },
        {
          readyAfterMs,
          metrics: createClientAuthMetrics(registry),
          onRefused: names => void refused.push(names),
          monotonic: () => state.now,
          scrape: async ({ name }) => {
            state.scraped.push(name)
            return state.text
          },
        },
      )
    let current = task()
    const round = async () => {
      await current.round(new AbortController().signal)
      return getString(dig(cluster.get(RECORD), 'data'), 'state')
    }
    const takeOver = () => {
      registry.clear()
      current = task()
    }
    const events = () =>
      cluster.paths
        .filter(path => path.includes('/events/'))
        .map(path => `${String(cluster.get(path)?.['reason'])}: ${String(cluster.get(path)?.['note'])}`)
    return { cluster, state, registry, round, takeOver, events, refused, logged }
  }

  it('asks the gateways that run, and says it once by a record and an Event', async () => {
    const { cluster, state, registry, round } = world()
    expect(await round()).toBeUndefined()
    state.now = MINUTE
    expect(await round()).toBe('ready')
    expect(await registry.metrics()).toContain('portcullis_client_auth_ready 1')
    expect(cluster.paths.filter(path => path.includes('/events/'))).toHaveLength(1)
    expect(new Set(state.scraped)).toEqual(new Set(['a']))
    await round()
    expect(cluster.paths.filter(path => path.includes('/events/'))).toHaveLength(1)
    expect(getList(cluster.get(RECORD)?.['metadata'], 'ownerReferences')).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: 'portcullis-installation',
        uid: dig(cluster.get(INSTALLED), 'metadata', 'uid'),
      },
    ])
  })

  it('finds it out anew for another installation, though the record of the one before is there', async () => {
    const { cluster, state, round, takeOver } = world()
    await round()
    state.now = MINUTE
    expect(await round()).toBe('ready')
    takeOver()
    expect(await round()).toBe('ready')
    cluster.drop(INSTALLED)
    cluster.put('/api/v1/namespaces/portcullis-system/configmaps', { metadata: { name: 'portcullis-installation' } })
    takeOver()
    expect(await round()).toBeUndefined()
    state.now = 2 * MINUTE
    expect(await round()).toBe('ready')
  })

  it('says once which clients the gateways refuse, until none of them was refused for a while', async () => {
    const { state, round, events, refused, logged } = world()
    state.text = TEXT(0, 7, 4)
    await round()
    // Those may be long ago.
    expect(refused.at(-1)).toEqual([])
    state.text = TEXT(0, 7, 5)
    await round()
    await round()
    expect(refused.at(-1)).toEqual(['apiserver-4'])
    const told = events().filter(event => event.startsWith('ClientsRefused'))
    expect(told).toEqual([
      expect.stringMatching(
        /^ClientsRefused: the gateways refuse clients with the names "apiserver-4": no name of theirs may ask\./,
      ),
    ])
    expect(logged).toEqual([told[0]?.slice('ClientsRefused: '.length)])
    state.now = 6 * MINUTE
    await round()
    expect(refused.at(-1)).toEqual([])
  })

  it('also watches who is refused if nothing is ever ready', async () => {
    const { state, round, events } = world(0)
    await round()
    state.now = MINUTE
    state.text = TEXT(0, 9, 1)
    expect(await round()).toBeUndefined()
    expect(events()).toHaveLength(1)
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
      { labels: { client: 'apiserver-4', result: 'refused' }, value: 0 },
    ])
  })

  it('takes a gateway without an address, or that refuses, for one that does not answer', async () => {
    expect(await scrape({ name: 'a', ip: '' })).toBeUndefined()
    expect(await scrape({ name: 'a', ip: '127.0.0.1' })).toBeUndefined()
  })
})
