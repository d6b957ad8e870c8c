import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePointer, resolvePointer } from '../../src/json/pointer.ts'
import { isList, isObject, type Json } from '../../src/json/value.ts'
import { podsOf } from '../../src/workload/pod.ts'
import { hostPathSet, json, judge, requestFor } from '../support/engine.ts'
import { type Manifest, persistentVolume, pod, WORKLOADS } from '../support/host-path-cases.ts'

const SETS = [
  hostPathSet(),
  hostPathSet({ allowed: [{ path: '/data', readOnly: true, types: ['Directory'] }], csiDrivers: ['a'] }),
  hostPathSet({ mode: 'none', csiDrivers: [], sources: ['flexVolume'] }),
]

/** A pod with something in every place that the check reads. */
const SPEC = {
  nodeName: 'worker-1',
  containers: [
    {
      name: 'app',
      image: 'a',
      workingDir: '/proc',
      volumeMounts: [
        { name: 'host', mountPath: '/host', readOnly: true, subPath: 'x', mountPropagation: 'Bidirectional' },
      ],
    },
  ],
  initContainers: [{ name: 'init', image: 'a', volumeMounts: [{ name: 'csi', mountPath: '/csi' }] }],
  ephemeralContainers: [{ name: 'debug', image: 'a' }],
  volumes: [
    { name: 'host', hostPath: { path: '/etc', type: 'Directory' } },
    { name: 'csi', csi: { driver: 'a' } },
    { name: 'git', gitRepo: { repository: 'a' } },
  ],
}
const STORAGE_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local' },
  provisioner: 'rancher.io/local-path',
  parameters: { pathPattern: '../x', nodePath: '/etc' },
}
const MANIFESTS: readonly Manifest[] = [
  ...Object.values(WORKLOADS).map(around => around(SPEC)),
  persistentVolume('hostPath', '/etc'),
  persistentVolume('local', '/etc'),
  STORAGE_CLASS,
]

/** Every place in a value, as the segments that lead to it. */
function placesIn(value: Json, at: readonly string[] = []): readonly (readonly string[])[] {
  const children = isList(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : []
  return [at, ...children.flatMap(([key, child]) => placesIn(child, [...at, String(key)]))]
}

/** `value` with what stands at a place replaced. */
function graft(value: Json, [segment, ...rest]: readonly string[], scion: Json): Json {
  if (segment === undefined) return scion
  if (isList(value)) return value.map((item, index) => (String(index) === segment ? graft(item, rest, scion) : item))
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, child]) => [
    key,
    key === segment ? graft(child, rest, scion) : child,
  ])
  return Object.fromEntries(entries)
}

const word = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'name',
    'path',
    'type',
    'hostPath',
    'volumes',
    'spec',
    'toString',
    'length',
  ),
)
const { json: anyJson } = fc.letrec<{ json: Json }>(tie => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, '', '/', '/etc', '..'),
    word,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.array(fc.tuple(word, tie('json')), { maxLength: 3 }).map(entries => Object.fromEntries(entries)),
  ),
}))

/** A manifest with arbitrary JSON in one place below its kind. */
const grafted = fc.constantFrom(...MANIFESTS).chain(manifest => {
  const object = json(manifest)
  const places = placesIn(object).filter(([first]) => first !== undefined && first !== 'apiVersion' && first !== 'kind')
  return fc.tuple(fc.constantFrom(...places), anyJson).map(([place, scion]) => graft(object, place, scion))
})

