import type { AdmissionRequest } from '../admission/request.ts'
import { oneLine, quote } from '../admission/text.ts'
import { deepEqual, dig, get, getList, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { embeddedTemplates, type PodTemplateKind } from '../workload/kinds.ts'
import { CONTAINER_LISTS } from '../workload/pod.ts'

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
  resources: (value, old) => deepEqual(devicesOf(value), devicesOf(old)),
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
  const templates = embeddedTemplates(kind, object, furtherKinds)
  if (templates === undefined) return objectChange(object, oldObject, userInfo?.username ?? '')
  const old = new Map(
    (embeddedTemplates(kind, oldObject, furtherKinds) ?? []).map(({ pointer, value }) => [pointer, value]),
  )
  for (const { pointer, value } of templates) {
    const before = old.get(pointer)
    const change = before === undefined ? 'a further pod template' : podChange(get(value, 'spec'), get(before, 'spec'))
    if (change !== undefined) return change
  }
  return undefined
}

function podChange(spec: Json | undefined, old: Json | undefined): string | undefined {
  if (!isObject(spec) || !isObject(old)) return deepEqual(spec, old) ? undefined : 'spec'
  for (const list of CONTAINER_LISTS) {
    const change = containersChange(getList(spec, list), getList(old, list))
    if (change !== undefined) return change
  }
  const volumes = new Known(getList(old, 'volumes'))
  for (const volume of getList(spec, 'volumes')) {
    if (!volumes.some(volume, before => deepEqual(volume, before))) return `volume ${nameOf(volume)}`
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
  const mounts = getList(container, 'volumeMounts')
  const known = new Known(getList(old, 'volumeMounts'), mountKey)
  for (const mount of mounts) {
    if (!known.some(mount, before => isMountOrLess(mount, before))) return `the mount of volume ${nameOf(mount)}`
  }
  const uncovered = uncoveredMount(mounts, getList(old, 'volumeMounts'))
  if (uncovered !== undefined) return `the mount of volume ${nameOf(uncovered)}, which hid a folder of another one,`
  return fieldChange(container, old, key => key === 'volumeMounts' || HARMLESS_IN_CONTAINER.has(key))
}

/** The old items of a list by what does not change of them: a list may be long, and is not gone through for each new item. */
class Known {
  readonly #byKey: ReadonlyMap<string, readonly Json[]>
  readonly #keyOf: (item: Json) => string

  constructor(items: readonly Json[], keyOf: (item: Json) => string = nameOf) {
    this.#keyOf = keyOf
    this.#byKey = Map.groupBy(items, keyOf)
  }

  some(item: Json, fits: (before: Json) => boolean): boolean {
    // Of equal names a valid object has one: a few are enough, and nothing is gained by more.
    return (this.#byKey.get(this.#keyOf(item)) ?? []).slice(0, MOST_ALIKE).some(fits)
  }
}

const MOST_ALIKE = 4

function mountKey(mount: Json): string {
  return JSON.stringify([getString(mount, 'name'), getString(mount, 'mountPath')])
}

/** The first old mount that is gone although another one is mounted above it: what it hid is to be seen now. */
function uncoveredMount(mounts: readonly Json[], old: readonly Json[]): Json | undefined {
  const paths = new Set(mounts.map(mountedAt))
  return old.find(mount => {
    const path = mountedAt(mount)
    return !paths.has(path) && isBelowAny(path, paths)
  })
}

function isBelowAny(path: string, paths: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    if (paths.has(path.slice(0, end))) return true
  return false
}

/** Where a mount stands in its container, without slashes and dots that mean nothing. */
function mountedAt(mount: Json): string {
  const segments: string[] = []
  for (const segment of (getString(mount, 'mountPath') ?? '').split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

function devicesOf(resources: Json | undefined): Json {
  const devices = ['limits', 'requests'].map(field => {
    const amounts = get(resources, field)
    return isObject(amounts) ? Object.fromEntries(Object.entries(amounts).filter(([name]) => !AMOUNT.test(name))) : {}
  })
  return [...devices, get(resources, 'claims') ?? []]
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
