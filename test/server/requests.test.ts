import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import {
  burn,
  hostPathPod,
  plainPod,
  policyFolder,
  type ReviewFields,
  reviewOf,
  testCheck,
} from '../support/reviews.ts'
import { sample } from '../support/wire.ts'

const EVERYTHING = {
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
}

let shipped: TestGateway
/** Two twins that match every request there is. */
let greedy: TestGateway
beforeAll(async () => {
  shipped = await startTestGateway()
  greedy = await startTestGateway({
    policies: policyFolder(
      { name: 'host-path', matchConstraints: EVERYTHING },
      { name: 'watched', actions: ['Warn', 'Audit'], matchConstraints: EVERYTHING },
    ),
  })
})
afterAll(() => Promise.all([shipped.stop(), greedy.stop()]))

const validate = async (gateway: TestGateway, object: unknown, fields: ReviewFields = {}) =>
  (await gateway.ask('/validate', reviewOf(object, fields))).response

const HARMLESS = ['attach', 'binding', 'eviction', 'exec', 'log', 'portforward', 'proxy', 'scale', 'status', 'token']

describe('P17 every operation is answered, and only pods are judged as pods', () => {
  const cases: readonly {
    readonly name: string
    readonly object: unknown
    readonly fields: ReviewFields
    readonly allowed?: false
  }[] = [
    { name: 'DELETE has oldObject alone', object: null, fields: { operation: 'DELETE', oldObject: hostPathPod() } },
    {
      name: 'deletecollection has no name',
      object: null,
      fields: { operation: 'DELETE', oldObject: hostPathPod(), name: '' },
    },
    { name: 'DELETE with neither object', object: null, fields: { operation: 'DELETE' } },
    { name: 'CREATE of a dangerous pod', object: hostPathPod(), fields: {}, allowed: false },
    {
      name: 'UPDATE into a dangerous pod',
      object: hostPathPod(),
      fields: { operation: 'UPDATE', oldObject: plainPod() },
      allowed: false,
    },
    {
      name: 'ephemeral containers of a dangerous pod',
      object: hostPathPod(),
      fields: { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: plainPod() },
      allowed: false,
    },
    ...HARMLESS.map(subResource => ({
      name: `CONNECT ${subResource}`,
      object: { ...hostPathPod(), kind: 'PodExecOptions', command: ['sh'] },
      fields: { operation: 'CONNECT', subResource, kind: 'PodExecOptions' },
    })),
  ]
  for (const { name, object, fields, allowed = true } of cases) {
    test(`P17 ${name}`, async () => {
      for (const gateway of [shipped, greedy]) {
        const { sent, response } = await gateway.ask('/validate', reviewOf(object, fields))
        expect(sent.status).toBe(200)
        expect(response.allowed).toBe(allowed)
        expect(response.status?.code).toBe(allowed ? undefined : 403)
      }
    })
  }
})

describe('P19 what is judged follows from kind, resource and subresource', () => {
  for (const subResource of HARMLESS) {
    test(`P19 ${subResource} carries nothing to judge and passes`, async () => {
      const response = await validate(greedy, hostPathPod(), {
        subResource,
        operation: 'UPDATE',
        oldObject: plainPod(),
      })
      expect(response).toMatchObject({ allowed: true })
    })
  }
  test('P19 an unknown subresource that carries a pod is judged as one', async () => {
    expect(
      (await validate(shipped, hostPathPod(), { subResource: 'tomorrow', operation: 'UPDATE' })).status?.code,
    ).toBe(403)
  })
  test('P19 an unknown kind that a policy matches is not judged and answered by path, in clear words', async () => {
    const fields = { kind: 'Widget', group: 'example.com', resource: 'widgets' }
    const text = 'it matches example.com/Widget, which the check host-path cannot judge'
    const denied = await validate(greedy, { kind: 'Widget' }, fields)
    expect(denied).toMatchObject({ allowed: false, status: { code: 500 } })
    expect(denied.status?.message).toContain(text)
    const { response } = await greedy.ask('/observe', reviewOf({ kind: 'Widget' }, fields))
    expect(response.allowed).toBe(true)
    expect(response.warnings).toEqual([`not judged by watched/host-path: ${text}`])
    // Where no policy matches it, it is nobody's business.
    expect(await validate(shipped, { kind: 'Widget' }, fields)).toMatchObject({ allowed: true })
  })
  test('P19 the kind of the request counts, not the one that the object claims', async () => {
    expect((await validate(shipped, { ...hostPathPod(), kind: 'ConfigMap', apiVersion: 'v9' })).allowed).toBe(false)
  })
})

