import { describe, expect, test } from 'vitest'
import { json } from '../support/engine.ts'
import { type InjectionSpec, injectionSet, namesIn, plan } from '../support/injection.ts'

type Fields = Readonly<Record<string, unknown>>
const container = (name: string, fields: Fields = {}) => ({ name, image: `${name}:1`, ...fields })
const podOf = (spec: Fields) =>
  json({ metadata: { name: 'checkout' }, spec: { containers: [container('app')], ...spec } })
const SKIPPED = { operations: [], results: { a: 'conflict' }, denial: undefined }
/** The same injection, told to deny where something is in its way. */
const strict = (spec: InjectionSpec) => injectionSet({ a: { ...spec, onConflict: 'Deny' } })

describe('a container of the same name', () => {
  const spec = { labels: { team: 'x' }, containers: [container('side', { args: ['-v'] })], volumes: [{ name: 'v' }] }

  test.each([
    [['-q']],
    // Arguments count as a whole: more of them are others.
    [['-v', '-q']],
    [[]],
  ])('injection 20: with other content the injection is left out, whole: %j', args => {
    const pod = podOf({ containers: [container('app'), container('side', { args })] })
    const what = 'the pod has another container "side" (its args differs)'
    expect(plan(pod, injectionSet({ a: spec }))).toMatchObject({
      ...SKIPPED,
      notes: [`a: conflict: nothing was injected: ${what}`],
    })
    expect(plan(pod, strict(spec))).toMatchObject({ operations: [], results: { a: 'conflict' }, denial: `a: ${what}` })
  })

  test('injection 20: with the same content it is ours, and the rest is added', () => {
    const own = container('side', { args: ['-v'], imagePullPolicy: 'Always', resources: {} })
    const { pod, results } = plan(podOf({ containers: [own, container('app')] }), strict(spec))
    expect(results).toEqual({ a: 'injected' })
    expect(namesIn(pod, 'containers')).toEqual(['side', 'app'])
    expect(namesIn(pod, 'volumes')).toEqual(['v'])
  })

  test.each(['initContainers', 'ephemeralContainers'])('injection 21: the name is one of %s', list => {
    const pod = podOf({ [list]: [container('side', { args: ['-v'] })] })
    const what = `the pod has another container "side" (it is one of ${list})`
    expect(plan(pod, injectionSet({ a: spec }))).toMatchObject({
      ...SKIPPED,
      notes: [`a: conflict: nothing was injected: ${what}`],
    })
    expect(plan(pod, strict(spec)).denial).toBe(`a: ${what}`)
  })

  test('injection 21: an init container’s name is one of the containers', () => {
    const pod = podOf({})
    expect(plan(pod, injectionSet({ a: { initContainersFirst: [container('app')] } }))).toMatchObject(SKIPPED)
    expect(plan(pod, injectionSet({ a: { initContainers: [container('app')] } }))).toMatchObject(SKIPPED)
  })

  test('injection 21: two injections of one name: the first is made', () => {
    const set = injectionSet({ a: spec, b: { initContainers: [container('side')] } })
    expect(plan(podOf({}), set).results).toEqual({ a: 'injected', b: 'conflict' })
  })
})

describe('a volume of the same name', () => {
  const cases: readonly (readonly [declared: Fields, present: Fields, difference: string | undefined])[] = [
    [{ emptyDir: {} }, { emptyDir: {} }, undefined],
    [{ emptyDir: {} }, {}, undefined],
    [{}, { emptyDir: {} }, undefined],
    [{}, { emptyDir: { medium: 'Memory' } }, undefined],
    [{ emptyDir: { sizeLimit: '1024Mi' } }, { emptyDir: { sizeLimit: '1Gi' } }, undefined],
    [{ configMap: { name: 'c' } }, { configMap: { name: 'c', defaultMode: 420 } }, undefined],
    [{ emptyDir: {} }, { hostPath: { path: '/' } }, 'hostPath'],
    [{}, { hostPath: { path: '/' } }, 'hostPath'],
    [{ emptyDir: {} }, { secret: { secretName: 's' } }, 'secret'],
    [{ secret: { secretName: 's' } }, {}, 'emptyDir'],
    [{ secret: { secretName: 's' } }, { secret: { secretName: 't' } }, 'secret'],
    [{ emptyDir: { medium: 'Memory' } }, { emptyDir: {} }, 'emptyDir'],
    [{ futureSource: {} }, { emptyDir: {} }, 'emptyDir'],
  ]
  test.each(cases)('injection 22: %j where there is %j', (declared, present, difference) => {
    const pod = podOf({ volumes: [{ name: 'other' }, { name: 'v', ...present }] })
    const spec = { labels: { team: 'x' }, volumes: [{ name: 'v', ...declared }] }
    const { results, notes, pod: patched } = plan(pod, injectionSet({ a: spec }))
    expect(namesIn(patched, 'volumes')).toEqual(['other', 'v'])
    if (difference === undefined) {
      expect([results, notes]).toEqual([{ a: 'injected' }, []])
      expect(plan(pod, strict(spec)).denial).toBeUndefined()
      return
    }
    const what = `the pod has another volume "v" (its ${difference} differs)`
    expect([results, notes]).toEqual([{ a: 'conflict' }, [`a: conflict: nothing was injected: ${what}`]])
    expect(plan(pod, strict(spec)).denial).toBe(`a: ${what}`)
  })

  test('injection 22: two injections declare the same volume: it is added once', () => {
    const volumes = [{ name: 'v', emptyDir: {} }]
    const { pod, results } = plan(podOf({}), injectionSet({ a: { volumes }, b: { volumes } }))
    expect([namesIn(pod, 'volumes'), results]).toEqual([['v'], { a: 'injected', b: 'complete' }])
  })
})

