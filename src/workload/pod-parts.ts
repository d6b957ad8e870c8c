import { append, type Pointer, parsePointer } from '../json/pointer.ts'
import { get, getList, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import {
  type ContainerList,
  type ContainerPlace,
  objectsAt,
  type Placed,
  type PodParts,
  seenAs,
  type VolumePlace,
} from './pod-places.ts'

/** The parts of a pod, each as a pod spec would write it, with the pointer to where it really stands. */
export interface FoundParts {
  readonly spec: JsonObject | undefined
  readonly specPointer: Pointer
  readonly containers: readonly (Placed<JsonObject> & { readonly list: ContainerList })[]
  readonly volumes: readonly Placed<JsonObject>[]
}

/**
 * Reads a pod that is written in parts.
 *
 * @param at where `root` stands.
 * @param most containers, and volumes, that are looked for: enough to know that there are too many.
 */
export function partsOf(
  root: JsonObject,
  at: Pointer,
  { spec, containers, volumes }: PodParts,
  most: number,
): FoundParts {
  const specPointer = append(at, ...(parsePointer(spec?.at ?? '') ?? []))
  const found = spec === undefined ? [] : [...objectsAt(root, at, spec.at)]
  const seen: Placed<JsonObject>[] = []
  for (const place of volumes ?? []) if (seen.length < most) seen.push(...volumesAt(root, at, place))
  return {
    spec: spec === undefined || found[0] === undefined ? undefined : seenAs(found[0].value, spec),
    specPointer,
    containers: (containers ?? []).flatMap(place => [...containersAt(root, at, place)]),
    volumes: seen,
  }
}

function* containersAt(root: JsonObject, at: Pointer, place: ContainerPlace) {
  for (const { pointer, value } of objectsAt(root, at, place.at)) {
    const seen = seenAs(value, place)
    // Of an object with other things in it nothing may be a container's.
    if (place.pick !== undefined && Object.keys(seen).length === 0) continue
    const named =
      place.name !== undefined && getString(seen, 'name') === undefined ? { ...seen, name: place.name } : seen
    yield { pointer, value: withScript(named, value, place.script), list: place.list ?? 'containers' }
  }
}

/** Shells whose scripts are read as such; a script of Python is not one. */
const SHELL = /^#!\s*(?:\/usr)?\/bin\/(?:env\s+)?(?:ba|da|a|k|z)?sh\b/

/** A container that runs a script, as if its command were a shell with that script. */
function withScript(container: JsonObject, value: JsonObject, field: string | undefined): JsonObject {
  const script = field === undefined ? undefined : getString(value, field)
  if (script === undefined || script === '') return container
  const own = getList(container, 'command')
  const shell: readonly Json[] = own.length > 0 ? own : ['/bin/sh']
  if (script.startsWith('#!') && !SHELL.test(script)) return container
  return { ...container, command: shell, args: ['-c', script] }
}

function* volumesAt(root: JsonObject, at: Pointer, place: string | VolumePlace): Generator<Placed<JsonObject>> {
  const { at: pointer, source, only } = typeof place === 'string' ? { at: place } : place
  for (const { pointer: found, value } of objectsAt(root, at, pointer)) {
    if (only !== undefined && !only.some(key => isObject(get(value, key)))) continue
    if (source === undefined) {
      const seen = only === undefined ? value : seenAs(value, { pick: ['name', ...only] })
      yield { pointer: found, value: seen }
      continue
    }
    const inner = get(value, source)
    // The name stands beside the source, and findings are about the source.
    if (isObject(inner)) yield { pointer: append(found, source), value: { ...inner, name: get(value, 'name') ?? '' } }
  }
}
