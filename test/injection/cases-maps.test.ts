import { describe, expect, test } from 'vitest'
import { RECORD_KEY } from '../../src/injection/record.ts'
import { pointerOf } from '../../src/json/pointer.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { json } from '../support/engine.ts'
import { injectionSet, injectionSetOf, plan, recordOf } from '../support/injection.ts'
import { plainPod } from '../support/reviews.ts'

const TEAM = { labels: { team: 'payments' } }
const RECORD = pointerOf(['metadata', 'annotations', RECORD_KEY])

/** A pod with this metadata and one container. */
const podWith = (metadata: Readonly<Record<string, unknown>>) => json(plainPod(metadata))
const labelsOf = (pod: unknown) => (pod as { metadata: { labels?: unknown } }).metadata.labels

test('injection 1: an injected label stands beside those of the application, and the map is never written', () => {
  const labels = { app: 'checkout', 'pod-template-hash': '6d4cf56db6' }
  const { operations, pod, results } = plan(podWith({ labels }), injectionSet({ team: TEAM }))
  expect(operations[0]).toEqual({ op: 'add', path: '/metadata/labels/team', value: 'payments' })
  expect(operations.map(({ path }) => path)).not.toContain('/metadata/labels')
  expect(operations).toHaveLength(2)
  expect(labelsOf(pod)).toEqual({ ...labels, team: 'payments' })
  expect(pod['spec']).toEqual(plainPod()['spec'])
  expect(results).toEqual({ team: 'injected' })
})

test('injection 2: where there are no labels the map comes with its first entry, the rest by key', () => {
  const { operations } = plan(podWith({}), injectionSet({ team: { labels: { team: 'payments', tier: 'web' } } }))
  expect(operations).toEqual([
    { op: 'add', path: '/metadata/labels', value: { team: 'payments' } },
    { op: 'add', path: '/metadata/labels/tier', value: 'web' },
    { op: 'add', path: '/metadata/annotations', value: { [RECORD_KEY]: expect.any(String) } },
  ])
})

test('injection 2: a pod without metadata gets it once', () => {
  const { operations } = plan(json({ spec: { containers: [{ name: 'app' }] } }), injectionSet({ team: TEAM }))
  expect(operations).toEqual([
    { op: 'add', path: '/metadata', value: { labels: { team: 'payments' } } },
    { op: 'add', path: '/metadata/annotations', value: { [RECORD_KEY]: expect.any(String) } },
  ])
})

test('injection 3: an empty parent is added to, a null one is created once', () => {
  const pod = json({
    metadata: { labels: {}, annotations: null },
    spec: { volumes: null, initContainers: [], containers: [{ name: 'app' }], imagePullSecrets: null },
  })
  const { operations, pod: patched } = plan(
    pod,
    injectionSet({
      all: {
        labels: { a: '1', b: '2' },
        annotations: { c: '3', d: '4' },
        volumes: [{ name: 'v1' }, { name: 'v2' }],
        initContainers: [{ name: 'i', image: 'i:1' }],
        containers: [{ name: 's', image: 's:1' }],
        imagePullSecrets: [{ name: 'p1' }, { name: 'p2' }],
      },
    }),
  )
  expect(operations).toEqual([
    { op: 'add', path: '/metadata/labels/a', value: '1' },
    { op: 'add', path: '/metadata/labels/b', value: '2' },
    { op: 'add', path: '/metadata/annotations', value: { c: '3' } },
    { op: 'add', path: '/metadata/annotations/d', value: '4' },
    { op: 'add', path: '/metadata/annotations/kubectl.kubernetes.io~1default-container', value: 'app' },
    { op: 'add', path: RECORD, value: expect.any(String) },
    { op: 'add', path: '/spec/volumes', value: [{ name: 'v1' }] },
    { op: 'add', path: '/spec/volumes/-', value: { name: 'v2' } },
    { op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'p1' }] },
    { op: 'add', path: '/spec/imagePullSecrets/-', value: { name: 'p2' } },
    { op: 'add', path: '/spec/initContainers/-', value: { name: 'i', image: 'i:1' } },
    { op: 'add', path: '/spec/containers/-', value: { name: 's', image: 's:1' } },
  ])
  expect(patched).toEqual({
    metadata: {
      labels: { a: '1', b: '2' },
      annotations: { c: '3', d: '4', 'kubectl.kubernetes.io/default-container': 'app' },
    },
    spec: {
      volumes: [{ name: 'v1' }, { name: 'v2' }],
      initContainers: [{ name: 'i', image: 'i:1' }],
      containers: [{ name: 'app' }, { name: 's', image: 's:1' }],
      imagePullSecrets: [{ name: 'p1' }, { name: 'p2' }],
    },
  })
})

