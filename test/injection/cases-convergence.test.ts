import { describe, expect, test } from 'vitest'
import { RECORD_KEY } from '../../src/injection/record.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { json } from '../support/engine.ts'
import { injectionSet, namesIn, plan, recordOf } from '../support/injection.ts'

type Fields = Readonly<Record<string, unknown>>
const container = (name: string, fields: Fields = {}) => ({ name, image: `${name}:1`, ...fields })
const RECORD_PATH = '/metadata/annotations/portcullis.dev~1injected'

const SIDE = {
  ...container('side', { image: 'registry.example.com/team/side:2', args: ['-f', '/v'] }),
  resources: { limits: { memory: '1024Mi', cpu: '1000m' }, requests: { cpu: 0.5 } },
  ports: [{ containerPort: 9000 }],
  env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }],
  livenessProbe: { httpGet: { path: '/live', port: 9000 } },
  securityContext: { runAsUser: 65532 },
}
const SET = injectionSet({
  a: {
    labels: { team: 'x' },
    annotations: { note: 'y' },
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1024Mi' } }],
    containers: [SIDE],
    initContainersFirst: [container('first')],
    volumeMounts: [{ name: 'v', mountPath: '/v' }],
    env: [
      { name: 'E', value: '' },
      { name: 'F', value: '1' },
    ],
    imagePullSecrets: [{ name: 'p' }],
  },
  b: { containers: [container('late')], env: [{ name: 'G', value: '1' }] },
})
const POD = json({ metadata: { name: 'checkout' }, spec: { containers: [container('app')] } })
const injected = () => plan(POD, SET).whole

/** The pod with one part of it put through a function. */
function rewritten(pod: JsonObject, rewrite: (spec: Record<string, Fields[]>) => void): JsonObject {
  const copy = json(pod) as unknown as { spec: Record<string, Fields[]> }
  rewrite(copy.spec)
  return json(copy)
}

test('injection 26: injected five times into its own output, nothing is added and every byte stays', () => {
  let pod = injected()
  const first = JSON.stringify(pod)
  for (let call = 0; call < 5; call++) {
    const { operations, results, notes, whole } = plan(pod, SET)
    expect({ operations, results, notes }).toEqual({
      operations: [],
      results: { a: 'complete', b: 'complete' },
      notes: [],
    })
    pod = whole
  }
  expect(JSON.stringify(pod)).toBe(first)
})

test('injection 27: a container that another webhook adds gets mounts and variables, and nothing else moves', () => {
  const second = rewritten(injected(), spec => spec['containers']?.splice(1, 0, container('added')))
  const { operations, whole } = plan(second, SET)
  expect(operations).toEqual([
    { op: 'add', path: RECORD_PATH, value: expect.any(String) },
    { op: 'add', path: '/spec/containers/1/volumeMounts', value: [{ name: 'v', mountPath: '/v' }] },
    { op: 'add', path: '/spec/containers/1/env', value: [{ name: 'E', value: '' }] },
    { op: 'add', path: '/spec/containers/1/env/-', value: { name: 'F', value: '1' } },
    { op: 'add', path: '/spec/containers/1/env/-', value: { name: 'G', value: '1' } },
  ])
  expect(namesIn(whole, 'containers')).toEqual(['app', 'added', 'side', 'late'])
  // What earlier calls recorded is still there.
  expect(recordOf(whole)).toMatchObject([
    { name: 'a', containers: ['side'], env: { app: ['E', 'F'], added: ['E', 'F'] } },
    { name: 'b', containers: ['late'], env: { app: ['G'], added: ['G'] } },
  ])
  expect(plan(whole, SET).operations).toEqual([])
})

test('injection 27: what another webhook takes away comes back, and only that', () => {
  const second = rewritten(injected(), spec => spec['containers']?.splice(1, 1))
  expect(plan(second, SET).operations).toEqual([
    { op: 'add', path: RECORD_PATH, value: expect.any(String) },
    { op: 'add', path: '/spec/containers/-', value: SIDE },
  ])
})

test('injection 28: a SidecarInjection says nothing of the service account: nothing is stale when that changes', () => {
  const second = rewritten(injected(), spec => Object.assign(spec, { serviceAccountName: 'other' }))
  expect(plan(second, SET)).toMatchObject({ operations: [], results: { a: 'complete', b: 'complete' }, notes: [] })
})

