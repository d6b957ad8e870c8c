import type { AdmissionRequest } from '../admission/request.ts'
import { oneLine, quote } from '../admission/text.ts'
import { deepEqual, dig, get, getList, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { type EmbeddedPod, embeddedPods } from '../workload/embedded.ts'
import type { PodTemplateKind } from '../workload/kinds.ts'
import { CONTAINER_LISTS } from '../workload/pod.ts'

/** Fields of a pod that change neither what it runs, nor where, nor what it reaches. */
const HARMLESS_IN_POD: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  // A queue takes its gate away once there is room.
  'schedulingGates',
  'terminationGracePeriodSeconds',
])
const HARMLESS_IN_CONTAINER: ReadonlySet<string> = new Set([
  'resizePolicy',
  'resources',
  'terminationMessagePath',
  'terminationMessagePolicy',
])

/** Fields of a PersistentVolume that a controller writes once the volume is there: a resize, another class of speed. */
const HARMLESS_IN_VOLUME: ReadonlySet<string> = new Set(['capacity', 'claimRef', 'volumeAttributesClassName'])
/** The accounts under which Kubernetes binds a PersistentVolume and lets it go. */
const BINDERS: readonly string[] = [
  'system:kube-controller-manager',
  'system:serviceaccount:kube-system:persistent-volume-binder',
]

/** Values that a field may always take: with them a pod or a container can do less than with any other. */
const HARDENED: Readonly<Record<string, (value: Json | undefined, old: Json | undefined) => boolean>> = {
  allowPrivilegeEscalation: isFalse,
  automountServiceAccountToken: isFalse,
  hostIPC: isOff,
  hostNetwork: isOff,
  hostPID: isOff,
  hostUsers: isFalse,
  privileged: isOff,
  readOnlyRootFilesystem: isTrue,
  runAsNonRoot: isTrue,
  shareProcessNamespace: isOff,
  capabilities: (value, old) =>
    isObject(value) && isPart(value, old, 'add') && isPart(isObject(old) ? old : {}, value, 'drop'),
}

/**
 * Says in words what an update changes of what an object may do on a node: what it runs (images, commands, variables),
 * as whom, where, and with which volumes and mounts. Returns undefined if it changes nothing of that, or only takes
 * something away: a container, a volume or a mount less, a mount that became read-only, a privilege that is gone.
 *
 * Metadata, status, and everything around a pod template (replicas, schedules, strategies) do not count: a pod that a
 * template makes is judged when it is made.
 *
 * @param furtherKinds the kinds with pod templates that the policy names itself.
 */
export function riskChange(
  { kind, object, oldObject, userInfo }: AdmissionRequest,
  furtherKinds: readonly PodTemplateKind[],
): string | undefined {
  if (object === null || oldObject === null) return 'the object'
  const pods = embeddedPods(kind, object, furtherKinds)
  const before = embeddedPods(kind, oldObject, furtherKinds)
  // What is written in parts is compared as a whole: which part is about what, only its operator knows.
  if (pods === undefined || [...pods, ...(before ?? [])].some(({ parts }) => parts !== undefined))
    return objectChange(object, oldObject, userInfo?.username ?? '')
  const old = new Map((before ?? []).map(pod => [pod.pointer, pod]))
  for (const pod of pods) {
    const same = old.get(pod.pointer)
    const change = same === undefined ? 'a further pod template' : podChange(specOf(pod), specOf(same))
    if (change !== undefined) return change
  }
  return undefined
}

function specOf({ shape, value }: EmbeddedPod): Json | undefined {
  return shape === 'spec' ? value : get(value, 'spec')
}

function podChange(spec: Json | undefined, old: Json | undefined): string | undefined {
  if (!isObject(spec) || !isObject(old)) return deepEqual(spec, old) ? undefined : 'spec'
  for (const list of CONTAINER_LISTS) {
    const change = containersChange(getList(spec, list), getList(old, list))
    if (change !== undefined) return change
  }
  for (const volume of getList(spec, 'volumes')) {
    if (!getList(old, 'volumes').some(before => deepEqual(volume, before))) return `volume ${nameOf(volume)}`
  }
  return fieldChange(spec, old, key => key === 'volumes' || isContainerList(key) || HARMLESS_IN_POD.has(key))
}