describe('a mount at the same path', () => {
  const MOUNT = { name: 'v', mountPath: '/a' }
  const differs = (difference: string) => `container "app" has another mount at "/a" (its ${difference} differs)`
  const cases: readonly (readonly [present: Fields, difference: string | undefined])[] = [
    [{ name: 'v', mountPath: '/a' }, undefined],
    [{ name: 'v', mountPath: '/a/' }, undefined],
    [{ name: 'v', mountPath: '//a/./b/..' }, undefined],
    [{ name: 'v', mountPath: '/a', subPath: '', mountPropagation: 'None' }, undefined],
    [{ name: 'w', mountPath: '/a' }, 'name'],
    [{ name: 'w', mountPath: '/a/' }, 'name'],
    [{ name: 'v', mountPath: '/a', subPath: 'x' }, 'subPath'],
    [{ name: 'v', mountPath: '/a/', subPathExpr: '$(X)' }, 'subPathExpr'],
  ]
  test.each(cases)('injection 23: %j where /a is wanted', (present, difference) => {
    const volumes = [{ name: 'v' }, { name: 'w' }]
    const pod = podOf({ containers: [container('app', { volumeMounts: [present] }), container('b')], volumes })
    const spec = { volumes: [{ name: 'v' }], volumeMounts: [MOUNT], env: [{ name: 'E', value: '1' }] }
    const { pod: patched, notes, results } = plan(pod, injectionSet({ a: spec }))
    // The item alone is left out: everything else is injected.
    expect(results).toEqual({ a: 'injected' })
    expect(patched['spec']).toEqual({
      containers: [
        container('app', { volumeMounts: [present], env: spec.env }),
        container('b', { volumeMounts: [MOUNT], env: spec.env }),
      ],
      volumes,
    })
    expect(notes).toEqual(difference === undefined ? [] : [`a: conflict: ${differs(difference)}, which is kept`])
    expect(plan(pod, strict(spec)).denial).toBe(difference && `a: ${differs(difference)}`)
  })

  test('injection 23: below the other mount, or above it, there is room', () => {
    const own = [
      { name: 'w', mountPath: '/a/b' },
      { name: 'w', mountPath: '/' },
      { name: 'w', mountPath: '/ab' },
    ]
    const pod = podOf({ containers: [container('app', { volumeMounts: own })], volumes: [{ name: 'w' }] })
    const { pod: patched, notes } = plan(pod, injectionSet({ a: { volumes: [{ name: 'v' }], volumeMounts: [MOUNT] } }))
    expect(patched['spec']).toMatchObject({ containers: [{ volumeMounts: [...own, MOUNT] }] })
    expect(notes).toEqual([])
  })

  test('injection 23: below the service account’s path it is refused when the document is loaded', () => {
    const path = '/var/run/secrets/kubernetes.io/serviceaccount'
    const mountAt = (mountPath: string) => ({ volumes: [{ name: 'v' }], volumeMounts: [{ name: 'v', mountPath }] })
    for (const below of [`${path}/x`, `//var/run/../run/secrets/kubernetes.io/serviceaccount//x/`]) {
      expect(() => injectionSet({ a: mountAt(below) })).toThrow(
        `/spec/volumeMounts/0/mountPath: lies below ${path}, which is read-only in the pod: its containers could not start`,
      )
    }
    for (const beside of [`${path}s`, `${path}-x/y`, '/var/run/secrets/kubernetes.io/other'])
      injectionSet({ a: mountAt(beside) })
    // The path itself: the token's mount is there first, and stays.
    const token = { name: 'kube-api-access', mountPath: path, readOnly: true }
    const pod = podOf({
      containers: [container('app', { volumeMounts: [token] })],
      volumes: [{ name: 'kube-api-access' }],
    })
    const { pod: patched, notes } = plan(pod, injectionSet({ a: mountAt(path) }))
    expect(patched['spec']).toMatchObject({ containers: [{ volumeMounts: [token] }] })
    expect(notes).toEqual([
      `a: conflict: container "app" has another mount at "${path}" (its name differs), which is kept`,
    ])
  })

  test('injection 23: a volume that the pod lacks is not mounted', () => {
    const set = injectionSet({ a: { volumeMounts: [MOUNT], labels: { team: 'x' } } })
    expect(plan(podOf({}), set)).toMatchObject({
      operations: [],
      results: { a: 'missing-volume' },
      notes: ['a: failed: nothing was injected: it mounts volume "v", which the pod does not have, into containers'],
    })
    expect(plan(podOf({ volumes: [{ name: 'v' }] }), set).results).toEqual({ a: 'injected' })
    expect(plan(podOf({}), set, { claimedVolumes: new Set(['v']) }).operations).toHaveLength(3)
  })
})

