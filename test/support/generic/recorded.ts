import { readFileSync } from 'node:fs'
import { digest } from '../../../src/cli/documents.ts'
import { type InjectionSet, planInjections } from '../../../src/injection/plan.ts'
import { parseQuantity } from '../../../src/injection/quantity.ts'
import { loadInjections } from '../../../src/injection/set.ts'
import { applyPatch, type PatchOperation } from '../../../src/json/patch.ts'
import { getList, getString, isList, isObject, type Json, type JsonObject } from '../../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'

/** A pod, and the answer that the original gave to it. */
export interface Recorded {
  readonly configuration: string
  readonly pod: JsonObject
  readonly answer: { readonly allowed: boolean; readonly message?: string; readonly patch?: readonly PatchOperation[] }
}

const FOLDER = new URL('../../data/generic-sidecar-injector/recorded/', import.meta.url)

/** Every recorded pod. */
export function recordedPods(): readonly Recorded[] {
  return readFileSync(new URL('pods.ndjson', FOLDER), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Recorded)
}

/** The injections of a recorded configuration. */
export function recordedSet(configuration: string): InjectionSet {
  const text = (name: string) => readFileSync(new URL(`${configuration}/${name}`, FOLDER), 'utf8')
  const generic = {
    sidecarFile: 's.yaml',
    sidecarText: text('s.yaml'),
    mutationFile: 'm.yaml',
    mutationText: text('m.yaml'),
    revision: 'r',
  }
  const excludedNamespaces = ['kube-system', 'kube-public']
  const { set, problems } = loadInjections({ documents: [], problems: [], generic }, { excludedNamespaces, digest })
  if (problems[0] !== undefined) throw new Error(problems[0].message)
  return set
}

/** The pod as Portcullis leaves it, or why it is refused. */
export function ours(pod: JsonObject, set: InjectionSet): JsonObject | string {
  const plan = planInjections({ pod, namespace: 'shop' }, set, { namespaceLabels: NO_NAMESPACE_LABELS })
  return plan.denial === undefined ? patched(pod, plan.operations) : plan.denial.message
}

/** The pod with a patch, which must apply. */
export function patched(pod: JsonObject, operations: readonly PatchOperation[]): JsonObject {
  const result = applyPatch(pod, operations)
  if (!result.ok || !isObject(result.document)) throw new Error('the patch does not apply')
  return result.document
}

/** Without what says nothing: null, empty values, `false`, and the spelling of quantities. */
export function normal(value: Json, key = ''): Json {
  if (isList(value)) return value.map(item => normal(item))
  if (isObject(value)) {
    const entries = Object.keys(value)
      .sort()
      .map(name => [name, normal(value[name] ?? null, name)] as const)
    return Object.fromEntries(entries.filter(([name, item]) => name === 'emptyDir' || !isNothing(item)))
  }
  if (typeof value === 'string' && ['memory', 'cpu'].includes(key)) return String(parseQuantity(value))
  return value
}

function isNothing(value: Json): boolean {
  if (isList(value)) return value.length === 0
  return isObject(value) ? Object.keys(value).length === 0 : value === null || value === '' || value === false
}

/** Where two pods differ. `order` stands for the names of a list, in their order. */
export interface Difference {
  readonly path: string
  readonly original: Json | undefined
  readonly ours: Json | undefined
}

const NAMED_LISTS = ['containers', 'initContainers', 'ephemeralContainers', 'volumes']

/** The differences of two pods: containers and volumes by their names. */
export function differencesOf(original: Json | undefined, own: Json | undefined, path = ''): readonly Difference[] {
  if (JSON.stringify(original) === JSON.stringify(own)) return []
  if (isList(original) && isList(own) && NAMED_LISTS.includes(path.split('/').at(-1) ?? '')) {
    const names = [original, own].map(list => list.map(item => getString(item, 'name') ?? ''))
    const order = { path: `${path}/order`, original: names[0] ?? [], ours: names[1] ?? [] }
    const isSame = JSON.stringify(names[0]) === JSON.stringify(names[1])
    const items = original.flatMap(item => {
      const twin = own.find(other => getString(other, 'name') === getString(item, 'name'))
      return twin === undefined ? [] : differencesOf(item, twin, `${path}/${getString(item, 'name')}`)
    })
    return isSame ? items : [order, ...items]
  }
  if (isObject(original) && isObject(own)) {
    const keys = new Set([...Object.keys(original), ...Object.keys(own)])
    return [...keys].flatMap(key => differencesOf(original[key], own[key], `${path}/${key.replaceAll('/', '~1')}`))
  }
  return [{ path, original, ours: own }]
}

/** The names of all containers of a pod. */
export function containerNames(pod: JsonObject): readonly string[] {
  const { spec = null } = pod
  return ['containers', 'initContainers', 'ephemeralContainers'].flatMap(list =>
    getList(spec, list).map(container => getString(container, 'name') ?? ''),
  )
}