describe('malformed objects', () => {
  it('are judged without an exception, and findings point to what is there', () => {
    fc.assert(
      fc.property(grafted, fc.constantFrom(...SETS), (object, set) => {
        const request = requestFor(object)
        const decision = judge(set, request)
        expect(decision.errors).toEqual([])
        for (const { finding } of [...decision.denials, ...decision.warnings]) {
          const parent = finding.pointer.slice(0, finding.pointer.lastIndexOf('/'))
          expect(parsePointer(finding.pointer)).toBeDefined()
          expect(resolvePointer(request.object, parent)).toBeDefined()
          expect(finding.message).toMatch(/^[^\p{Cc}]+$/u)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('change into each other without an exception, and into themselves without a denial', () => {
    fc.assert(
      fc.property(grafted, grafted, fc.constantFrom(...SETS), (object, oldObject, set) => {
        judge(set, requestFor(object, { oldObject }))
        expect(judge(set, requestFor(object, { oldObject: object })).denials).toEqual([])
      }),
      { numRuns: 1500 },
    )
  })

  it.each<[what: string, spec: unknown]>([
    ['no spec', undefined],
    ['a spec that is null', null],
    ['a spec that is a list', []],
    ['volumes that are no list', { volumes: { hostPath: { path: '/etc' } } }],
    ['volumes that are no objects', { volumes: [null, 'x', 1, []] }],
    ['containers that are no objects', { containers: [null, 'x'], volumes: null }],
    ['mounts that are no objects', { containers: [{ volumeMounts: [null, 'x'] }] }],
  ])('pass with %s, which the API server refuses', (_what, spec) => {
    expect(judge(SETS[0] ?? hostPathSet(), requestFor({ ...pod(), spec }))).toMatchObject({ allowed: true, errors: [] })
  })

  it.each<[hostPath: unknown, pointer: string]>([
    [{}, '/spec/volumes/0/hostPath'],
    [[], '/spec/volumes/0/hostPath'],
    ['/data', '/spec/volumes/0/hostPath'],
    [{ path: null }, '/spec/volumes/0/hostPath/path'],
    [{ path: ['/data'] }, '/spec/volumes/0/hostPath/path'],
    [{ path: 1 }, '/spec/volumes/0/hostPath/path'],
  ])('are refused with hostPath %j', (hostPath, pointer) => {
    const { denials } = judge(hostPathSet(), requestFor(pod({ volumes: [{ name: 'a', hostPath }] })))
    expect(denials.map(({ finding }) => finding.pointer)).toEqual([pointer])
    expect(denials.map(({ finding }) => finding.message)).toEqual([
      'volume "a" mounts hostPath "", which is refused: the path is empty',
    ])
  })

  it('cannot hide a refused volume behind another of its name', () => {
    const twins = [
      { name: 'a', hostPath: { path: '/etc' } },
      { name: 'a', emptyDir: {} },
    ]
    const containers = [{ name: 'app', volumeMounts: [{ name: 'a', mountPath: '/a' }] }]
    for (const volumes of [twins, twins.toReversed()]) {
      const old = pod({ volumes, containers: [{ name: 'app' }] })
      const { denials } = judge(hostPathSet(), requestFor(pod({ volumes, containers }), { oldObject: old }))
      expect(denials.map(({ finding }) => finding.pointer)).toEqual(['/spec/containers/0/volumeMounts/0'])
    }
  })
})

describe('podsOf', () => {
  const kind = { group: 'example.com', kind: 'Fleet' }
  const template = { metadata: { labels: { a: 'b' } }, spec: { volumes: [{ name: 'a', emptyDir: {} }] } }

  it('knows nothing about other kinds', () => {
    expect(podsOf(kind, json({ spec: { template } }))).toBeUndefined()
  })

  it('is empty where a known kind has no template', () => {
    expect(podsOf({ group: 'apps', kind: 'Deployment' }, {})).toEqual([])
    expect(podsOf({ group: 'apps', kind: 'Deployment' }, json({ spec: { template: null } }))).toEqual([])
  })

  it('finds templates where a policy says, each once', () => {
    const further = [{ ...kind, resource: 'fleets', pointers: ['/spec/*/a~1b', '/spec/0/a~1b'] }]
    const object = json({ spec: [{ 'a/b': template }, { other: 1 }, { 'a/b': template }, { 'a/b': 'text' }] })
    const pods = podsOf(kind, object, further)
    if (typeof pods !== 'object') throw new Error('there are pods in it')
    expect(pods.map(({ pointer }) => pointer)).toEqual(['/spec/0/a~1b', '/spec/2/a~1b'])
    expect(pods[1]?.volumes[0]?.pointer).toBe('/spec/2/a~1b/spec/volumes/0')
  })

  it('does not take a core Service for a Knative one', () => {
    expect(podsOf({ group: '', kind: 'Service' }, json({ spec: { template } }))).toBeUndefined()
  })

  it('reads own properties only', () => {
    const object: Json = JSON.parse('{"__proto__": {"spec": {"template": {}}}}')
    expect(podsOf({ group: 'apps', kind: 'Deployment' }, isObject(object) ? object : {})).toEqual([])
  })
})
