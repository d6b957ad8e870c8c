import { append, type Pointer, parsePointer } from '../json/pointer.ts'
import { get, isList, isObject, type Json, type JsonObject } from '../json/value.ts'

/** A kind in any of its versions. */
export interface GroupKind {
  readonly group: string
  readonly kind: string
}

/** The three lists of a pod spec that hold containers. */
export const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const
export type ContainerList = (typeof CONTAINER_LISTS)[number]

/**
 * A kind that embeds pods, and where. In pointers a segment `*` means every element of a list, and every value of a map.
 */
export interface PodTemplateKind extends GroupKind {
  /** Plural resource name, as in the API's paths. */
  readonly resource: string
  /**
   * Pointers to pod templates, which hold a pod's `metadata` and `spec`; `''` for a Pod itself. Those that a policy
   * names may lead to a bare pod spec, or to a volume source, as well.
   */
  readonly pointers: readonly string[]
  /** Pointers to bare pod specs: objects with a pod spec's fields, or some of them. */
  readonly specs?: readonly string[]
  /** Pods whose parts have other names than in a pod spec, or stand in several places. */
  readonly parts?: readonly PodParts[]
  /** Whether an operator adds to what is written here before it makes pods of it: what is missing may come from there. */
  readonly isPartial?: boolean
  /** Where the pointers were read: the API's versions, the public repository, the file in it, and its commit. */
  readonly source?: ApiSource
}

/** A public definition of an API, as it was read. */
export interface ApiSource {
  readonly versions: string
  /** `owner/name` on GitHub. */
  readonly repository: string
  readonly file: string
  /** The first digits of the commit. */
  readonly commit: string
}

/** How fields are found under other names. */
export interface View {
  /** The only fields that are seen, under their own names; all unless given. */
  readonly pick?: readonly string[]
  /** Fields by the names that a pod spec or a container has for them. */
  readonly rename?: Readonly<Record<string, string>>
}

/** Containers that stand somewhere: the entries that a pointer leads to, each an object with a container's fields. */
export interface ContainerPlace extends View {
  /** Relative to the parts' own pointer. */
  readonly at: string
  /** As which list they count; `containers` unless given. */
  readonly list?: ContainerList
  /** What a container without a name is called. */
  readonly name?: string
  /** The field with a shell script that the container runs. */
  readonly script?: string
}

/** Volumes that stand somewhere. */
export interface VolumePlace {
  readonly at: string
  /** Where an entry holds its source, if not beside its name: `volumeSource`. */
  readonly source?: string
  /** Only entries of these sources are volumes of the pod; all unless given. */
  readonly only?: readonly string[]
}

/** A pod that is written in parts. */
export interface PodParts {
  /** A pointer to what all others are relative to; each object that it leads to is one pod. */
  readonly at: string
  /** The object that has fields of a pod spec, such as hostNetwork and securityContext. */
  readonly spec?: View & { readonly at: string }
  readonly containers?: readonly ContainerPlace[]
  readonly volumes?: readonly (string | VolumePlace)[]
}

/** A value, and where it stands. */
export interface Placed<Value extends Json = Json> {
  readonly pointer: Pointer
  readonly value: Value
}

/** The objects that a pointer leads to, with `*` for every element of a list and every value of a map. */
export function* objectsAt(root: Json, at: Pointer, pointer: string): Generator<Placed<JsonObject>> {
  for (const { pointer: found, value } of expand(root, at, segmentsOf(pointer))) {
    if (isObject(value)) yield { pointer: found, value }
  }
}

/** Every value that a pointer leads to. */
export function valuesAt(root: Json, pointer: string): Iterable<Placed> {
  return expand(root, '', segmentsOf(pointer))
}

/** `value` as a pod spec or a container would write it. */
export function seenAs(value: JsonObject, { pick, rename }: View): JsonObject {
  if (pick === undefined && rename === undefined) return value
  const seen: Record<string, Json> = {}
  for (const key of pick ?? Object.keys(value)) {
    const field = get(value, key)
    // A key may be called __proto__, which an assignment would take for something else.
    if (field !== undefined && key !== '__proto__') seen[key] = field
  }
  for (const [key, own] of Object.entries(rename ?? {})) {
    const field = get(value, own)
    if (field !== undefined) seen[key] = field
  }
  return seen
}

const parsed = new Map<string, readonly string[]>()

/** Tables name some hundred pointers and policies a few more: each is parsed once. */
function segmentsOf(pointer: string): readonly string[] {
  let segments = parsed.get(pointer)
  if (segments === undefined) {
    segments = parsePointer(pointer) ?? []
    if (parsed.size < MOST_PARSED) parsed.set(pointer, segments)
  }
  return segments
}
const MOST_PARSED = 5000

function* expand(value: Json | undefined, at: Pointer, segments: readonly string[], depth = 0): Generator<Placed> {
  const segment = segments[depth]
  if (segment === undefined) {
    if (value !== undefined) yield { pointer: at, value }
  } else if (segment !== '*') {
    const next = isList(value) ? itemOf(value, segment) : get(value, segment)
    if (next !== undefined) yield* expand(next, append(at, segment), segments, depth + 1)
  } else if (isList(value)) {
    for (const [index, item] of value.entries()) yield* expand(item, append(at, index), segments, depth + 1)
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) yield* expand(item, append(at, key), segments, depth + 1)
  }
}

function itemOf(list: readonly Json[], segment: string): Json | undefined {
  return /^(?:0|[1-9]\d*)$/.test(segment) ? list[Number(segment)] : undefined
}
