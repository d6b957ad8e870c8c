import { quote } from '../admission/text.ts'
import { append, type Pointer } from '../json/pointer.ts'
import { getList, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import type { ValueProblem } from '../policy/problems.ts'
import type { Additions } from './injection.ts'
import { DECLARED_CONTAINERS } from './judge.ts'
import { cleanPath, nameOf } from './names.ts'
import { problemsIn, type TypeCheck } from './pod-types/check.ts'
import { container, envVar, volumeMount } from './pod-types/container.ts'
import { localObjectReference } from './pod-types/references.ts'
import { list } from './pod-types/types.ts'
import { volume } from './pod-types/volume.ts'
import { RECORD_KEY } from './record.ts'
import { startWarnings } from './start-doubts.ts'

/** Where the kubelet mounts a pod's token, read-only: nothing can be mounted below it. */
const SERVICE_ACCOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Labels by which controllers find their pods. */
const CONTROLLER_LABELS: readonly string[] = [
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'apps.kubernetes.io/pod-index',
  'statefulset.kubernetes.io/pod-name',
]

/** Annotations that say where a pod comes from. */
const RESERVED_ANNOTATIONS: readonly string[] = [RECORD_KEY, 'kubernetes.io/config.mirror', 'kubernetes.io/config.hash']

/** What would make every pod invalid or worse, although each field alone is right. */
export function faultsIn(additions: Additions): readonly ValueProblem[] {
  if (Object.values(additions).every(isEmpty)) return [fault('/spec', 'the injection adds nothing')]
  return [
    ...unsupportedIn(additions, '/spec'),
    ...typesOf(additions).problems,
    ...keyFaults(additions.labels, '/spec/labels', CONTROLLER_LABELS, 'a controller finds its pods by this label'),
    ...keyFaults(
      additions.annotations,
      '/spec/annotations',
      RESERVED_ANNOTATIONS,
      'this annotation is not for injections',
    ),
    ...twins(
      DECLARED_CONTAINERS.flatMap(([name]) => entriesOf(additions[name], `/spec/${name}`)),
      'container',
      nameOf,
    ),
    ...containersOf(additions).flatMap(([value, pointer]) => containerFaults(value, pointer)),
    ...twins(entriesOf(additions.volumes, '/spec/volumes'), 'volume', nameOf),
    ...twins(entriesOf(additions.imagePullSecrets, '/spec/imagePullSecrets'), 'secret', nameOf),
    ...twins(entriesOf(additions.env, '/spec/env'), 'variable', nameOf),
    ...mountFaults(additions.volumeMounts, '/spec/volumeMounts'),
    ...additions.volumeMounts.flatMap((mount, index) => tokenFaults(mount, append('/spec/volumeMounts', index))),
  ]
}

/** What is allowed and seldom meant. */
export function warningsIn(additions: Additions): readonly ValueProblem[] {
  const declared = new Set(additions.volumes.map(nameOf))
  const mounts = [
    ...containersOf(additions).flatMap(([value, pointer]) =>
      ['volumeMounts', 'volumeDevices'].flatMap(list => entriesOf(getList(value, list), append(pointer, list))),
    ),
    ...entriesOf(additions.volumeMounts, '/spec/volumeMounts'),
  ]
  const strangers = mounts
    .filter(([mount]) => !declared.has(nameOf(mount)))
    .map(([mount, pointer]) => {
      return fault(
        append(pointer, 'name'),
        `volume ${quote(nameOf(mount))} is not one of the injection's: pods without it get nothing of the injection`,
      )
    })
  return [...typesOf(additions).warnings, ...strangers, ...startWarnings(additions)]
}

/** What each list of an injection holds, in Kubernetes' own types. */
const TYPES = {
  initContainersFirst: container,
  initContainers: container,
  containers: container,
  volumes: volume,
  volumeMounts: volumeMount,
  env: envVar,
  imagePullSecrets: localObjectReference,
} as const

/** Fields of a wrong type would make every pod invalid; a field that is not known may be newer than this version. */
function typesOf(additions: Additions): TypeCheck {
  const checks = (Object.keys(TYPES) as (keyof typeof TYPES)[]).map(name =>
    problemsIn(additions[name], list(TYPES[name]), `/spec/${name}`),
  )
  return { problems: checks.flatMap(({ problems }) => problems), warnings: checks.flatMap(({ warnings }) => warnings) }
}

function fault(pointer: Pointer, message: string, part: ValueProblem['part'] = 'value'): ValueProblem {
  return { pointer, part, message }
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}

type Entry = readonly [value: JsonObject, pointer: Pointer]

function entriesOf(values: readonly Json[], pointer: Pointer): readonly Entry[] {
  return values.flatMap((value, index): Entry[] => (isObject(value) ? [[value, append(pointer, index)]] : []))
}

function containersOf(additions: Additions): readonly Entry[] {
  return DECLARED_CONTAINERS.flatMap(([name]) => entriesOf(additions[name], `/spec/${name}`))
}

const TEMPLATE = /\$\{\{/

/** Templates that nothing renders yet, and numbers that would not arrive as they were written. */
function unsupportedIn(value: unknown, pointer: Pointer): readonly ValueProblem[] {
  if (typeof value === 'string' && TEMPLATE.test(value)) {
    return [fault(pointer, `"$\{{ … }}" is not supported yet: this version evaluates no CEL`)]
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return [fault(pointer, 'the number is too large to be passed on exactly')]
  }
  if (isList(value)) return value.flatMap((item, index) => unsupportedIn(item, append(pointer, index)))
  if (!isObject(value)) return []
  return Object.keys(value).flatMap(key => unsupportedIn(value[key], append(pointer, key)))
}

function keyFaults(
  map: Readonly<Record<string, string>>,
  pointer: Pointer,
  reserved: readonly string[],
  why: string,
): readonly ValueProblem[] {
  return Object.keys(map).flatMap(key => (reserved.includes(key) ? [fault(append(pointer, key), why, 'key')] : []))
}

function twins(
  entries: readonly Entry[],
  what: string,
  identify: (value: JsonObject) => string,
): readonly ValueProblem[] {
  const seen = new Set<string>()
  return entries.flatMap(([value, pointer]) => {
    const identity = identify(value)
    if (!seen.has(identity)) {
      seen.add(identity)
      return []
    }
    return [
      fault(append(pointer, what === 'mount' ? 'mountPath' : 'name'), `there is another ${what} ${quote(identity)}`),
    ]
  })
}

function containerFaults(value: JsonObject, pointer: Pointer): readonly ValueProblem[] {
  const hasImage = (getString(value, 'image') ?? '') !== ''
  return [
    ...(hasImage ? [] : [fault(pointer, 'the container has no image: the API server would refuse every pod')]),
    ...mountFaults(getList(value, 'volumeMounts'), append(pointer, 'volumeMounts')),
    ...twins(entriesOf(getList(value, 'env'), append(pointer, 'env')), 'variable', nameOf),
  ]
}

function mountFaults(mounts: readonly Json[], pointer: Pointer): readonly ValueProblem[] {
  return twins(entriesOf(mounts, pointer), 'mount', mount => cleanPath(getString(mount, 'mountPath') ?? ''))
}

function tokenFaults(mount: JsonObject, pointer: Pointer): readonly ValueProblem[] {
  const path = cleanPath(getString(mount, 'mountPath') ?? '')
  if (!path.startsWith(`${SERVICE_ACCOUNT_PATH}/`)) return []
  const message = `lies below ${SERVICE_ACCOUNT_PATH}, which is read-only in the pod: its containers could not start`
  return [fault(append(pointer, 'mountPath'), message)]
}