describe('a record that is not ours', () => {
  const recorded = (pod: JsonObject, record: unknown) => {
    const copy = json(pod) as unknown as { metadata: { annotations?: Record<string, unknown> } }
    copy.metadata.annotations = { ...copy.metadata.annotations, [RECORD_KEY]: record }
    return json(copy)
  }
  const text = (record: unknown) => JSON.stringify(record)

  test.each([
    'injected',
    '',
    '[',
    'null',
    '{"name":"a"}',
    '[1, null, [], {"name": 1}, {"name": "a"}]',
    '[{"name":"a","revision":"x","containers":"side","env":["app"],"volumeMounts":{"app":[1]}}]',
    `[${'['.repeat(50_000)}`,
    'x'.repeat(100_000),
  ])('injection 29: unreadable, it stops nothing: %.40s', record => {
    const { results, whole } = plan(recorded(POD, record), SET)
    expect(results).toEqual({ a: 'injected', b: 'injected' })
    expect(recordOf(whole)).toMatchObject([{ name: 'a' }, { name: 'b' }])
    expect(plan(recorded(injected(), record), SET).operations).toEqual([])
  })

  test('injection 29: one that lists everything stops nothing: what is there counts', () => {
    const forged = text(recordOf(injected()))
    const { results, whole } = plan(recorded(POD, forged), SET)
    expect(results).toEqual({ a: 'injected', b: 'injected' })
    expect(namesIn(whole, 'containers')).toEqual(['app', 'side', 'late'])
    expect(namesIn(whole, 'initContainers')).toEqual(['first'])
  })

  test('injection 29: an item that it lists and that differs is drift, left alone with a warning', () => {
    const forged = text([
      {
        name: 'a',
        revision: 'x',
        containers: ['side'],
        volumes: ['v'],
        env: { app: ['F'] },
        volumeMounts: { app: ['/v'] },
      },
    ])
    const pod = recorded(
      json({
        ...POD,
        spec: {
          containers: [
            container('app', { env: [{ name: 'F', value: '2' }], volumeMounts: [{ name: 'w', mountPath: '/v' }] }),
            container('side', { image: 'other:1' }),
          ],
          volumes: [{ name: 'v', emptyDir: { sizeLimit: '2Gi' } }, { name: 'w' }],
        },
      }),
      forged,
    )
    const left = ': it was injected and changed since, and is left alone'
    const { notes, results, denial } = plan(pod, SET)
    expect(results['a']).toBe('injected')
    expect(denial).toBeUndefined()
    expect(notes).toEqual([
      `a: drift: the pod has another container "side" (its image differs)${left}`,
      `a: drift: the pod has another volume "v" (its emptyDir differs)${left}`,
      `a: drift: container "app" has another mount at "/v" (its name differs)${left}`,
      `a: drift: container "app" has another variable "F" (its value differs)${left}`,
    ])
  })

  test('injection 29: two records of one injection are one: a second call believes what the first one wrote', () => {
    const set = injectionSet({
      a: { containers: [container('side')] },
      b: { env: [{ name: 'A' }] },
    })
    const records = [
      { name: 'a', revision: 'x' },
      { name: 'a', revision: 'y', containers: ['app'] },
    ]
    for (const forged of [records, records.toReversed()]) {
      const { whole } = plan(recorded(POD, text(forged)), set)
      expect(recordOf(whole)).toMatchObject([{ name: 'a', containers: ['app', 'side'] }])
      expect(plan(whole, set).operations).toEqual([])
    }
  })

  test('injection 29: under onConflict: Deny it is not believed', () => {
    const strict = (spec: Fields) => injectionSet({ a: { ...spec, onConflict: 'Deny' } })
    const forged = text([
      {
        name: 'a',
        revision: 'x',
        containers: ['app'],
        volumes: ['v'],
        env: { own: ['F'] },
        volumeMounts: { own: ['/v'] },
      },
    ])
    const own = container('own', { env: [{ name: 'F', value: '2' }], volumeMounts: [{ name: 'v', mountPath: '/v' }] })
    const spec = { containers: [container('app'), own], volumes: [{ name: 'v', hostPath: { path: '/' } }] }
    const pod = recorded(json({ ...POD, spec }), forged)
    const denials = [
      { containers: [container('app', { image: 'x' })] },
      { volumes: [{ name: 'v', emptyDir: {} }] },
      { env: [{ name: 'F', value: '1' }] },
      { volumes: [{ name: 'w' }], volumeMounts: [{ name: 'w', mountPath: '/v' }] },
    ].map(each => plan(pod, strict(each)).denial)
    expect(denials).toEqual([
      'a: the pod has another container "app" (its image differs)',
      'a: the pod has another volume "v" (its hostPath differs)',
      'a: container "own" has another variable "F" (its value differs)',
      'a: container "own" has another mount at "/v" (its name differs)',
    ])
  })

  test('injection 43: one of 1 MB, or of 10,000 items, costs next to nothing', () => {
    const items = Array.from({ length: 10_000 }, (_, i) => ({ name: `n${i}`, revision: 'r', containers: [`c${i}`] }))
    const huge = text(Array.from({ length: 25_000 }, (_, i) => ({ name: `n${i}`, revision: 'r', volumes: [`v${i}`] })))
    expect(huge.length).toBeGreaterThan(1_000_000)
    for (const record of [text(items), huge]) {
      const pod = recorded(POD, record)
      const start = performance.now()
      const { results } = plan(pod, SET)
      expect(results['a']).toBe('injected')
      expect(performance.now() - start).toBeLessThan(1000)
    }
  })
})

