import fc from 'fast-check'
import { isWellFormed } from '../../src/injection/well-formed.ts'
import type { Json, JsonObject } from '../../src/json/value.ts'

/** Few names, so that pods and injections meet in them. */
export const CONTAINERS = ['app', 'side', 'proxy', 'helper'] as const
export const VOLUMES = ['data', 'logs', 'cfg'] as const
export const VARIABLES = ['A', 'B', 'C'] as const
export const LABELS = ['app', 'team', 'example.com/x', 'constructor'] as const
export const ANNOTATIONS = ['inject', 'note', 'example.com/n', 'toString'] as const
export const SECRETS = ['pull', 'other'] as const
export const IMAGES = [
  'side:1',
  'side:2',
  'docker.io/library/side:1',
  'registry.example.com/team/side:1',
  'quay.io/team/side:1',
]
const PATHS = ['/data', '/data/', '/logs', '/a/../logs', '/x', '/x/y', '']
const ODD_KEYS = ['__proto__', 'hasOwnProperty', 'a/b', 'a~b', 'a~1b', '~0', '', '0', '-', 'é\u2028🦊']
/** Numbers that stand in pods and nowhere else: none of them may turn up in a patch. */
export const RAW_NUMBERS = [9007199254740994, -(2 ** 63), 1.7976931348623157e308, 0.1000000000000003]

/** An object whose keys are own, `__proto__` too. */
const own = (entries: readonly (readonly [string, Json | undefined])[]): JsonObject =>
  Object.fromEntries(entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined))

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('true', 'x', 'y', '') },
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('{{ x }}', '{{ $x }}', '{% x %}', '"\n  x: y', '\u2028', '🦊'.repeat(300)),
)

/** What nobody knows yet. */
const unknown: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, [], {}, true, '', [null], [{}]),
  fc.constantFrom<Json>(...RAW_NUMBERS),
  fc.array(fc.constantFrom<Json>(...RAW_NUMBERS, 'x'), { maxLength: 3 }),
  fc
    .tuple(fc.constantFrom(...ODD_KEYS), fc.constantFrom<Json>(...RAW_NUMBERS, null, []))
    .map(([key, value]) => own([[key, value]])),
)
const unknownFields = fc.array(fc.tuple(fc.constantFrom('futureField', 'x/y', '__proto__', 'z~1'), unknown), {
  maxLength: 1,
})

/** The value, or one of the ways in which it can be missing. */
const optional = (value: fc.Arbitrary<Json>): fc.Arbitrary<Json | undefined> =>
  fc.oneof({ weight: 4, arbitrary: value }, fc.constantFrom<Json | undefined>(undefined, null))

/** An object of these fields, in any order, with some that nobody knows. */
function fields(shape: Readonly<Record<string, fc.Arbitrary<Json | undefined>>>): fc.Arbitrary<JsonObject> {
  const entries = Object.entries(shape).map(([key, value]) => fc.tuple(fc.constant(key), value))
  return fc
    .tuple(fc.tuple(...entries), unknownFields, fc.boolean())
    .map(([known, rest, isReversed]) => own(isReversed ? [...rest, ...known.toReversed()] : [...known, ...rest]))
}

const strings = (keys: readonly string[]): fc.Arbitrary<Json | undefined> => {
  const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...keys) }, fc.constantFrom(...ODD_KEYS))
  const value = fc.oneof({ weight: 8, arbitrary: text }, fc.constantFrom<Json>(null, 5, []))
  const entries = fc.array(fc.tuple(key, value), { maxLength: 4 })
  // Now and then some hundred more.
  const filler = fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, fc.nat(300))
  return optional(
    fc
      .tuple(entries, filler)
      .map(([some, count]) => own([...some, ...Array.from({ length: count }, (_, i) => [`k${i}`, 'v'] as const)])),
  )
}

const variable = fields({ name: fc.constantFrom(...VARIABLES, 'OWN'), value: optional(text) })
const mount = fields({
  name: fc.constantFrom(...VOLUMES),
  mountPath: fc.constantFrom(...PATHS),
  readOnly: fc.constantFrom(undefined, true, false),
  subPath: fc.constantFrom(undefined, undefined, '', 'sub'),
})
const port = fields({
  containerPort: fc.constantFrom(80, 8080),
  hostPort: fc.constantFrom(undefined, undefined, 80),
  protocol: fc.constantFrom(undefined, 'TCP', 'UDP'),
})
const list = (item: fc.Arbitrary<Json>, maxLength = 3): fc.Arbitrary<Json | undefined> =>
  optional(
    fc.oneof(
      { weight: 40, arbitrary: fc.array(item, { maxLength }) },
      fc.array(item, { minLength: 33, maxLength: 60 }),
    ),
  )

