import { append, type Pointer } from '../json/pointer.ts'
import { get, getList, getString, isObject, type JsonObject } from '../json/value.ts'
import { type EmbeddedTemplate, embeddedTemplates, type GroupKind, type PodTemplateKind } from './kinds.ts'

/** The three lists of a pod spec that hold containers. */
export const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const
export type ContainerList = (typeof CONTAINER_LISTS)[number]

/** One volume mount of a container. */
export interface Mount {
  readonly pointer: Pointer
  /** The name of the volume; `''` where it is missing. */
  readonly volume: string
  readonly value: JsonObject
}

/** One container of a pod, whichever list it stands in. */
export interface Container {
  readonly list: ContainerList
  readonly pointer: Pointer
  /** `''` where it is missing. */
  readonly name: string
  readonly image: string
  readonly mounts: readonly Mount[]
  readonly value: JsonObject
}

/** One volume of a pod. */
export interface Volume {
  readonly pointer: Pointer
  /** `''` where it is missing. */
  readonly name: string
  readonly value: JsonObject
}

/** A pod, or the template of one, with its containers and volumes in the order of the manifest. */
export interface Pod {
  /** Where it stands in the object: `''` for a Pod, `/spec/template` in a Deployment. */
  readonly pointer: Pointer
  readonly metadata: JsonObject | undefined
  readonly spec: JsonObject | undefined
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
}

/**
 * The pods and pod templates in `object`. This is the one iterator over containers and volumes: whatever reads them
 * comes through here, so that no list is forgotten. Entries that are no objects are passed over: the API server
 * refuses them.
 *
 * @returns undefined where `kind` is not known to embed a pod template.
 */
export function podsOf(
  kind: GroupKind,
  object: JsonObject,
  furtherKinds?: readonly PodTemplateKind[],
): readonly Pod[] | undefined {
  return embeddedTemplates(kind, object, furtherKinds)?.map(podOf)
}

function podOf({ pointer, value }: EmbeddedTemplate): Pod {
  const metadata = get(value, 'metadata')
  const spec = get(value, 'spec')
  return {
    pointer,
    metadata: isObject(metadata) ? metadata : undefined,
    spec: isObject(spec) ? spec : undefined,
    containers: isObject(spec)
      ? CONTAINER_LISTS.flatMap(list => containersOf(spec, list, append(pointer, 'spec')))
      : [],
    volumes: isObject(spec) ? volumesOf(spec, append(pointer, 'spec')) : [],
  }
}

function containersOf(spec: JsonObject, list: ContainerList, at: Pointer): Container[] {
  const containers: Container[] = []
  for (const [index, value] of getList(spec, list).entries()) {
    if (!isObject(value)) continue
    const pointer = append(at, list, index)
    const name = getString(value, 'name') ?? ''
    const image = getString(value, 'image') ?? ''
    containers.push({ list, pointer, name, image, mounts: mountsOf(value, pointer), value })
  }
  return containers
}

function mountsOf(container: JsonObject, at: Pointer): Mount[] {
  const mounts: Mount[] = []
  for (const [index, value] of getList(container, 'volumeMounts').entries()) {
    if (!isObject(value)) continue
    mounts.push({ pointer: append(at, 'volumeMounts', index), volume: getString(value, 'name') ?? '', value })
  }
  return mounts
}

function volumesOf(spec: JsonObject, at: Pointer): Volume[] {
  const volumes: Volume[] = []
  for (const [index, value] of getList(spec, 'volumes').entries()) {
    if (!isObject(value)) continue
    volumes.push({ pointer: append(at, 'volumes', index), name: getString(value, 'name') ?? '', value })
  }
  return volumes
}