/** What the API server writes into a pod that it stores: defaults, its own spelling of quantities, the token's mount. */
function stored(pod: JsonObject): JsonObject {
  const token = {
    name: 'kube-api-access-x',
    readOnly: true,
    mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
  }
  const defaults = {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'Always',
  }
  return rewritten(pod, spec => {
    for (const list of ['containers', 'initContainers']) {
      spec[list] = (spec[list] ?? []).map(each => {
        const { volumeMounts = [], env, ...rest } = each as { volumeMounts?: Fields[]; env?: Fields[] }
        return {
          resources: {},
          ...defaults,
          ...rest,
          ...(env && { env: env.map(storedVariable) }),
          volumeMounts: [...volumeMounts, token],
        }
      })
    }
    const side = spec['containers']?.find(({ name }) => name === 'side') as Record<string, unknown>
    side['resources'] = { limits: { memory: '1Gi', cpu: '1' }, requests: { cpu: '500m', memory: '1Gi' } }
    side['ports'] = [{ containerPort: 9000, protocol: 'TCP' }]
    side['livenessProbe'] = {
      httpGet: { path: '/live', port: 9000, scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
    }
    spec['volumes'] = [
      { name: 'v', emptyDir: { sizeLimit: '1Gi' } },
      { name: 'kube-api-access-x', projected: { sources: [] } } as Fields,
    ]
    Object.assign(spec, {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      tolerations: [{ key: 'k' }],
      nodeName: 'n1',
    })
  })
}

/** An empty value is not stored, and a fieldRef says its version. */
function storedVariable({ value, valueFrom, ...rest }: Fields): Fields {
  const { fieldRef } = (valueFrom ?? {}) as { fieldRef?: Fields }
  return {
    ...rest,
    ...(value !== '' && { value }),
    ...(fieldRef && { valueFrom: { fieldRef: { apiVersion: 'v1', ...fieldRef } } }),
  }
}

test('injection 30: a live pod’s YAML, applied again, gets nothing', () => {
  const live: Fields = { ...stored(injected()), status: { phase: 'Running' } }
  const metadata = {
    ...(live['metadata'] as unknown as Fields),
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-01-01T00:00:00Z',
  }
  expect(plan(json({ ...live, metadata }), SET)).toMatchObject({
    operations: [],
    results: { a: 'complete', b: 'complete' },
    notes: [],
  })
})

test('injection 32: another injector reorders, defaults, renames registries and adds in between: no churn', () => {
  const second = rewritten(stored(injected()), spec => {
    for (const list of ['containers', 'initContainers', 'volumes']) spec[list]?.reverse()
    for (const each of spec['containers'] ?? []) {
      const image = String(each['image']).replace('registry.example.com/', '')
      Object.assign(each, { image: `mirror.local:5000/${image.includes('/') ? image : `library/${image}`}` })
    }
    spec['initContainers']?.unshift(
      container('mesh-init', {
        env: ['E', 'F', 'G'].map(name => ({ name, value: name === 'E' ? '' : '1' })),
        volumeMounts: [{ name: 'v', mountPath: '/v/' }],
      }),
    )
  })
  expect(plan(second, SET)).toMatchObject({ operations: [], results: { a: 'complete', b: 'complete' }, notes: [] })
})
