import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AddOperation } from '../../src/json/patch.ts'
import { json } from '../support/engine.ts'
import { type ReviewResponse, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { applied, injectionFolder, injectionText } from '../support/injection.ts'
import { plainPod, type ReviewFields, reviewOf } from '../support/reviews.ts'
import { exchange, head, sample } from '../support/wire.ts'

const TEAM = {
  labels: { team: 'payments' },
  matchConstraints: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } },
}

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({
    injections: injectionFolder({
      team: TEAM,
      asked: { trigger: { annotation: 'ask' }, env: [{ name: 'A', value: '1' }] },
    }),
  })
})
afterAll(() => gateway.stop())

const patchOf = ({ patch }: ReviewResponse): readonly AddOperation[] =>
  patch === undefined ? [] : (JSON.parse(Buffer.from(patch, 'base64').toString()) as readonly AddOperation[])
const mutate = async (object: unknown, fields?: ReviewFields) =>
  (await gateway.ask('/mutate', reviewOf(object, fields))).response
const INJECTED = ['/metadata/labels', '/metadata/annotations']

describe('the namespace', () => {
  test('injection 10: is the request’s, whatever the object says', async () => {
    for (const namespace of [undefined, '', 'kube-system', 'cart', null]) {
      const object = plainPod({ namespace })
      expect(patchOf(await mutate(object, { namespace: 'shop' })).map(({ path }) => path)).toEqual(INJECTED)
    }
    for (const namespace of ['cart', 'kube-system', 'portcullis-system']) {
      expect(await mutate(plainPod({ namespace: 'shop' }), { namespace })).not.toHaveProperty('patch')
    }
  })
})

describe('requests that nothing is injected into', () => {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'checkout' },
    spec: { template: plainPod() },
  }
  const workload = { group: 'apps', resource: 'deployments', kind: 'Deployment' }
  const replicas = { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet' }
  const pod = plainPod()
  const cases: readonly (readonly [name: string, reason: string, object: unknown, fields: ReviewFields])[] = [
    ['an UPDATE', 'not-a-creation', pod, { operation: 'UPDATE', oldObject: pod }],
    ['a DELETE', 'not-a-creation', null, { operation: 'DELETE', oldObject: pod }],
    ['pods/status', 'subresource', pod, { operation: 'UPDATE', subResource: 'status', oldObject: pod }],
    [
      'pods/ephemeralcontainers',
      'subresource',
      pod,
      { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: pod },
    ],
    [
      'pods/exec',
      'not-a-pod',
      { kind: 'PodExecOptions', apiVersion: 'v1' },
      { operation: 'CONNECT', subResource: 'exec', kind: 'PodExecOptions' },
    ],
    [
      'pods/eviction',
      'not-a-pod',
      { kind: 'Eviction', apiVersion: 'policy/v1' },
      { subResource: 'eviction', kind: 'Eviction', group: 'policy' },
    ],
    ['pods/binding', 'not-a-pod', { kind: 'Binding', apiVersion: 'v1' }, { subResource: 'binding', kind: 'Binding' }],
    [
      'a ConfigMap',
      'not-a-pod',
      { kind: 'ConfigMap', apiVersion: 'v1', metadata: {} },
      { kind: 'ConfigMap', resource: 'configmaps' },
    ],
    ['a Pod of another group', 'not-a-pod', pod, { group: 'example.com' }],
  ]
  const owners: typeof cases = [
    ['a Deployment', 'not-a-pod', deployment, workload],
    ['a ReplicaSet', 'not-a-pod', { ...deployment, kind: 'ReplicaSet' }, replicas],
    [
      'a Deployment that is updated',
      'not-a-pod',
      deployment,
      { ...workload, operation: 'UPDATE', oldObject: deployment },
    ],
  ]
  const untouched = async (reason: string, object: unknown, fields: ReviewFields) => {
    const response = await mutate(object, fields)
    expect(Object.keys(response).sort()).toEqual(['allowed', 'auditAnnotations', 'uid'])
    expect(response).toMatchObject({ allowed: true, auditAnnotations: { 'not-injected': reason } })
  }
  test.each(cases)('injection 50: %s is allowed, without a patch and with a reason', (_, ...rest) => untouched(...rest))
  test.each(owners)('injection 58: %s is never patched: its controller would fight back', (_, ...rest) =>
    untouched(...rest),
  )

  test('injection 50: the reason is counted for each injection', async () => {
    const count = async () =>
      sample(await gateway.metrics(), 'portcullis_injections_total', { injection: 'team', result: 'not-a-creation' })
    const before = await count()
    await mutate(pod, { operation: 'UPDATE', oldObject: pod })
    expect(await count()).toBe(before + 1)
  })
})

test('injection 52: a dry run is injected like any other', async () => {
  const [wet, dry] = await Promise.all([false, true].map(dryRun => mutate(plainPod(), { dryRun })))
  expect(patchOf(dry as ReviewResponse).map(({ path }) => path)).toEqual(INJECTED)
  expect(dry).toEqual(wet)
})

