import { describe, expect, test } from 'vitest'
import { planInjections } from '../../src/injection/plan.ts'
import { RECORD_KEY } from '../../src/injection/record.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { json } from '../support/engine.ts'
import { injectionSet, namesIn, plan, proofOf } from '../support/injection.ts'
import { plainPod } from '../support/reviews.ts'

type Fields = Readonly<Record<string, unknown>>
const container = (name: string, fields: Fields = {}) => ({ name, image: `${name}:1`, ...fields })
const podOf = (spec: Fields, metadata: Fields = {}) =>
  json({ metadata: { name: 'checkout', ...metadata }, spec: { containers: [container('app')], ...spec } })

describe('a pod that ends by itself', () => {
  const spec = {
    containers: [container('side')],
    initContainers: [container('native', { restartPolicy: 'Always' })],
    labels: { team: 'x' },
    env: [{ name: 'E', value: '1' }],
  }
  const inject = (jobs: string | undefined, restartPolicy: unknown) => {
    const { pod, results, operations } = plan(
      podOf({ restartPolicy }),
      injectionSet({ a: { ...spec, ...(jobs && { jobs }) } }),
    )
    return {
      result: results['a'],
      containers: namesIn(pod, 'containers'),
      init: namesIn(pod, 'initContainers'),
      count: operations.length,
    }
  }
  const all = { result: 'injected', containers: ['app', 'side'], init: ['native'], count: 6 }
  const partial = { ...all, result: 'partial', containers: ['app'], count: 4 }
  const none = { result: 'job-pod', containers: ['app'], init: [], count: 0 }

  test.each(['Never', 'OnFailure'])('injection 33: restartPolicy: %s under each of the four settings', policy => {
    expect(inject(undefined, policy)).toEqual(none)
    expect(inject('NativeOnly', policy)).toEqual(none)
    expect(inject('WithoutContainers', policy)).toEqual(partial)
    expect(inject('Always', policy)).toEqual(all)
    expect(inject('Never', policy)).toEqual(none)
  })

  test('injection 33: what is left out is not in the way: the Job’s own container may have the name', () => {
    const pod = podOf({ restartPolicy: 'Never', containers: [container('side', { image: 'own' })] })
    expect(plan(pod, injectionSet({ a: { ...spec, jobs: 'WithoutContainers' } })).results).toEqual({ a: 'partial' })
    expect(plan(pod, injectionSet({ a: { ...spec, jobs: 'Always' } })).results).toEqual({ a: 'conflict' })
  })

  test.each([undefined, null, '', 'Always'])('injection 34: restartPolicy: %s means Always', policy => {
    for (const jobs of [undefined, 'Always', 'Never']) expect(inject(jobs, policy)).toEqual(all)
  })
})