describe('P21 what nobody has validated yet does no harm', () => {
  const root = hostPathPod()
  const cases: readonly [string, unknown][] = [
    ['labels of every type', { ...root, metadata: { labels: { a: 1, b: null, c: [], d: {}, 'a~1b/c/d': '' } } }],
    ['labels that are a list', { ...root, metadata: { labels: ['x'], annotations: 'x' } }],
    ['no metadata', { ...root, metadata: null }],
    [
      'duplicate names',
      {
        ...root,
        spec: {
          ...root.spec,
          containers: [...root.spec.containers, ...root.spec.containers],
          volumes: [...root.spec.volumes, { name: 'host', emptyDir: {} }],
        },
      },
    ],
    [
      'nulls and scalars among the containers',
      { ...root, spec: { ...root.spec, containers: [null, 1, 'x', [], {}, ...root.spec.containers] } },
    ],
    [
      'nulls among the volumes',
      { ...root, spec: { ...root.spec, volumes: [null, 1, 'x', [], {}, ...root.spec.volumes] } },
    ],
    ['no containers', { ...root, spec: { volumes: root.spec.volumes } }],
    ['containers that are an object', { ...root, spec: { ...root.spec, containers: { 0: 'x' }, initContainers: 7 } }],
  ]
  for (const [name, object] of cases) {
    test(`P21 ${name}`, async () => {
      for (const path of ['validate', 'observe', 'mutate']) {
        const { sent, response } = await greedy.ask(`/${path}`, reviewOf(object))
        expect(sent.status).toBe(200)
        expect(response.status?.code ?? 200).not.toBe(500)
        // Behind every oddity stands the same volume.
        expect(response.allowed).toBe(path !== 'validate')
      }
    })
  }
  for (const [name, object] of [
    ['no spec', { metadata: {} }],
    ['an empty object', {}],
    ['spec of another type', { spec: [] }],
  ] as const) {
    test(`P21 ${name}`, async () => {
      for (const path of ['validate', 'observe', 'mutate']) {
        const { response } = await greedy.ask(`/${path}`, reviewOf(object))
        expect(response.status?.code ?? 200).not.toBe(500)
      }
    })
  }
})

describe('P23 the namespace is the request’s', () => {
  test('P23 an object that claims an excluded namespace is judged all the same', async () => {
    expect(await validate(shipped, hostPathPod('/', { namespace: 'kube-system' }))).toMatchObject({ allowed: false })
  })
  test('P23 a request in an excluded namespace is not, whatever the object says', async () => {
    expect(await validate(shipped, hostPathPod(), { namespace: 'kube-system' })).toMatchObject({ allowed: true })
  })
  test('P23 the message names it', async () => {
    const { status } = await validate(shipped, hostPathPod('/', { namespace: 'elsewhere' }))
    expect(status?.message).toMatch(/^Pod "shop\/checkout" is refused/)
  })
})