function isContainerList(key: string): boolean {
  return CONTAINER_LISTS.some(list => list === key)
}

function containersChange(containers: readonly Json[], old: readonly Json[]): string | undefined {
  const byName = new Map(old.map(container => [getString(container, 'name'), container]))
  for (const container of containers) {
    const before = byName.get(getString(container, 'name'))
    if (before === undefined) return `container ${nameOf(container)}, which is new`
    const change = containerChange(container, before)
    if (change !== undefined) return `${change} of container ${nameOf(container)}`
  }
  return undefined
}

function containerChange(container: Json, old: Json): string | undefined {
  if (!isObject(container) || !isObject(old)) return deepEqual(container, old) ? undefined : 'the whole'
  const mounts = getList(old, 'volumeMounts')
  for (const mount of getList(container, 'volumeMounts')) {
    if (!mounts.some(before => isMountOrLess(mount, before))) return `the mount of volume ${nameOf(mount)}`
  }
  return fieldChange(container, old, key => key === 'volumeMounts' || HARMLESS_IN_CONTAINER.has(key))
}

/** Whether a mount is the old one, or the old one made read-only. */
function isMountOrLess(mount: Json, old: Json): boolean {
  if (deepEqual(mount, old)) return true
  if (!isObject(mount) || !isObject(old) || get(mount, 'readOnly') !== true) return false
  const { readOnly: _, recursiveReadOnly, ...rest } = mount
  const { readOnly: __, recursiveReadOnly: before, ...oldRest } = old
  return deepEqual(rest, oldRest) && (before === undefined || before === recursiveReadOnly)
}

/** The first field that differs and is not hardened; of a security context the field inside. */
function fieldChange(value: JsonObject, old: JsonObject, isLeftOut: (key: string) => boolean): string | undefined {
  for (const key of new Set([...Object.keys(value), ...Object.keys(old)])) {
    if (isLeftOut(key)) continue
    const [now, before] = [get(value, key), get(old, key)]
    if (deepEqual(now, before) || isHardened(key, now, before)) continue
    const inside =
      key === 'securityContext' ? fieldChange(isObject(now) ? now : {}, isObject(before) ? before : {}, none) : key
    if (inside !== undefined) return oneLine(inside)
  }
  return undefined
}

function none(): boolean {
  return false
}

function isHardened(key: string, value: Json | undefined, old: Json | undefined): boolean {
  return Object.hasOwn(HARDENED, key) && HARDENED[key]?.(value, old) === true
}

/** An object without pod templates: all of it but its metadata and status. */
function objectChange(object: JsonObject, old: JsonObject, user: string): string | undefined {
  const isVolume = getString(object, 'kind') === 'PersistentVolume'
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (['apiVersion', 'kind', 'metadata', 'status'].includes(key)) continue
    const [now, before] = [get(object, key), get(old, key)]
    if (deepEqual(now, before)) continue
    if (!isVolume || key !== 'spec' || !isObject(now) || !isObject(before)) return oneLine(key)
    const change = fieldChange(now, before, field => HARMLESS_IN_VOLUME.has(field)) ?? claimChange(now, before, user)
    if (change !== undefined) return change
  }
  return undefined
}

/** Whose claim a PersistentVolume belongs to: anyone may bind a free one, but not take it from its owner. */
function claimChange(spec: JsonObject, old: JsonObject, user: string): string | undefined {
  const isSame = ['namespace', 'name'].every(
    field => getString(dig(spec, 'claimRef'), field) === getString(dig(old, 'claimRef'), field),
  )
  return isSame || !isObject(get(old, 'claimRef')) || BINDERS.includes(user) ? undefined : 'claimRef'
}

function nameOf(value: Json): string {
  return quote(getString(value, 'name') ?? '')
}

function isFalse(value: Json | undefined): boolean {
  return value === false
}

function isTrue(value: Json | undefined): boolean {
  return value === true
}

/** Of a field that is off unless it is set. */
function isOff(value: Json | undefined): boolean {
  return value === false || value === undefined || value === null
}

/** Whether each element of a list is in the old list, too. */
function isPart(value: Json, old: Json | undefined, key: string): boolean {
  const before = get(old, key)
  return getList(value, key).every(item => isList(before) && before.some(other => deepEqual(item, other)))
}
