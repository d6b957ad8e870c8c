import { describe, expect, test } from 'vitest'
import { json } from '../support/engine.ts'
import { injectionSet, namesIn, plan, recordOf } from '../support/injection.ts'
import { plainPod } from '../support/reviews.ts'

const container = (name: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  name,
  image: `${name}:1`,
  ...fields,
})
const podOf = (spec: Readonly<Record<string, unknown>>) => json({ metadata: { name: 'checkout' }, spec })

test('injection 11: three volumes come into a pod that has none, the list once', () => {
  const volumes = ['v1', 'v2', 'v3'].map(name => ({ name, emptyDir: {} }))
  const { operations, pod } = plan(podOf({ containers: [container('app')] }), injectionSet({ three: { volumes } }))
  expect(operations.filter(({ path }) => path.startsWith('/spec'))).toEqual([
    { op: 'add', path: '/spec/volumes', value: [volumes[0]] },
    { op: 'add', path: '/spec/volumes/-', value: volumes[1] },
    { op: 'add', path: '/spec/volumes/-', value: volumes[2] },
  ])
  expect(pod['spec']).toEqual({ containers: [container('app')], volumes })
})

test('injection 12: containers without mounts or variables get the lists once, the others an element each', () => {
  const own = { volumeMounts: [{ name: 'd', mountPath: '/d' }], env: [{ name: 'D', value: '1' }] }
  const volumes = [
    { name: 'd', emptyDir: {} },
    { name: 'v', emptyDir: {} },
  ]
  const mounts = [
    { name: 'v', mountPath: '/v' },
    { name: 'v', mountPath: '/w', readOnly: true },
  ]
  const env = [
    { name: 'A', value: '1' },
    { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ]
  const { operations, pod } = plan(
    podOf({
      initContainers: [container('prepare', { volumeMounts: null, env: [] })],
      containers: [container('app'), container('helper', own)],
      volumes,
    }),
    injectionSet({ fill: { volumes: [volumes[1]], volumeMounts: mounts, env } }),
  )
  expect(operations.filter(({ path }) => path.startsWith('/spec'))).toEqual([
    { op: 'add', path: '/spec/initContainers/0/volumeMounts', value: [mounts[0]] },
    { op: 'add', path: '/spec/initContainers/0/volumeMounts/-', value: mounts[1] },
    { op: 'add', path: '/spec/initContainers/0/env/-', value: env[0] },
    { op: 'add', path: '/spec/initContainers/0/env/-', value: env[1] },
    { op: 'add', path: '/spec/containers/0/volumeMounts', value: [mounts[0]] },
    { op: 'add', path: '/spec/containers/0/volumeMounts/-', value: mounts[1] },
    { op: 'add', path: '/spec/containers/0/env', value: [env[0]] },
    { op: 'add', path: '/spec/containers/0/env/-', value: env[1] },
    { op: 'add', path: '/spec/containers/1/volumeMounts/-', value: mounts[0] },
    { op: 'add', path: '/spec/containers/1/volumeMounts/-', value: mounts[1] },
    { op: 'add', path: '/spec/containers/1/env/-', value: env[0] },
    { op: 'add', path: '/spec/containers/1/env/-', value: env[1] },
  ])
  expect(pod['spec']).toEqual({
    initContainers: [container('prepare', { volumeMounts: mounts, env })],
    containers: [
      container('app', { volumeMounts: mounts, env }),
      container('helper', { volumeMounts: [...own.volumeMounts, ...mounts], env: [...own.env, ...env] }),
    ],
    volumes,
  })
})

test('injection 13: of two injections that need the same absent parent the first creates it', () => {
  const spec = (name: string) => ({
    labels: { [name]: 'x' },
    annotations: { [name]: 'x' },
    volumes: [{ name }],
    imagePullSecrets: [{ name }],
    initContainers: [container(`${name}-init`)],
    volumeMounts: [{ name, mountPath: `/${name}` }],
    env: [{ name, value: 'x' }],
  })
  const { pod, operations } = plan(
    podOf({ containers: [container('app')] }),
    injectionSet({ a: spec('a'), b: spec('b') }),
  )
  const creating = operations.filter(({ value }) => typeof value === 'object').map(({ path }) => path)
  expect(creating.filter(path => !path.endsWith('/-'))).toEqual([
    '/metadata/labels',
    '/metadata/annotations',
    '/spec/volumes',
    '/spec/imagePullSecrets',
    '/spec/containers/0/volumeMounts',
    '/spec/containers/0/env',
    '/spec/initContainers',
  ])
  expect(new Set(creating.filter(path => !path.endsWith('/-'))).size).toBe(7)
  expect(pod).toEqual({
    metadata: { name: 'checkout', labels: { a: 'x', b: 'x' }, annotations: { a: 'x', b: 'x' } },
    spec: {
      containers: [
        container('app', {
          volumeMounts: [
            { name: 'a', mountPath: '/a' },
            { name: 'b', mountPath: '/b' },
          ],
          env: [
            { name: 'a', value: 'x' },
            { name: 'b', value: 'x' },
          ],
        }),
      ],
      volumes: [{ name: 'a' }, { name: 'b' }],
      imagePullSecrets: [{ name: 'a' }, { name: 'b' }],
      initContainers: [container('a-init'), container('b-init')],
    },
  })
})

const NATIVE = { restartPolicy: 'Always', startupProbe: { exec: { command: ['ready'] } }, futureField: { a: [1] } }

test('injection 14: the application’s own native sidecar is left as it is', () => {
  const own = container('proxy', NATIVE)
  const { pod } = plan(
    podOf({ initContainers: [own], containers: [container('app')] }),
    injectionSet({ a: { initContainers: [container('late')], initContainersFirst: [container('early')] } }),
  )
  expect((pod['spec'] as { initContainers: unknown }).initContainers).toEqual([
    container('early'),
    own,
    container('late'),
  ])
})

test('injection 15: fields that nobody knows yet survive at every level', () => {
  const future = { futureField: { list: [1, null, { deep: true }], 'a/b': {} } }
  const pod = json({
    ...plainPod({ labels: { app: 'a' }, ...future }),
    ...future,
    spec: {
      containers: [
        container('app', {
          ...future,
          volumeMounts: [{ name: 'v', mountPath: '/v', ...future }],
          env: [{ name: 'E', ...future }],
        }),
      ],
      initContainers: [container('init', future)],
      ephemeralContainers: [container('debug', future)],
      volumes: [{ name: 'v', emptyDir: future, ...future }],
      imagePullSecrets: [{ name: 'p', ...future }],
      ...future,
    },
    status: future,
  })
  const set = injectionSet({
    a: {
      labels: { team: 'x' },
      initContainersFirst: [container('first', future)],
      containers: [container('side', future)],
      volumes: [{ name: 'w', futureSource: {}, ...future }],
      volumeMounts: [{ name: 'w', mountPath: '/w', ...future }],
      env: [{ name: 'F', ...future }],
      imagePullSecrets: [{ name: 'q', ...future }],
    },
  })
  const mounts = [
    { name: 'v', mountPath: '/v', ...future },
    { name: 'w', mountPath: '/w', ...future },
  ]
  const env = [
    { name: 'E', ...future },
    { name: 'F', ...future },
  ]
  const { metadata, spec, ...rest } = plan(pod, set).pod
  expect(rest).toEqual({ apiVersion: 'v1', kind: 'Pod', ...future, status: future })
  expect(metadata).toEqual({
    name: 'checkout',
    namespace: 'shop',
    labels: { app: 'a', team: 'x' },
    ...future,
    annotations: { 'kubectl.kubernetes.io/default-container': 'app' },
  })
  expect(spec).toEqual({
    containers: [container('app', { ...future, volumeMounts: mounts, env }), container('side', future)],
    initContainers: [
      container('first', future),
      container('init', { ...future, volumeMounts: [mounts[1]], env: [env[1]] }),
    ],
    ephemeralContainers: [container('debug', future)],
    volumes: [
      { name: 'v', emptyDir: future, ...future },
      { name: 'w', futureSource: {}, ...future },
    ],
    imagePullSecrets: [
      { name: 'p', ...future },
      { name: 'q', ...future },
    ],
    ...future,
  })
})

test('injection 16: an injected native sidecar is whole, and an init container', () => {
  const { pod, whole } = plan(
    podOf({ containers: [container('app')] }),
    injectionSet({ a: { initContainers: [container('proxy', NATIVE)] } }),
  )
  expect(pod['spec']).toEqual({ containers: [container('app')], initContainers: [container('proxy', NATIVE)] })
  // Kubectl's default is asked for only where a container could be taken for the application.
  expect(pod['metadata']).toEqual({ name: 'checkout' })
  expect(recordOf(whole)).toEqual([{ name: 'a', revision: expect.any(String), initContainers: ['proxy'] }])
})

test('injection 17: containers keep their order; injected ones come behind, injection by injection', () => {
  const { pod, paths } = plan(
    podOf({ containers: [container('c'), container('a'), container('b')] }),
    injectionSet({ two: { containers: [container('s2')] }, one: { containers: [container('s1'), container('s0')] } }),
  )
  expect(namesIn(pod, 'containers')).toEqual(['c', 'a', 'b', 's1', 's0', 's2'])
  expect(paths.filter(path => path.startsWith('/spec'))).toEqual(Array(3).fill('/spec/containers/-'))
  expect(pod['metadata']).toMatchObject({ annotations: { 'kubectl.kubernetes.io/default-container': 'c' } })
})

test('injection 18: init containers that come first, the pod’s own, the others', () => {
  const { pod, operations } = plan(
    podOf({ containers: [container('app')], initContainers: [container('i1'), container('i2')] }),
    injectionSet({ a: { initContainersFirst: [container('b'), container('c')], initContainers: [container('a')] } }),
  )
  expect(namesIn(pod, 'initContainers')).toEqual(['b', 'c', 'i1', 'i2', 'a'])
  expect(operations.filter(({ path }) => path.startsWith('/spec'))).toEqual([
    { op: 'add', path: '/spec/initContainers/0', value: container('b') },
    { op: 'add', path: '/spec/initContainers/1', value: container('c') },
    { op: 'add', path: '/spec/initContainers/-', value: container('a') },
  ])
})

describe('two injections with init containers that come first', () => {
  const set = injectionSet({
    a: { initContainersFirst: [container('a1'), container('a2')], env: [{ name: 'A', value: '1' }] },
    b: { initContainersFirst: [container('b1'), container('b2')] },
  })

  test('injection 19: the later one by name stands before the earlier, each in its own order', () => {
    const { pod } = plan(podOf({ containers: [container('app')], initContainers: [container('own')] }), set)
    expect(namesIn(pod, 'initContainers')).toEqual(['b1', 'b2', 'a1', 'a2', 'own'])
    // Indices of the pod's own containers hold although others come before them.
    expect(pod['spec']).toMatchObject({ initContainers: [{}, {}, {}, {}, { name: 'own', env: [{ name: 'A' }] }] })
  })

  test('injection 19: one that is missing comes behind the one that is declared before it', () => {
    const initContainers = [container('b1'), container('own'), container('a1')]
    const { pod } = plan(podOf({ containers: [container('app')], initContainers }), set)
    expect(namesIn(pod, 'initContainers')).toEqual(['b1', 'b2', 'own', 'a1', 'a2'])
  })
})