test('injection 3: a null label or annotation is there, as the API server reads it: it is kept', () => {
  const pod = podWith({ labels: { team: null }, annotations: { note: null } })
  const set = injectionSet({ team: { ...TEAM, annotations: { note: 'x' } } })
  const { operations, notes, results } = plan(pod, set)
  expect(operations).toEqual([])
  expect(results).toEqual({ team: 'kept' })
  expect(notes).toEqual([
    'team: annotation-kept: annotation "note" keeps the value that it has',
    'team: label-kept: label "team" keeps the value that it has',
  ])
})

test('injection 4: an injection that is always made selects by labels and needs no annotations', () => {
  const set = injectionSet({
    team: { ...TEAM, matchConstraints: { objectSelector: { matchLabels: { app: 'checkout' } } } },
  })
  expect(plan(podWith({ labels: { app: 'checkout' } }), set).paths).toEqual([
    '/metadata/labels/team',
    '/metadata/annotations',
  ])
  expect(plan(podWith({ labels: { app: 'cart' } }), set)).toMatchObject({
    operations: [],
    results: { team: 'other-labels' },
  })
  expect(plan(podWith({}), set)).toMatchObject({ operations: [], results: { team: 'other-labels' }, notes: [] })
})

describe('a label that may not be written', () => {
  test('injection 5: one that has another value keeps it, with a warning; the rest is injected', () => {
    const set = injectionSet({ team: { labels: { app: 'sidecar', team: 'payments' }, annotations: { note: 'ours' } } })
    const { pod, paths, notes, results } = plan(
      podWith({ labels: { app: 'checkout' }, annotations: { note: 'theirs' } }),
      set,
    )
    expect(paths).toEqual(['/metadata/labels/team', RECORD])
    expect(labelsOf(pod)).toEqual({ app: 'checkout', team: 'payments' })
    expect(results).toEqual({ team: 'injected' })
    expect(notes).toEqual([
      'team: annotation-kept: annotation "note" keeps the value that it has',
      'team: label-kept: label "app" keeps the value that it has',
    ])
  })

  test('injection 5: under onConflict: Deny, too, a label is kept and the pod admitted', () => {
    const set = injectionSet({ team: { labels: { app: 'sidecar' }, onConflict: 'Deny' } })
    expect(plan(podWith({ labels: { app: 'checkout' } }), set)).toMatchObject({
      operations: [],
      denial: undefined,
      results: { team: 'kept' },
    })
  })

  test('injection 5: one of the owner’s selector is never written, whether it is there or not', () => {
    const set = injectionSet({ team: { labels: { app: 'sidecar', team: 'payments' } } })
    const ownerKeys = new Set(['app', 'release'])
    const absent = plan(podWith({ labels: { release: '7' } }), set, { ownerKeys })
    expect(labelsOf(absent.pod)).toEqual({ release: '7', team: 'payments' })
    expect(absent.notes).toEqual([
      'team: selector-label: label "app" is not written: the pod\'s owner finds it by this key',
    ])
    const present = plan(podWith({ labels: { app: 'checkout' } }), set, { ownerKeys })
    expect(labelsOf(present.pod)).toEqual({ app: 'checkout', team: 'payments' })
  })
})

test('injection 6: keys with "/", "~", "~1" and "~0" are reached and kept', () => {
  const labels = { 'a/b': '1', 'a~b': '2', 'a~1b': '3', '~/x': '4', 'a~0/b': '5', '/': '6', '~': '7', '': '8' }
  const set = injectionSet({ slash: { labels: { 'example.com/name': 'x' }, annotations: { 'a/b': 'ours' } } })
  const { operations, pod } = plan(podWith({ labels, annotations: labels }), set)
  expect(operations.map(({ path }) => path)).toEqual(['/metadata/labels/example.com~1name', RECORD])
  expect(RECORD).toBe('/metadata/annotations/portcullis.dev~1injected')
  expect(pod['metadata']).toMatchObject({ labels: { ...labels, 'example.com/name': 'x' }, annotations: labels })
})