test('a variable of the same name is kept, and the others are added', () => {
  const own = [
    { name: 'A', value: 'theirs' },
    { name: 'B', value: '2' },
  ]
  const env = [
    { name: 'A', value: 'ours' },
    { name: 'B', value: '2' },
    { name: 'C', value: '3' },
  ]
  const pod = podOf({ containers: [container('app', { env: own })] })
  const { pod: patched, notes } = plan(pod, injectionSet({ a: { env } }))
  expect(patched['spec']).toMatchObject({ containers: [{ env: [...own, env[2]] }] })
  const what = 'container "app" has another variable "A" (its value differs)'
  expect(notes).toEqual([`a: conflict: ${what}, which is kept`])
  expect(plan(pod, strict({ env }))).toMatchObject({ operations: [], results: { a: 'conflict' }, denial: `a: ${what}` })
})

describe('ports that clash', () => {
  const opens = (name: string, ...ports: readonly Fields[]) => container(name, { ports })
  const inject = (injected: Fields, own: Fields, spec: Fields = {}) =>
    plan(
      podOf({ ...spec, containers: [opens('app', own)] }),
      injectionSet({ a: { containers: [opens('side', injected)] } }),
    )

  test('injection 25: one of the pod’s twice is a warning', () => {
    expect(inject({ containerPort: 8080 }, { containerPort: 8080, protocol: 'TCP' })).toMatchObject({
      results: { a: 'injected' },
      notes: ['a: port-clash: container "side" opens port 8080/TCP, which another container of the pod opens too'],
    })
  })

  test('injection 25: one of the node’s twice is a conflict of the container', () => {
    const what = 'container "side" needs port 80/TCP of the node, which is taken'
    const notes = [`a: conflict: nothing was injected: ${what}`]
    expect(inject({ containerPort: 8080, hostPort: 80 }, { containerPort: 8081, hostPort: 80 })).toMatchObject({
      ...SKIPPED,
      notes,
    })
    // With the node's network every port is one of the node's.
    expect(inject({ containerPort: 80 }, { containerPort: 80 }, { hostNetwork: true })).toMatchObject({
      ...SKIPPED,
      notes,
    })
    expect(inject({ containerPort: 8080, hostPort: 80 }, { hostPort: 80, hostIP: '10.0.0.1' })).toMatchObject(SKIPPED)
    const pod = podOf({ containers: [opens('app', { hostPort: 80 })] })
    expect(plan(pod, strict({ containers: [opens('side', { hostPort: 80 })] })).denial).toBe(`a: ${what}`)
  })

  test.each([
    [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
    [{ containerPort: 80 }, { containerPort: 8080, hostPort: 80 }],
    [
      { hostPort: 80, hostIP: '10.0.0.1' },
      { hostPort: 80, hostIP: '10.0.0.2' },
    ],
    [{ containerPort: 80 }, { containerPort: 81 }],
    [{ name: 'x' }, { name: 'x' }],
  ])('injection 25: %j and %j do not clash', (injected, own) => {
    expect(inject(injected, own)).toMatchObject({ results: { a: 'injected' }, notes: [] })
  })

  test('injection 25: two containers of one injection clash, too, and so do two injections', () => {
    const [one, two] = [opens('one', { hostPort: 80 }), opens('two', { hostPort: 80 })]
    expect(plan(podOf({}), injectionSet({ a: { containers: [one, two] } }))).toMatchObject(SKIPPED)
    const set = injectionSet({ a: { containers: [one] }, b: { containers: [two] } })
    expect(plan(podOf({}), set).results).toEqual({ a: 'injected', b: 'conflict' })
  })
})