describe('pods that the node treats otherwise', () => {
  const set = injectionSet({ a: { labels: { team: 'x' }, containers: [container('side')] } })

  test('injection 35: the node’s network is no reason to leave a pod out', () => {
    expect(plan(podOf({ hostNetwork: true }), set).results).toEqual({ a: 'injected' })
  })

  test('injection 35: a pod on Windows is left alone, however it says so', () => {
    const affinity = (...terms: readonly object[]) => ({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
    })
    const term = (key: string, operator: string, ...values: readonly string[]) => ({
      matchExpressions: [
        { key: 'zone', operator: 'Exists' },
        { key, operator, ...(values.length > 0 && { values }) },
      ],
    })
    const onWindows = [
      { os: { name: 'windows' } },
      { nodeSelector: { 'kubernetes.io/os': 'windows' } },
      { nodeSelector: { 'beta.kubernetes.io/os': 'windows' } },
      { nodeSelector: { 'beta.kubernetes.io/os': 'windows', 'kubernetes.io/os': 'windows', zone: 'a' } },
      { nodeSelector: { 'node.kubernetes.io/windows-build': '10.0.20348' } },
      affinity(term('kubernetes.io/os', 'In', 'windows')),
      affinity(term('beta.kubernetes.io/os', 'In', 'windows'), term('kubernetes.io/os', 'NotIn', 'linux')),
      affinity(term('node.kubernetes.io/windows-build', 'Exists')),
    ]
    for (const spec of onWindows) {
      expect(plan(podOf(spec), set)).toMatchObject({ operations: [], results: { a: 'windows-pod' }, notes: [] })
    }
    const elsewhere = [
      { os: { name: 'linux' } },
      { os: null },
      { nodeSelector: { 'kubernetes.io/os': 'linux' } },
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      { os: { name: 'linux' }, nodeSelector: { 'beta.kubernetes.io/os': 'windows' } },
      affinity(term('kubernetes.io/os', 'In', 'windows'), term('kubernetes.io/os', 'In', 'linux')),
      affinity(term('kubernetes.io/os', 'In', 'windows', 'linux')),
      affinity(term('kubernetes.io/os', 'NotIn', 'windows')),
      affinity(term('node.kubernetes.io/windows-build', 'DoesNotExist')),
      affinity(),
      // It binds nothing: on Linux it is ignored.
      { securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } } },
    ]
    for (const spec of elsewhere) {
      expect(plan(podOf(spec), set).results).toEqual({ a: 'injected' })
    }
  })

  test('injection 35: the mirror of a static pod is left alone before anything is rendered', () => {
    const render = () => {
      throw new Error('rendered')
    }
    const broken = { ...set, injections: set.injections.map(injection => ({ ...injection, render })) }
    const mirror = podOf({ nodeName: 'n1' }, { annotations: { 'kubernetes.io/config.mirror': 'hash' } })
    for (const [pod, namespace, result] of [
      [mirror, 'shop', 'mirror-pod'],
      [podOf({}), 'kube-system', 'excluded-namespace'],
      [podOf({}), 'kube-public', 'excluded-namespace'],
      [podOf({}), 'kube-node-lease', 'excluded-namespace'],
      [podOf({}), 'portcullis-system', 'excluded-namespace'],
      [podOf({ containers: 'app' }), 'shop', 'malformed-pod'],
      // Nobody would notice otherwise that the only container is the sidecar.
      [podOf({ containers: [] }), 'shop', 'malformed-pod'],
      [podOf({ containers: Array(2001).fill({ name: 'a' }) }), 'shop', 'oversized-pod'],
      [podOf({ containers: null }), 'shop', 'malformed-pod'],
    ] as const) {
      expect(plan(pod, broken, { namespace })).toMatchObject({ operations: [], results: { a: result }, notes: [] })
    }
    // A static pod's file never comes here; what claims to be one is a pod.
    expect(plan(podOf({}, { annotations: { 'kubernetes.io/config.source': 'file' } }), set).results).toEqual({
      a: 'injected',
    })
  })
})

describe('huge pods', () => {
  const set = injectionSet({
    a: {
      labels: { team: 'x' },
      annotations: { note: 'y' },
      volumes: [{ name: 'injected-volume', emptyDir: {} }],
      volumeMounts: [{ name: 'injected-volume', mountPath: '/injected' }],
      env: [{ name: 'INJECTED', value: '1' }],
      containers: [container('side')],
      initContainersFirst: [container('first')],
    },
  })
  const range = <Item>(length: number, make: (index: number) => Item) =>
    Array.from({ length }, (_, index) => make(index))
  /** Milliseconds of the fastest of five runs. */
  const timeOf = (pod: JsonObject) => {
    const times = range(5, () => {
      const start = performance.now()
      const { operations } = planInjections({ pod, namespace: 'shop' }, set, { namespaceLabels: NO_NAMESPACE_LABELS })
      expect(proofOf(pod, operations, set)).toMatchObject({ ok: true })
      return performance.now() - start
    })
    return Math.min(...times)
  }
  const many = podOf({
    containers: range(10, i =>
      container(`c${i}`, { env: range(1000, j => ({ name: `V${j}`, value: 'x'.repeat(100) })) }),
    ),
  })
  const wide = podOf({
    containers: range(500, i =>
      container(`c${i}`, { volumeMounts: range(20, j => ({ name: `v${j}`, mountPath: `/m${j}` })) }),
    ),
    volumes: range(2000, i => ({ name: `v${i}`, configMap: { name: 'x'.repeat(200) } })),
  })

  test('injection 48: a pod of 1 MB and one of 500 containers get one operation for each element', () => {
    expect(JSON.stringify(many).length).toBeGreaterThan(1_000_000)
    expect(JSON.stringify(wide).length).toBeGreaterThan(700_000)
    expect(plan(many, set).operations).toHaveLength(3 + 1 + 1 + 20 + 2)
    expect(plan(wide, set).operations).toHaveLength(3 + 1 + 1 + 1000 + 2)
  })

  test('injection 48: planning and proof take milliseconds', () => {
    // 20 ms are wanted; slow machines and their neighbours get ten times that.
    expect(timeOf(many)).toBeLessThan(200)
    expect(timeOf(wide)).toBeLessThan(400)
  })
})

