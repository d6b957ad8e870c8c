import type { AdmissionRequest } from '../admission/request.ts'
import { oneLine, shorten } from '../admission/text.ts'
import { deepEqual, dig, get, getList, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import { type EmbeddedPod, embeddedPods } from '../workload/embedded.ts'
import type { PodTemplateKind } from '../workload/kinds.ts'
import { CONTAINER_LISTS } from '../workload/pod.ts'
import { KnownItems, mountsChange, nameOf } from './risk-mounts.ts'

/** Fields of a pod that change neither what it runs, nor where, nor what it reaches. */
const HARMLESS_IN_POD: ReadonlySet<string> = new Set([
  'activeDeadlineSeconds',
  // A queue takes its gate away once there is room.
  'schedulingGates',
  'terminationGracePeriodSeconds',
])
/** `terminationMessagePath` does not belong here: the kubelet mounts an empty file over it, also over one that the program reads. */
const HARMLESS_IN_CONTAINER: ReadonlySet<string> = new Set(['resizePolicy', 'terminationMessagePolicy'])
/** The resources that are amounts. All others are devices of the node, which a plugin hands to the container. */
const AMOUNT = /^(?:cpu|memory|ephemeral-storage|hugepages-.+)$/

/** Fields of a PersistentVolume that a controller writes once the volume is there: a resize, another class of speed. */
const HARMLESS_IN_VOLUME: ReadonlySet<string> = new Set([
  'capacity',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'volumeAttributesClassName',
])
/** Of how many templates each is compared with all old ones, so that one of a list may be dropped. */
const FEW_TEMPLATES = 50
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
  runAsUser: (value, old) => old === 0 && typeof value === 'number' && value > 0,
  seccompProfile: value => getString(value, 'type') === 'RuntimeDefault',
  shareProcessNamespace: isOff,
  resources: (value, old) => deepEqual(devicesOf(value), devicesOf(old)),
  capabilities: (value, old) =>
    isObject(value) &&
    isPart(getList(value, 'add'), getList(old, 'add')) &&
    isPart(getList(old, 'drop'), getList(value, 'drop')),
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
  const old = embeddedPods(kind, oldObject, furtherKinds) ?? []
  // What is written in parts is compared as a whole: which part is about what, only its operator knows.
  if (pods === undefined || [...pods, ...old].some(({ parts }) => parts !== undefined)) {
    return objectChange(object, oldObject, userInfo?.username ?? '')
  }
  const isSuspended = dig(oldObject, 'spec', 'suspend') === true
  const changeFrom = (pod: EmbeddedPod, before: EmbeddedPod | undefined) =>
    before === undefined ? 'a further pod template' : podChange(specOf(pod), specOf(before), isSuspended)
  const byPointer = new Map(old.map(pod => [pod.pointer, pod]))
  const others = old.length > 1 && old.length <= FEW_TEMPLATES ? old : []
  for (const pod of pods) {
    const change = changeFrom(pod, byPointer.get(pod.pointer))
    if (change === undefined || others.some(before => changeFrom(pod, before) === undefined)) continue
    return shorten(change, MAX_CHANGE)
  }
  return undefined
}

function specOf({ shape, value }: EmbeddedPod): Json | undefined {
  return shape === 'spec' ? value : get(value, 'spec')
}

/** Characters of a change as it is told. */
const MAX_CHANGE = 256

function podChange(spec: Json | undefined, old: Json | undefined, isSuspended: boolean): string | undefined {
  if (!isObject(spec) || !isObject(old)) return deepEqual(spec, old) ? undefined : 'spec'
  for (const list of CONTAINER_LISTS) {
    const change = containersChange(getList(spec, list), getList(old, list))
    if (change !== undefined) return change
  }
  const volumes = new KnownItems(getList(old, 'volumes'), nameOf)
  for (const volume of getList(spec, 'volumes')) {
    if (!volumes.some(volume, before => deepEqual(volume, before))) return `volume ${nameOf(volume)}`
  }
  const isWaiting = isSuspended || getList(old, 'schedulingGates').length > 0
  const isNarrower = isWaiting && isSuperset(get(spec, 'nodeSelector'), get(old, 'nodeSelector'))
  const leftOut = (key: string) =>
    key === 'volumes' ||
    isContainerList(key) ||
    HARMLESS_IN_POD.has(key) ||
    // A queue says where a pod that waits will run.
    (key === 'nodeSelector' && isNarrower)
  return fieldChange(spec, old, leftOut)
}

function isSuperset(labels: Json | undefined, old: Json | undefined): boolean {
  return (
    isObject(labels) && Object.entries(isObject(old) ? old : {}).every(([key, value]) => get(labels, key) === value)
  )
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
  const mounts = mountsChange(getList(container, 'volumeMounts'), getList(old, 'volumeMounts'))
  if (mounts !== undefined) return mounts
  return fieldChange(container, old, key => key === 'volumeMounts' || HARMLESS_IN_CONTAINER.has(key))
}

function devicesOf(resources: Json | undefined): Json {
  const devices = ['limits', 'requests'].map(field => {
    const amounts = get(resources, field)
    return isObject(amounts) ? Object.fromEntries(Object.entries(amounts).filter(([name]) => !AMOUNT.test(name))) : {}
  })
  return [...devices, get(resources, 'claims') ?? []]
}

/** The first field that differs and is not hardened; of a security context the field inside. */
function fieldChange(value: JsonObject, old: JsonObject, isLeftOut: (key: string) => boolean): string | undefined {
  for (const key of new Set([...Object.keys(value), ...Object.keys(old)])) {
    if (isLeftOut(key)) continue
    const [now, before] = [get(value, key), get(old, key)]
    if (deepEqual(now, before) || isHardened(key, now, before)) continue
    const inside =
      key === 'securityContext' ? fieldChange(isObject(now) ? now : {}, isObject(before) ? before : {}, none) : key
    if (inside !== undefined) return shorten(oneLine(inside.slice(0, MAX_CHANGE)), MAX_CHANGE)
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

/** Whether each element of a list, which are texts, is in another one, too. */
function isPart(list: readonly Json[], other: readonly Json[]): boolean {
  const known = new Set(other)
  return list.every(item => known.has(item))
}