test('injection 54: with nothing to inject there is neither patch nor patchType', async () => {
  const { patch } = await mutate(plainPod())
  const pod = json(plainPod())
  const complete = applied(pod, patchOf({ patch } as ReviewResponse))
  for (const [object, fields] of [
    [complete, {}],
    [pod, { namespace: 'cart' }],
    [pod, { namespace: 'kube-system' }],
    [{ ...pod, spec: null }, {}],
  ] as const) {
    const { sent, response } = await gateway.ask('/mutate', reviewOf(object, fields))
    expect(sent.body).not.toContain('patch"')
    expect(sent.body).not.toContain('patchType')
    expect(response.allowed).toBe(true)
  }
})

describe('integers beyond 2^53', () => {
  const BIG = [
    '9007199254740993',
    '-9007199254740993',
    '9223372036854775807',
    '1e400',
    '1.0',
    '0.1000000000000000055511151231257827',
  ]
  const raw = (): string => {
    const fields = BIG.map((number, index) => `"n${index}":${number}`).join(',')
    const review = JSON.stringify(
      reviewOf({
        ...plainPod({ labels: { app: 'a' }, annotations: { ask: 'true' }, BIG: 0 }),
        spec: {
          BIG: 0,
          containers: [{ name: 'app', BIG: 0, env: [{ name: 'B', BIG: 0 }], volumeMounts: [{ BIG: 0 }] }],
          volumes: [{ BIG: 0 }],
        },
        BIG: 0,
      }),
    )
    return review.replaceAll('"BIG":0', fields)
  }

  test('injection 60: are in no patch: what it holds is ours', async () => {
    const body = raw()
    for (const number of BIG) expect(body.split(number).length - 1).toBeGreaterThanOrEqual(7)
    const { response } = await gateway.ask('/mutate', body)
    const patch = Buffer.from(response.patch ?? '', 'base64').toString()
    expect(JSON.parse(patch)).toEqual([
      { op: 'add', path: '/metadata/labels/team', value: 'payments' },
      { op: 'add', path: '/metadata/annotations/portcullis.dev~1injected', value: expect.any(String) },
      { op: 'add', path: '/spec/containers/0/env/-', value: { name: 'A', value: '1' } },
    ])
    expect(patch).not.toMatch(/9007199|9223372|e400|Infinity|null|0\.1/)
  })

  test('injection 60: in an injection they are refused when it is loaded: they would not arrive as written', async () => {
    for (const number of ['9007199254740993', '9223372036854775807']) {
      const text = injectionText('a', { containers: [{ name: 's', image: 's', securityContext: { runAsUser: 0 } }] })
      const folder = injectionFolder({})
      writeFileSync(join(folder, 'a.yaml'), text.replace('"runAsUser":0', `"runAsUser":${number}`))
      await expect(startTestGateway({ injections: folder })).rejects.toThrow(
        'the number is too large to be passed on exactly',
      )
    }
  })
})

describe('a reload in the middle of a request', () => {
  const version = (value: string) => ({ a: { labels: { a: value } }, b: { labels: { b: value } } })
  let folder: string
  let live: TestGateway
  beforeAll(async () => {
    folder = injectionFolder(version('0'))
    live = await startTestGateway({ injections: folder, pollMs: 10 })
  })
  afterAll(() => live.stop())

  /** Both documents stand in one file, which is swapped. */
  const publish = (value: string) => {
    const text = Object.entries(version(value)).map(([name, spec]) => injectionText(name, spec))
    writeFileSync(join(folder, 'next'), text.join('\n---\n'))
    renameSync(join(folder, 'next'), join(folder, 'injections.yaml'))
  }
  /** The values of both labels, and the hash of the set that the answer names. */
  const seen = (response: ReviewResponse) => {
    const { metadata } = applied(json(plainPod()), patchOf(response)) as unknown as {
      metadata: { labels: Record<string, string> }
    }
    return [metadata.labels['a'], metadata.labels['b'], response.auditAnnotations?.['injection-set']] as const
  }
  const ask = async () => seen((await live.ask('/mutate', reviewOf(plainPod()))).response)

  test('injection 45: each request sees one set, whole', async () => {
    const hashes = new Map<string, string>()
    const values = new Set<string>()
    for (let round = 1; round <= 20; round++) {
      publish(String(round))
      for (const [a = '', b, hash = ''] of await Promise.all(Array.from({ length: 20 }, ask))) {
        expect(b).toBe(a)
        expect(hashes.get(a) ?? hash).toBe(hash)
        hashes.set(a, hash)
        values.add(a)
      }
      await sleep(15)
    }
    await expect.poll(ask).toEqual(['20', '20', expect.any(String)])
    expect(new Set(hashes.values()).size).toBe(hashes.size)
    expect(values.size).toBeGreaterThan(2)
  })

  test('injection 45: one whose body is still on its way is judged by the set that is there when it has come', async () => {
    const body = JSON.stringify(reviewOf(plainPod()))
    const start = head('/mutate', {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
    })
    const isThere = Promise.withResolvers<void>()
    const pending = exchange(live, [start + body.slice(0, 100), isThere.promise, body.slice(100)])
    await sleep(200)
    publish('late')
    await expect.poll(ask).toEqual(['late', 'late', expect.any(String)])
    isThere.resolve()
    const { response } = JSON.parse((await pending).body) as { response: ReviewResponse }
    expect(seen(response).slice(0, 2)).toEqual(['late', 'late'])
  })
})
