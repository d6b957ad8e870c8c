import { append, type Pointer } from '../json/pointer.ts'
import { get, getList, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { HOST_SOURCES, isHostVolume } from './embedded.ts'
import type { Pod } from './pod.ts'
import { CONTAINER_LISTS, type GroupKind } from './pod-places.ts'

/** A place in an object that looks like a pod spec, or a part of one, and that no pointer covers. */
export interface StrayPod {
  /** What has the fields. */
  readonly pointer: Pointer
  /** The fields that gave it away, such as `containers` and `volumes`. */
  readonly fields: readonly string[]
}

/** What a search found, and whether it ended before it had seen all. */
export interface StraySearch {
  readonly strays: readonly StrayPod[]
  readonly isCut: boolean
}

/**
 * Groups whose objects hold pods, or patterns of them, without any pod being made: policies of other engines, schemas, our own
 * documents, what the API server serves about itself.
 */
const TALKS_ABOUT_PODS: ReadonlySet<string> = new Set([
  'admission.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'constraints.gatekeeper.sh',
  'events.k8s.io',
  'kustomize.config.k8s.io',
  'kyverno.io',
  'metrics.k8s.io',
  'mutations.gatekeeper.sh',
  'openreports.io',
  'policies.kyverno.io',
  'policy',
  'portcullis.dev',
  'templates.gatekeeper.sh',
  'wgpolicyk8s.io',
])

/** Kinds of Kubernetes that are no workload, whatever stands in them, or that a check judges by their own fields. */
const NO_WORKLOADS: ReadonlySet<string> = new Set([
  '/Binding',
  '/ConfigMap',
  '/Endpoints',
  '/Event',
  '/LimitRange',
  '/Namespace',
  '/Node',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  '/ResourceQuota',
  '/Secret',
  '/Service',
  '/ServiceAccount',
  // A copy of a template for going back: the workload that it goes into is judged.
  'apps/ControllerRevision',
  'coordination.k8s.io/Lease',
  'storage.k8s.io/StorageClass',
])

/** Whether an object of a kind may hold a pod; a look-up. */
export function mayHoldPods({ group, kind }: GroupKind): boolean {
  return !TALKS_ABOUT_PODS.has(group) && !NO_WORKLOADS.has(`${group}/${kind}`)
}

/** Bounds of a search: a manifest has some hundred values, and an object of a megabyte some ten thousand. */
const MOST_VALUES = 20_000
const DEEPEST = 40
/** As many places are told. */
const MOST_STRAYS = 5

/** The sources of volumes that are looked for; `configMap` and `secret` alone stand in much that is not a volume. */
const SOURCES: readonly string[] = [
  ...HOST_SOURCES,
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'nfs',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/**
 * Looks in an object for what looks like a pod spec: lists of containers with images, lists of volumes, a hostPath or a hostDisk.
 * Metadata and status are not looked at.
 *
 * @param pods the pods that are known to be in it; they are not found again.
 */
export function findStrayPods(object: JsonObject, pods: readonly Pod[]): StraySearch {
  const search = new Search(pods)
  search.visit(object, '', 0)
  return { strays: search.strays, isCut: search.isCut }
}

class Search {
  readonly strays: StrayPod[] = []
  isCut = false
  #left = MOST_VALUES
  /** Pod specs that are judged as a whole: nothing in them is looked at. */
  readonly #whole: ReadonlySet<Pointer>
  readonly #parts: ReadonlySet<Pointer>

  constructor(pods: readonly Pod[]) {
    this.#whole = new Set(pods.flatMap(pod => (pod.spec === undefined || pod.isParts ? [] : [pod.specAt()])))
    const partial = pods.filter(({ isParts }) => isParts)
    const containers = partial.flatMap(pod => pod.containers.map(({ pointer }) => pointer))
    const volumes = partial.flatMap(pod => pod.volumes.map(({ pointer }) => pointer))
    // A volume source that stands in a field of an entry covers the entry.
    this.#parts = new Set([...containers, ...volumes, ...volumes.map(parentOf)])
  }

  visit(value: Json, at: Pointer, depth: number): void {
    if (this.strays.length >= MOST_STRAYS || this.isCut) return
    if (--this.#left < 0 || depth > DEEPEST) {
      this.isCut = true
      return
    }
    if (isList(value)) {
      for (const [index, item] of value.entries())
        if (isObject(item) || isList(item)) this.visit(item, append(at, index), depth + 1)
      return
    }
    if (!isObject(value) || this.#whole.has(at)) return
    const fields = this.#parts.has(at) ? [] : this.#fieldsOf(value, at)
    if (fields.length > 0) this.strays.push({ pointer: at, fields })
    for (const [key, child] of Object.entries(value)) {
      if (depth === 0 && (key === 'metadata' || key === 'status')) continue
      if (fields.includes(key) || !(isObject(child) || isList(child))) continue
      this.visit(child, append(at, key), depth + 1)
    }
  }

  #fieldsOf(value: JsonObject, at: Pointer): readonly string[] {
    const isUncovered = (list: string) => (item: Json, index: number) =>
      isObject(item) && !this.#parts.has(append(at, list, index))
    const lists = CONTAINER_LISTS.filter(list =>
      getList(value, list).some(
        (item, index) => isUncovered(list)(item, index) && typeof get(item, 'image') === 'string',
      ),
    )
    const hasVolumes = getList(value, 'volumes').some(
      (item, index) => isUncovered('volumes')(item, index) && isVolume(item),
    )
    const hosts = isHostVolume(value) ? HOST_SOURCES.filter(source => isObject(get(value, source))) : []
    return [...lists, ...(hasVolumes ? ['volumes'] : []), ...hosts]
  }
}

function isVolume(value: Json): boolean {
  return typeof get(value, 'name') === 'string' && SOURCES.some(source => isObject(get(value, source)))
}

function parentOf(pointer: Pointer): Pointer {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')))
}