describe('P24 namespace labels', () => {
  const withSelector = (matchLabels: Readonly<Record<string, string>>) => ({
    name: 'host-path',
    matchConstraints: { ...EVERYTHING, namespaceSelector: { matchLabels } },
  })
  test('P24 kubernetes.io/metadata.name is known without anybody', async () => {
    const gateway = await startTestGateway({
      policies: policyFolder(withSelector({ 'kubernetes.io/metadata.name': 'shop' })),
    })
    expect(await validate(gateway, hostPathPod())).toMatchObject({ allowed: false })
    expect(await validate(gateway, hostPathPod(), { namespace: 'other' })).toMatchObject({ allowed: true })
    expect(sample(await gateway.metrics(), 'portcullis_unknown_namespace_labels_total')).toBe(0)
    await gateway.stop()
  })
  test('P24 other labels come from the table; where it does not know the namespace the policy applies, and that is counted', async () => {
    const namespaces = { shop: { tier: 'prod' }, lab: { tier: 'test' }, constructor: { tier: 'test' } }
    const gateway = await startTestGateway({ policies: policyFolder(withSelector({ tier: 'prod' })), namespaces })
    expect(await validate(gateway, hostPathPod(), { namespace: 'shop' })).toMatchObject({ allowed: false })
    expect(await validate(gateway, hostPathPod(), { namespace: 'lab' })).toMatchObject({ allowed: true })
    expect(await validate(gateway, hostPathPod(), { namespace: 'constructor' })).toMatchObject({ allowed: true })
    expect(sample(await gateway.metrics(), 'portcullis_unknown_namespace_labels_total')).toBe(0)
    expect(await validate(gateway, hostPathPod(), { namespace: 'toString' })).toMatchObject({ allowed: false })
    expect(await validate(gateway, hostPathPod(), { namespace: 'new' })).toMatchObject({ allowed: false })
    expect(
      sample(await gateway.metrics(), 'portcullis_unknown_namespace_labels_total', {
        kind: 'Policy',
        name: 'host-path',
      }),
    ).toBe(2)
    await gateway.stop()
  })
  test('P24 an exception does not apply where labels are unknown', async () => {
    const exceptions = policyFolder()
    const { writeFile } = await import('node:fs/promises')
    const spec = {
      policies: ['host-path'],
      match: { namespaceSelector: { matchLabels: { tier: 'test' } } },
      reason: 'a test cluster',
    }
    const document = {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'PolicyException',
      metadata: { name: 'lab', namespace: 'portcullis-system' },
      spec,
    }
    await writeFile(`${exceptions}/lab.yaml`, JSON.stringify(document))
    const gateway = await startTestGateway({ exceptions, namespaces: { lab: { tier: 'test' } } })
    expect(await validate(gateway, hostPathPod(), { namespace: 'lab' })).toMatchObject({ allowed: true })
    expect(await validate(gateway, hostPathPod(), { namespace: 'unknown' })).toMatchObject({ allowed: false })
    const counted = { kind: 'PolicyException', name: 'lab' }
    expect(sample(await gateway.metrics(), 'portcullis_unknown_namespace_labels_total', counted)).toBe(1)
    await gateway.stop()
  })
})

/** `JSON.parse` makes own properties of these; an object literal would not. */
const poison = (value: string) =>
  JSON.parse(`{"__proto__":${value},"constructor":${value},"toString":${value},"hasOwnProperty":${value}}`)
const clean = () => Object.keys(Object.prototype).length === 0 && ({} as { x?: unknown }).x === undefined

describe('N2 __proto__ is a key like any other', () => {
  for (const value of ['"x"', '{"x":"polluted"}', 'null', '[]']) {
    test(`N2 anywhere in a review: ${value}`, async () => {
      const odd = poison(value)
      const object = { ...hostPathPod(), ...poison(value), metadata: { ...odd, labels: odd, annotations: odd } }
      const review = { ...(reviewOf(object) as { request: object }), ...odd }
      const text = JSON.stringify({ ...review, request: { ...review.request, ...odd, userInfo: odd } })
      expect(text).toContain('"__proto__"')
      for (const path of ['validate', 'observe', 'mutate']) {
        const { sent, response } = await greedy.ask(`/${path}`, text)
        expect(sent.status).toBe(200)
        expect(response.allowed).toBe(path !== 'validate')
        expect(response.status?.code ?? 200).not.toBe(500)
      }
      expect(clean()).toBe(true)
    })
  }
  test('N2 a pod that hides its volumes below __proto__ shows none', async () => {
    const text = JSON.stringify(reviewOf(plainPod())).replace(
      '"spec":{',
      `"__proto__":{"spec":${JSON.stringify(hostPathPod().spec)}},"spec":{`,
    )
    expect((await shipped.ask('/validate', text)).response.allowed).toBe(true)
    expect(clean()).toBe(true)
  })
})