describe('values are opaque', () => {
  const long = '"\u2028\n{{ x }}{% if %}${{'.slice(0, -3).repeat(10_000).slice(0, 100_000) + '🦊'.repeat(25_000)
  const values = ['"', '\\"', 'a\nb\r\n', '{{ .Values }}', '{% if x %}', '🦊', '\u2028\u2029', '\0\u001b', '', long]

  test('injection 7: the pod’s own stay as they are, 200 KB of them too', () => {
    expect(Buffer.byteLength(long)).toBeGreaterThan(200 * 1024)
    for (const value of values) {
      const { pod, results } = plan(podWith({ labels: { odd: value } }), injectionSet({ team: TEAM }))
      expect(labelsOf(pod)).toEqual({ odd: value, team: 'payments' })
      expect(results).toEqual({ team: 'injected' })
    }
  })

  test('injection 7: those of an injection arrive as they are written', () => {
    for (const value of values) {
      const env = [{ name: 'ODD', value }]
      const set = injectionSet({
        odd: { annotations: { odd: value }, env, containers: [{ name: 's', image: 's', env }] },
      })
      const { pod, operations } = plan(podWith({}), set)
      expect(pod['metadata']).toMatchObject({ annotations: { odd: value } })
      expect(operations.find(({ path }) => path === '/spec/containers/0/env')?.value).toEqual(env)
      expect(operations.find(({ path }) => path === '/spec/containers/-')?.value).toMatchObject({ env })
    }
  })
})

describe('keys that objects inherit', () => {
  const keys = ['constructor', 'toString', 'hasOwnProperty', '__proto__']
  const labels = JSON.parse(`{${keys.map(key => `"${key}": "theirs"`).join(', ')}}`)

  test('injection 8: in the pod they are labels like any other, and stay', () => {
    const pod = json({
      metadata: { labels, annotations: labels },
      spec: { containers: [{ name: '__proto__', ...labels }] },
    })
    const set = injectionSet({ team: { ...TEAM, env: [{ name: 'A', value: '1' }] } })
    const { whole, paths } = plan(pod, set)
    expect(paths).toEqual(['/metadata/labels/team', RECORD, '/spec/containers/0/env'])
    expect(Object.keys(labelsOf(whole) as object)).toEqual([...keys, 'team'])
    expect(Object.keys(recordOf(whole) as object)).toHaveLength(1)
    expect(JSON.stringify(recordOf(whole))).toContain('"env":{"__proto__":["A"]}')
    expect(({} as Record<string, unknown>)['A']).toBeUndefined()
  })

  test('injection 8: in an injection they are added by key, and __proto__ is refused', () => {
    const set = injectionSet({ odd: { labels: { constructor: 'a', toString: 'b', hasOwnProperty: 'c' } } })
    const { paths } = plan(podWith({ labels: {} }), set)
    expect(paths.slice(0, 3)).toEqual([
      '/metadata/labels/constructor',
      '/metadata/labels/toString',
      '/metadata/labels/hasOwnProperty',
    ])
    const text =
      '{"apiVersion": "portcullis.dev/v1alpha1", "kind": "SidecarInjection", "metadata": {"name": "x"}, "spec": {"trigger": {"always": true}, "labels": {"__proto__": "x"}}}'
    expect(parseYaml(text).problems).toEqual([])
    expect(() => injectionSetOf(text)).toThrow()
  })

  test('injection 8: as triggers they are annotations, not members of a prototype', () => {
    const set = injectionSet({ odd: { ...TEAM, trigger: { annotation: 'constructor' } } })
    expect(plan(podWith({ annotations: {} }), set).results).toEqual({ odd: 'not-triggered' })
    expect(plan(podWith({ annotations: { constructor: 'true' } }), set).results).toEqual({ odd: 'injected' })
  })
})

test('injection 9: owner references, finalizers and generateName stay', () => {
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'checkout-6d4', uid: 'u', controller: true },
  ]
  const metadata = {
    generateName: 'checkout-6d4-',
    ownerReferences,
    finalizers: ['example.com/wait'],
    labels: { app: 'a' },
  }
  const { name: _, ...kept } = podWith(metadata)['metadata'] as Record<string, unknown>
  const { pod } = plan(json({ ...plainPod(), metadata: kept }), injectionSet({ team: TEAM }))
  expect(pod['metadata']).toEqual({ ...metadata, namespace: 'shop', labels: { app: 'a', team: 'payments' } })
})
