import { describe, expect, test } from 'vitest'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { inject } from '../../src/review/inject.ts'
import { json, load, requestFor, subjectFacts } from '../support/engine.ts'
import { type InjectionSpec, injectionSet, plan, recordOf } from '../support/injection.ts'
import { compile, MUTATIONS, SIDECARS } from './generic/files.ts'

const ASK = 'logs.example.com/inject'
const container = (name: string, fields: object = {}) => ({ name, image: `${name}:1`, ...fields })
const jobPod = (spec: object = {}, annotations: object = { [ASK]: 'true' }) =>
  json({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'report', annotations },
    spec: { restartPolicy: 'Never', containers: [container('report')], ...spec },
  })

const TRIGGER = { trigger: { annotation: ASK } }
const NATIVE = container('native', { restartPolicy: 'Always' })
/** Everything that an injection can have beside containers. */
const REST: InjectionSpec = {
  labels: { shipped: 'yes' },
  annotations: { note: 'x' },
  volumes: [{ name: 'logs', emptyDir: {} }],
  volumeMounts: [{ name: 'logs', mountPath: '/logs' }],
  env: [{ name: 'LOG_DIR', value: '/logs' }],
  imagePullSecrets: [{ name: 'pull' }],
  initContainersFirst: [container('first')],
  initContainers: [container('init')],
}
const SIDE = { containers: [container('tailer')] }

describe('a pod that ends by itself', () => {
  test.each<[what: string, spec: InjectionSpec]>([
    ['a sidecar', SIDE],
    ['a sidecar and everything else', { ...REST, ...SIDE }],
    ['a sidecar and a label', { labels: { shipped: 'yes' }, ...SIDE }],
    [
      'a sidecar and a variable that points to it',
      { env: [{ name: 'HTTP_PROXY', value: 'http://127.0.0.1:1' }], ...SIDE },
    ],
    ['a sidecar and the init container that prepares its volume', { initContainers: [container('init')], ...SIDE }],
    ['a sidecar beside a native one', { initContainers: [NATIVE], ...SIDE }],
    ['two sidecars', { containers: [container('tailer'), container('other')] }],
  ])('injection 67: gets nothing of an injection with %s, and is told why', (_, spec) => {
    for (const restartPolicy of ['Never', 'OnFailure']) {
      for (const jobs of [{}, { jobs: 'NativeOnly' }]) {
        const { operations, results, notes } = plan(
          jobPod({ restartPolicy }),
          injectionSet({ a: { ...TRIGGER, ...spec, ...jobs } }),
        )
        expect([operations, results]).toEqual([[], { a: 'job-pod' }])
        expect(notes).toEqual([
          `a: left-out: nothing was injected: the pod ends by itself (restartPolicy: "${restartPolicy}"), and container "tailer" would keep it running; move the container to initContainers with restartPolicy: Always, so that it is a native sidecar, or set jobs: Always or jobs: WithoutContainers in the injection`,
        ])
      }
    }
  })

  test('injection 67: is not told if every pod gets the injection, and nobody asked', () => {
    expect(plan(jobPod(), injectionSet({ a: SIDE }))).toMatchObject({ results: { a: 'job-pod' }, notes: [] })
  })

  test.each<[what: string, spec: InjectionSpec]>([
    ['a native sidecar', { ...REST, initContainers: [NATIVE] }],
    ['no container', { ...REST, initContainers: [], initContainersFirst: [] }],
    ['init containers only', REST],
  ])('injection 67: gets all of an injection with %s', (_, spec) => {
    const { paths, results } = plan(jobPod(), injectionSet({ a: { ...TRIGGER, ...spec } }))
    expect(results).toEqual({ a: 'injected' })
    const always = plan(jobPod({ restartPolicy: 'Always' }), injectionSet({ a: { ...TRIGGER, ...spec } }))
    expect(paths).toEqual(always.paths)
  })

  test('injection 67: gets all but the containers under WithoutContainers, and the result says so on every call', () => {
    const set = injectionSet({ a: { ...TRIGGER, ...REST, ...SIDE, jobs: 'WithoutContainers' } })
    const first = plan(jobPod(), set)
    expect(first.results).toEqual({ a: 'partial' })
    expect(JSON.stringify(recordOf(first.whole))).not.toContain('tailer')
    expect(plan(first.whole, set)).toMatchObject({ operations: [], results: { a: 'partial' } })
    // A pod that runs on is none of these.
    expect(plan(jobPod({ restartPolicy: 'Always' }), set).results).toEqual({ a: 'injected' })
  })

  test('injection 67: has no part of an injection that is nothing but containers', () => {
    const set = injectionSet({ a: { ...TRIGGER, ...SIDE, jobs: 'WithoutContainers' } })
    expect(plan(jobPod(), set)).toMatchObject({ operations: [], results: { a: 'job-pod' } })
    expect(plan(jobPod(), set).notes[0]).toContain('the injection has nothing else')
  })

  test('injection 67: under the generic format gets all but the containers, as its users know it', () => {
    const [injection] = compile(SIDECARS, MUTATIONS)
    if (injection === undefined) throw new Error('the test needs an injection')
    const set = { ...injectionSet({ z: REST }), injections: [injection] }
    const pod = jobPod({}, { 'example.com/inject': 'true' })
    const first = plan(pod, set)
    expect(first.results).toEqual({ m: 'partial' })
    expect(JSON.stringify(first.whole)).not.toContain('"c"')
    expect(plan(first.whole, set)).toMatchObject({ operations: [], results: { m: 'partial' } })
  })
})

test('injection 67: the audit annotations do not call half an injection injected', () => {
  const remarks = (spec: InjectionSpec) => {
    const injections = injectionSet({ a: { ...TRIGGER, ...spec } })
    const context = { injections, set: load([]).set, namespaceLabels: NO_NAMESPACE_LABELS, facts: subjectFacts() }
    return inject(requestFor(jobPod()), context).answer.auditAnnotations
  }
  expect(remarks({ ...REST, ...SIDE })).toMatchObject({ 'not-injected': 'a: job-pod' })
  expect(remarks({ ...REST, ...SIDE, jobs: 'WithoutContainers' })).toMatchObject({ 'not-injected': 'a: partial' })
  expect(remarks({ ...REST, ...SIDE, jobs: 'WithoutContainers' })).not.toHaveProperty('injected')
  expect(remarks({ ...REST, ...SIDE, jobs: 'Always' })).toMatchObject({ injected: 'a' })
})

test.each<[what: string, spec: InjectionSpec, pod: object]>([
  [
    'a variable',
    { env: [{ name: 'A', value: 'ours' }] },
    { containers: [container('report', { env: [{ name: 'A', value: 'own' }] })] },
  ],
  [
    'a mount',
    { volumes: [{ name: 'v', emptyDir: {} }], volumeMounts: [{ name: 'v', mountPath: '/v' }] },
    {
      volumes: [{ name: 'v', emptyDir: {} }, { name: 'w' }],
      containers: [container('report', { volumeMounts: [{ name: 'w', mountPath: '/v' }] })],
    },
  ],
])('injection 67: %s that is kept is not called complete', (_, spec, pod) => {
  expect(plan(jobPod(pod), injectionSet({ a: spec }))).toMatchObject({ operations: [], results: { a: 'kept' } })
})