test('N3 names of Object.prototype are ordinary labels, names and namespaces', async () => {
  const policies = policyFolder({
    name: 'host-path',
    matchConstraints: {
      ...EVERYTHING,
      objectSelector: { matchExpressions: [{ key: 'toString', operator: 'DoesNotExist' }] },
    },
  })
  const gateway = await startTestGateway({ policies })
  for (const word of ['constructor', 'hasOwnProperty', '__proto__', 'valueOf']) {
    const labels = JSON.parse(`{"${word}":"x"}`)
    expect(
      await validate(gateway, hostPathPod('/', { labels, name: word }), { namespace: word, name: word }),
    ).toMatchObject({ allowed: false })
    expect(await validate(gateway, { ...hostPathPod(), kind: word }, { kind: word })).toMatchObject({
      status: { code: 500 },
    })
  }
  // No pod has a label of this name unless it says so itself.
  expect(await validate(gateway, hostPathPod())).toMatchObject({ allowed: false })
  expect(await validate(gateway, hostPathPod('/', { labels: { toString: 'x' } }))).toMatchObject({ allowed: true })
  expect(clean()).toBe(true)
  await gateway.stop()
})

test('B12 an exception is the answer to one request and a count, and the process lives', async () => {
  const explodes = testCheck('explodes', ({ object }) => {
    if (JSON.stringify(object).includes('explode')) throw new Error('a bug')
    return { findings: [] }
  })
  const policies = policyFolder(
    { name: 'bug', check: 'explodes' },
    { name: 'watched', check: 'explodes', actions: ['Audit'] },
  )
  const gateway = await startTestGateway({ checks: [...CHECKS, explodes], policies })
  const bad = plainPod({ labels: { app: 'explode' } })
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const path = i % 2 === 0 ? 'validate' : 'observe'
      const { response } = await gateway.ask(`/${path}`, reviewOf(i % 3 === 0 ? bad : plainPod(), { uid: String(i) }))
      return [response.uid, response.allowed]
    }),
  )
  expect(answers).toEqual(Array.from({ length: 60 }, (_, i) => [String(i), i % 3 !== 0 || i % 2 !== 0]))
  const metrics = await gateway.metrics()
  expect(sample(metrics, 'portcullis_review_errors_total', { path: 'validate', code: '500' })).toBe(10)
  expect(sample(metrics, 'portcullis_review_errors_total', { path: 'observe', code: '500' })).toBe(10)
  await gateway.stop()
})

test('S7 what only audits or warns can neither block nor slow the path that enforces', async () => {
  const policies = policyFolder(
    { name: 'enforced' },
    { name: 'audited', check: 'slow-bug', actions: ['Audit'] },
    { name: 'warned', check: 'slow-bug', actions: ['Warn'] },
  )
  let calls = 0
  const slowBug = testCheck('slow-bug', () => {
    calls++
    burn(300)
    throw new Error('a bug')
  })
  const gateway = await startTestGateway({ checks: [...CHECKS, slowBug], policies })
  for (let i = 0; i < 5; i++) expect(await validate(gateway, plainPod())).toMatchObject({ allowed: true })
  expect(await validate(gateway, hostPathPod())).toMatchObject({ allowed: false, status: { code: 403 } })
  expect(calls).toBe(0)
  const { response } = await gateway.ask('/observe', reviewOf(hostPathPod()))
  expect(response).toMatchObject({ allowed: true })
  expect(response.warnings).toHaveLength(1)
  expect(calls).toBe(1)
  await gateway.stop()
})