describe('annotations near 262,144 bytes', () => {
  const LIMIT = 262_144
  const annotationsOf = (pod: JsonObject) => (pod['metadata'] as { annotations: Record<string, string> }).annotations
  const sizeOf = (pod: JsonObject) =>
    Object.entries(annotationsOf(pod)).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0)
  /** A pod whose annotations take so many bytes. */
  const full = (bytes: number, letter = 'x') => {
    const count = (bytes - 1) / Buffer.byteLength(letter)
    return json(plainPod({ annotations: { k: letter.repeat(count) } }))
  }
  const set = injectionSet({ a: { annotations: { note: '12345' } } })
  const ADDED = 'note'.length + 5

  test('injection 49: to the last byte they fit', () => {
    const { whole, results, notes } = plan(full(LIMIT - ADDED), set)
    expect(results).toEqual({ a: 'injected' })
    expect(sizeOf(whole)).toBe(LIMIT)
    expect(notes).toEqual(['a: unrecorded: annotation portcullis.dev/injected does not fit and was left out'])
  })

  test('injection 49: one byte more, and nothing of the injection is made', () => {
    expect(plan(full(LIMIT - ADDED + 1), set)).toMatchObject({
      operations: [],
      results: { a: 'annotations-full' },
      notes: ['a: failed: nothing was injected: the annotations do not fit'],
    })
  })

  test('injection 49: bytes count, not characters', () => {
    for (const [letter, size] of [
      ['é', 2],
      ['\u2028', 3],
      ['🦊', 4],
    ] as const) {
      const room = (bytes: number) => Math.floor((LIMIT - 1 - bytes) / size)
      expect(plan(full(1 + room(ADDED) * size, letter), set).results).toEqual({ a: 'injected' })
      expect(plan(full(1 + room(ADDED - size) * size, letter), set).results).toEqual({ a: 'annotations-full' })
    }
  })

  test('injection 49: the record is left out where it does not fit, to the byte', () => {
    const labels = injectionSet({ a: { labels: { team: 'x' } } })
    const { whole } = plan(full(1), labels)
    const record = RECORD_KEY.length + (annotationsOf(whole)[RECORD_KEY] ?? '').length
    const fits = plan(full(LIMIT - record), labels)
    expect([sizeOf(fits.whole), fits.notes]).toEqual([LIMIT, []])
    const left = plan(full(LIMIT - record + 1), labels)
    expect(left.paths).toEqual(['/metadata/labels'])
    expect(left.notes).toEqual(['a: unrecorded: annotation portcullis.dev/injected does not fit and was left out'])
  })

  test('injection 49: neither does the default container’s name, and the container is injected all the same', () => {
    const { paths, results } = plan(full(LIMIT), injectionSet({ a: { containers: [container('side')] } }))
    expect([paths, results]).toEqual([['/spec/containers/-'], { a: 'injected' }])
  })

  test('injection 49: a long record that says nothing makes no room', () => {
    const pod = json(plainPod({ annotations: { [RECORD_KEY]: ' '.repeat(LIMIT - 500), k: 'x'.repeat(300) } }))
    const two = injectionSet({ a: { annotations: { note: 'y'.repeat(1000) } }, b: { labels: { team: 'x' } } })
    const { whole, results } = plan(pod, two)
    expect(results).toEqual({ a: 'injected', b: 'injected' })
    expect(sizeOf(whole)).toBeLessThan(LIMIT)
  })

  test('injection 49: a pod that exceeds the limit already gets what is no annotation', () => {
    const { paths } = plan(full(LIMIT + 1), injectionSet({ a: { labels: { team: 'x' } } }))
    expect(paths).toEqual(['/metadata/labels'])
  })
})
