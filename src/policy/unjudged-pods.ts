import type { AdmissionRequest } from '../admission/request.ts'
import { quote } from '../admission/text.ts'
import { append, type Pointer, parsePointer, pointerOf } from '../json/pointer.ts'
import { get, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { podsIn } from '../workload/embedded.ts'
import { entriesOf, hasKind, KUBERNETES_KINDS, type PodTemplateKind } from '../workload/kinds.ts'
import type { Pod } from '../workload/pod.ts'
import { objectsAt, valuesAt } from '../workload/pod-places.ts'
import { findStrayPods, type StrayPod } from '../workload/stray-pods.ts'
import type { CompiledPolicy } from './compile.ts'
import { nearest } from './suggest.ts'

const POD = { group: '', kind: 'Pod' }

/** Whether a policy judges pods wherever they are: it does not say itself which resources it is about. */
export function judgesAllPods({ checks, match }: CompiledPolicy): boolean {
  return match.isDefault === true && checks.some(({ kinds }) => hasKind(kinds, POD))
}

/**
 * Says which places of an object look like pods although no pointer leads to them, and what to add to a policy so that it
 * judges them; undefined if there are none.
 */
export function describeStrays(
  request: AdmissionRequest,
  object: JsonObject,
  pods: readonly Pod[],
): string | undefined {
  const { strays, isCut } = findStrayPods(object, pods)
  if (strays.length === 0) {
    return isCut ? 'it is too large to be searched for pods, and nothing in it was judged' : undefined
  }
  const [first] = strays
  const more = strays.length > 1 ? ` (and ${strays.length - 1} more)` : ''
  const where = first?.pointer === '' ? 'the object itself' : (first?.pointer ?? '')
  const what = `${where} looks like a pod (${first?.fields.join(', ')})${more}, and was not judged`
  return `${what}: ${adviceFor(request, object, strays)}`
}

function adviceFor({ kind, resource }: AdmissionRequest, object: JsonObject, strays: readonly StrayPod[]): string {
  const meant = meantKind(kind)
  if (meant !== undefined) return meant
  if (hasKind(KUBERNETES_KINDS, kind)) return `a ${kind.kind} has no pod there, and the API server drops such fields`
  const pointers = [...new Set(strays.map(stray => patternOf(stray.pointer, object)))]
  const entry = `{group: ${yamlText(kind.group)}, kind: ${kind.kind}, resource: ${resource.resource}, pointers: [${pointers.map(yamlText).join(', ')}]}`
  return `add to spec.podTemplates of the policy: ${entry}`
}

/** A kind of Kubernetes under another group, or misspelt. */
function meantKind({ group, kind }: AdmissionRequest['kind']): string | undefined {
  if (hasKind(KUBERNETES_KINDS, { group, kind })) return undefined
  const own = KUBERNETES_KINDS.filter(known => known.group !== 'extensions')
  // Groups of custom resources have a dot, and kinds of theirs may be called as they like.
  if (group.includes('.')) return undefined
  const same = own.find(known => known.kind.toLowerCase() === kind.toLowerCase())
  const meant =
    same ??
    own.find(
      known =>
        known.kind ===
        nearest(
          kind,
          own.map(each => each.kind),
        ),
    )
  if (meant === undefined) return undefined
  const full =
    meant.group === '' ? `apiVersion: v1, kind: ${meant.kind}` : `apiVersion: ${meant.group}/v1, kind: ${meant.kind}`
  return `Kubernetes has no kind ${quote(kind)} in the group ${quote(group)} (did you mean ${full}?)`
}

/** The pointer that a policy needs: `*` in place of indexes, and the template in place of its spec. */
function patternOf(pointer: Pointer, object: JsonObject): string {
  const segments = parsePointer(pointer) ?? []
  const parent = segments.slice(0, -1)
  const holder = parent.reduce<Json | undefined>((at, key) => (isList(at) ? at[Number(key)] : get(at, key)), object)
  const isTemplate = segments.at(-1) === 'spec' && parent.length > 0 && get(holder, 'metadata') !== undefined
  let at: Json | undefined = object
  const pattern: string[] = []
  for (const segment of isTemplate ? parent : segments) {
    pattern.push(isList(at) ? '*' : segment)
    at = isList(at) ? at[Number(segment)] : get(at, segment)
  }
  return pointerOf(pattern)
}

function yamlText(text: string): string {
  return /^[\w/.][\w./*-]*$/.test(text) ? text : JSON.stringify(text)
}

/**
 * Says what is wrong with the pointers that a policy names for a kind, as far as an object of it shows: one that leads to
 * nothing that can be judged, and, if no pointer of an entry does, one that leads nowhere.
 */
export function describePointers(
  podTemplates: readonly PodTemplateKind[],
  { kind }: AdmissionRequest,
  object: JsonObject,
): readonly string[] {
  return entriesOf(podTemplates, kind).flatMap(({ pointers }) => {
    const seen = pointers.map(pointer => ({ pointer, fault: faultOf(pointer, object) }))
    const leadsSomewhere = seen.some(({ fault }) => fault === undefined)
    return seen.flatMap(({ pointer, fault }) => {
      if (fault === undefined || (fault.kind === 'missing' && leadsSomewhere && fault.meant === '')) return []
      return [`podTemplates: the pointer ${quote(pointer)} ${fault.message}`]
    })
  })
}

interface PointerFault {
  readonly kind: 'missing' | 'other'
  readonly message: string
  /** A key that is nearly the missing one; `''` if there is none. */
  readonly meant: string
}

function faultOf(pointer: string, object: JsonObject): PointerFault | undefined {
  const found = [...objectsAt(object, '', pointer)]
  const judged = found.flatMap(place => podsIn(place))
  if (judged.length > 0) return undefined
  const [first] = found
  if (first !== undefined) {
    const message = `leads to something that is not a pod: ${quote(first.pointer)} has neither a pod's spec, nor containers or volumes`
    return { kind: 'other', message, meant: '' }
  }
  for (const { value } of valuesAt(object, pointer)) {
    if (value === null) return undefined
    if (isList(value)) {
      if (value.length === 0) return undefined
      return { kind: 'other', message: `leads to a list: write ${quote(`${pointer}/*`)}`, meant: '' }
    }
    return { kind: 'other', message: `leads to a ${typeof value}, not to a pod`, meant: '' }
  }
  return missing(pointer, object)
}

/** How far a pointer leads, and what may have been meant. */
function missing(pointer: string, object: JsonObject): PointerFault | undefined {
  const segments = parsePointer(pointer) ?? []
  for (let length = segments.length - 1; length >= 0; length--) {
    const values = [...valuesAt(object, pointerOf(segments.slice(0, length)))]
    if (values.length === 0) continue
    const segment = segments[length] ?? ''
    // An empty list or map is there, and has nothing in it.
    if (segment === '*' && values.some(({ value }) => isEmpty(value))) return undefined
    const keys = values.flatMap(({ value }) => (isObject(value) ? Object.keys(value) : []))
    const near = segment === '*' ? undefined : nearest(segment, keys)
    const meant =
      near === undefined ? '' : ` (did you mean ${quote(append(pointerOf(segments.slice(0, length)), near))}?)`
    return { kind: 'missing', message: `leads nowhere in this object${meant}`, meant }
  }
  return undefined
}

function isEmpty(value: Json): boolean {
  return isList(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
}