const container = fields({
  name: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('own1', 'own2', 'own3', 'own4') },
    fc.constantFrom(...CONTAINERS),
  ),
  image: fc.constantFrom(undefined, ...IMAGES),
  args: fc.constantFrom<Json | undefined>(undefined, [], ['-v'], ['-q']),
  env: list(variable),
  volumeMounts: list(mount),
  ports: list(port, 1),
  resources: fc.constantFrom<Json | undefined>(
    undefined,
    null,
    {},
    { limits: { memory: '1Gi' } },
    { limits: { memory: '2Gi' } },
  ),
})
const volume = fields({
  name: fc.oneof({ weight: 2, arbitrary: fc.constantFrom('own', 'more') }, fc.constantFrom(...VOLUMES)),
  emptyDir: fc.constantFrom<Json | undefined>(undefined, undefined, {}, { sizeLimit: '1Gi' }),
  hostPath: fc.constantFrom<Json | undefined>(undefined, undefined, undefined, { path: '/' }),
})

/** A record that somebody forged. */
const record = fc.oneof(
  fc.constantFrom('injected', '[', '[]', 'null', ' '.repeat(1000)),
  fc
    .array(
      fc.record({
        name: fc.constantFrom('i0', 'i1', 'i2', 'i3', 'gone'),
        revision: fc.constant('forged'),
        containers: fc.subarray([...CONTAINERS, 'own1']),
        initContainers: fc.subarray([...CONTAINERS]),
        volumes: fc.subarray([...VOLUMES]),
        env: fc.constantFrom({}, { app: ['A'], own1: ['A', 'B'] }),
        volumeMounts: fc.constantFrom({}, { app: ['/data'], own1: ['/logs'] }),
      }),
      { maxLength: 3 },
    )
    .map(records => JSON.stringify(records)),
)

const annotations = fc
  .tuple(strings(ANNOTATIONS), fc.option(record, { freq: 4 }))
  .map(([map, forged]) =>
    forged === null ? map : { ...(map as JsonObject | null | undefined), 'portcullis.dev/injected': forged },
  )

const metadata = fields({
  name: fc.constantFrom(undefined, 'checkout'),
  labels: strings(LABELS),
  annotations,
  ownerReferences: fc.constantFrom<Json | undefined>(undefined, null, [
    { kind: 'ReplicaSet', uid: 'u', n: 9007199254740994 },
  ]),
  finalizers: fc.constantFrom<Json | undefined>(undefined, [], ['example.com/a', 'example.com/b']),
})

const spec = fields({
  containers: list(container, 4),
  initContainers: list(container),
  ephemeralContainers: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, list(container, 1)),
  volumes: list(volume),
  imagePullSecrets: list(fields({ name: fc.constantFrom(...SECRETS) })),
  restartPolicy: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(undefined, null, '', 'Always') },
    fc.constant('Never'),
  ),
  hostNetwork: fc.constantFrom(undefined, undefined, false, true),
  os: fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom<Json | undefined>(undefined, null, { name: 'linux' }) },
    fc.constant({ name: 'windows' }),
  ),
})

/** A pod before anybody has validated it: fields may be missing, null, empty, unknown, twins or, rarely, of no right type. */
export const anyPod: fc.Arbitrary<JsonObject> = fields({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Pod'),
  metadata: fc.oneof({ weight: 20, arbitrary: metadata }, fc.constantFrom<Json | undefined>(undefined, null, 'x')),
  spec: fc.oneof(
    { weight: 40, arbitrary: spec },
    fc.constantFrom<Json | undefined>(undefined, null, [], { containers: 'x' }, { volumes: {} }),
  ),
  status: fc.constantFrom<Json | undefined>(undefined, {}, { phase: 'Pending', n: 9007199254740994 }),
})

const keyOf = (item: Json, key: string): string => String((item as JsonObject | null)?.[key] ?? '')

/** A pod that the API server would accept as far as types and names go: no twins. */
export const distinctPod: fc.Arbitrary<JsonObject> = anyPod.filter(isWellFormed).map(pod => {
  const known = new Set<string>()
  const first =
    (key: string, seen: Set<string>, clean = (name: string) => name) =>
    (item: Json) => {
      const name = clean(keyOf(item, key))
      return name !== '' && !seen.has(name) && seen.add(name) !== undefined
    }
  const walk = (value: Json, at: string): Json => {
    if (Array.isArray(value)) {
      const items = value.map(item => walk(item, `${at}/*`))
      if (/[cC]ontainers$/.test(at)) return items.filter(first('name', known))
      if (/\/(?:volumes|env|imagePullSecrets)$/.test(at)) return items.filter(first('name', new Set()))
      if (/\/volumeMounts$/.test(at))
        return items.filter(first('mountPath', new Set(), path => path.replace('/a/..', '').replace(/\/$/, '')))
      return items
    }
    if (typeof value !== 'object' || value === null || at.length > 60) return value
    return own(Object.entries(value as JsonObject).map(([key, item]) => [key, walk(item, `${at}/${key}`)] as const))
  }
  return walk(pod, '') as JsonObject
})
