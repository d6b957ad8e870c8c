import { append, type Pointer } from '../json/pointer.ts'
import { get, isObject, type JsonObject } from '../json/value.ts'
import { entriesOf, POD_TEMPLATE_KINDS } from './kinds.ts'
import { CONTAINER_LISTS, type GroupKind, objectsAt, type PodParts, type PodTemplateKind } from './pod-places.ts'

/** A pod, a pod template, or the parts of a pod, as written in an object; nothing of it is judged yet. */
export interface EmbeddedPod {
  /** Where it stands: `''` for a Pod, `/spec/template` in a Deployment. */
  readonly pointer: Pointer
  readonly value: JsonObject
  /** Whether `value` holds a pod's metadata and spec, or is a pod spec itself, or holds the parts that `parts` names. */
  readonly shape: 'template' | 'spec' | 'parts'
  readonly parts?: PodParts
  /** Whether an operator adds to it. */
  readonly isPartial: boolean
}

/** A pod template as written in an object. */
export type EmbeddedTemplate = Pick<EmbeddedPod, 'pointer' | 'value'>

/**
 * The pods that `object` embeds, in the order of the pointers, each once. Returns undefined if `kind` is not known to embed
 * any, and an empty list if it is and the object has none: a template that is missing, null or not an object.
 *
 * @param furtherKinds the kinds that a policy names itself.
 */
export function embeddedPods(
  kind: GroupKind,
  object: JsonObject,
  furtherKinds: readonly PodTemplateKind[] = NO_KINDS,
): readonly EmbeddedPod[] | undefined {
  const known = entriesOf(POD_TEMPLATE_KINDS, kind)
  const further = furtherKinds.length === 0 ? NO_KINDS : entriesOf(furtherKinds, kind)
  if (known.length + further.length === 0) return undefined
  const [only] = known
  if (only !== undefined && known.length + further.length === 1 && isPlain(only)) return plainPods(only, object)
  const found = new Map<string, EmbeddedPod>()
  for (const entry of known) for (const pod of podsAt(entry, object)) keep(found, pod)
  for (const { pointers } of further) {
    for (const pointer of pointers) {
      for (const place of objectsAt(object, '', pointer)) for (const pod of podsIn(place)) keep(found, pod)
    }
  }
  return [...found.values()]
}

const NO_KINDS: readonly PodTemplateKind[] = []

/** Whether a kind has one template in one place, as nearly every object that is reviewed. */
function isPlain({ pointers, specs, parts }: PodTemplateKind): boolean {
  return pointers.length === 1 && specs === undefined && parts === undefined
}

function plainPods({ pointers, isPartial = false }: PodTemplateKind, object: JsonObject): readonly EmbeddedPod[] {
  const [pointer = ''] = pointers
  if (pointer === '') return [{ pointer, value: object, shape: 'template', isPartial }]
  const pods: EmbeddedPod[] = []
  for (const place of objectsAt(object, '', pointer)) pods.push({ ...place, shape: 'template', isPartial })
  return pods
}

/** The pod templates that an object of one of these kinds embeds; undefined if its kind is not among them. */
export function templatesOf(
  kind: GroupKind,
  object: JsonObject,
  kinds: readonly PodTemplateKind[],
): readonly EmbeddedTemplate[] | undefined {
  const entries = entriesOf(kinds, kind)
  if (entries.length === 0) return undefined
  return entries.flatMap(({ pointers }) => pointers.flatMap(pointer => [...objectsAt(object, '', pointer)]))
}

/** Two pointers may lead to the same pod spec, one of them from further above. */
function keep(found: Map<string, EmbeddedPod>, pod: EmbeddedPod): void {
  const key = pod.shape === 'template' ? append(pod.pointer, 'spec') : pod.pointer
  const before = found.get(key)
  if (before === undefined) found.set(key, pod)
  // A table may name several parts of one object; a policy repeats what the table has.
  else if (pod.shape === 'parts' && before.parts !== pod.parts && pod.parts !== VOLUME)
    found.set(`${key} ${found.size}`, pod)
}

function* podsAt(entry: PodTemplateKind, object: JsonObject): Generator<EmbeddedPod> {
  const { pointers, specs = [], parts = [], isPartial = false } = entry
  for (const pointer of pointers) {
    for (const place of objectsAt(object, '', pointer)) yield { ...place, shape: 'template', isPartial }
  }
  for (const pointer of specs) {
    for (const place of objectsAt(object, '', pointer)) yield { ...place, shape: 'spec', isPartial }
  }
  for (const each of parts) {
    for (const place of objectsAt(object, '', each.at)) yield { ...place, shape: 'parts', parts: each, isPartial: true }
  }
}

/** The fields by which a pod spec is known. */
const POD_SPEC_FIELDS = [...CONTAINER_LISTS, 'volumes', 'hostNetwork', 'hostPID', 'hostIPC'] as const

/** A volume source that stands alone is a pod with one volume. */
const VOLUME: PodParts = { at: '', volumes: [''] }

/** What a pointer of a policy leads to: a pod template, a bare pod spec, both, a volume source, or none of them. */
export function podsIn({ pointer, value }: EmbeddedTemplate): readonly EmbeddedPod[] {
  const place = { pointer, value, isPartial: false }
  const found: EmbeddedPod[] = []
  const spec = get(value, 'spec')
  if (isObject(spec) && (isPodSpec(spec) || Object.keys(spec).length === 0)) found.push({ ...place, shape: 'template' })
  if (isPodSpec(value)) found.push({ ...place, shape: 'spec' })
  if (found.length === 0 && isHostVolume(value)) found.push({ ...place, shape: 'parts', parts: VOLUME })
  return found
}

function isPodSpec(value: JsonObject): boolean {
  return POD_SPEC_FIELDS.some(field => get(value, field) !== undefined)
}

/** Whether an object is a volume that leads to the node. */
export function isHostVolume(value: JsonObject): boolean {
  return HOST_SOURCES.some(source => typeof get(get(value, source), 'path') === 'string')
}

/** The volume sources that name a path of the node; hostDisk is KubeVirt's. */
export const HOST_SOURCES = ['hostPath', 'hostDisk'] as const
