import { append, type Pointer, type Segment } from '../json/pointer.ts'
import { get, getList, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import { Budget } from './commands/budget.ts'
import { commandsOf, commandsOfHooks, type ReadCommands } from './commands/commands.ts'
import { type Variables, variablesOf } from './commands/environment.ts'
import { type EmbeddedPod, type EmbeddedTemplate, embeddedPods } from './embedded.ts'
import { partsOf } from './pod-parts.ts'
import {
  CONTAINER_LISTS,
  type ContainerList,
  type GroupKind,
  type PodParts,
  type PodTemplateKind,
} from './pod-places.ts'

export { CONTAINER_LISTS, type ContainerList } from './pod-places.ts'

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
  /** Its place in the list, from 0. */
  readonly index: number
  readonly pointer: Pointer
  /** `''` where it is missing. */
  readonly name: string
  readonly image: string
  readonly mounts: readonly Mount[]
  /** What its variables come to. */
  readonly variables: Variables
  /** What it runs, and what its hooks and probes run: read when it is asked for, and once. */
  readonly commands: ReadCommands
  readonly hookCommands: ReadCommands
  /** Whether something that its object runs was not read because all of it costs too much. */
  readonly isOverrun: boolean
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
  /** Whether `pointer` leads to a pod's metadata and spec: not to a bare pod spec, and not to parts of one. */
  readonly isTemplate: boolean
  /** Whether it is put together from parts, each with a pointer of its own. */
  readonly isParts: boolean
  /** Whether an operator adds to what is written here, so that what is missing may come from there. */
  readonly isPartial: boolean
  readonly metadata: JsonObject | undefined
  readonly spec: JsonObject | undefined
  /** The pointer into the object to a field of `spec`, which may have another name there. */
  specAt(...path: readonly Segment[]): Pointer
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
}

/**
 * The pods and pod templates in `object`. This is the one iterator over containers and volumes: whatever reads them
 * comes through here, so that no list is forgotten. Entries that are not objects are passed over: the API server
 * refuses them.
 *
 * @returns undefined if `kind` is not known to embed pods, and in words what it has too much of to be read.
 */
export function podsOf(
  kind: GroupKind,
  object: JsonObject,
  furtherKinds?: readonly PodTemplateKind[],
): readonly Pod[] | string | undefined {
  const embedded = embeddedPods(kind, object, furtherKinds)
  if (embedded === undefined) return undefined
  const budget = new Budget()
  const size = new PodSize()
  const pods: Pod[] = []
  for (const place of embedded) {
    const excess = size.add(place)
    if (excess !== undefined) return excess
  }
  for (const place of embedded) pods.push(readPod(place, budget))
  return pods
}

/**
 * How many containers, and how many volumes and mounts, an object may have over all of its pods and templates to be judged at
 * all. A node runs a few hundred containers; a megabyte has room for a third of a million, which every check and every
 * injection would go through.
 */
const MAX_CONTAINERS = 2000
const MAX_VOLUMES = 20_000

/** Says which of the limits pods are over; undefined if they are within them. A template without a container counts as one. */
export function oversizeOf(pods: readonly JsonObject[]): string | undefined {
  const size = new PodSize()
  for (const value of pods) {
    const excess = size.add({ pointer: '', value, shape: 'template', isPartial: false })
    if (excess !== undefined) return excess
  }
  return undefined
}

/** Counts what pods have, up to the limits. */
class PodSize {
  #containers = 0
  #volumes = 0

  /** Adds one pod; says which limit all of them together are over. */
  add(pod: EmbeddedPod): string | undefined {
    const before = this.#containers
    if (pod.parts !== undefined) this.#addParts(pod)
    else this.#addSpec(pod.shape === 'spec' ? pod.value : get(pod.value, 'spec'))
    if (this.#containers === before) this.#containers++
    if (this.#containers > MAX_CONTAINERS) return `more than ${MAX_CONTAINERS} containers`
    return this.#volumes > MAX_VOLUMES ? `more than ${MAX_VOLUMES} volumes and mounts` : undefined
  }

  #addSpec(spec: Json | undefined): void {
    for (const name of CONTAINER_LISTS) {
      const list = getList(spec, name)
      this.#containers += list.length
      if (this.#containers > MAX_CONTAINERS) break
      for (const container of list) this.#volumes += getList(container, 'volumeMounts').length
    }
    this.#volumes += getList(spec, 'volumes').length
  }

  #addParts({ pointer, value, parts }: EmbeddedPod): void {
    if (parts === undefined) return
    const { containers, volumes } = partsOf(value, pointer, parts, MAX_VOLUMES + 1)
    this.#containers += containers.length
    this.#volumes += volumes.length
    for (const container of containers) this.#volumes += getList(container.value, 'volumeMounts').length
  }
}

/** Whether a container was put into a running pod: it has no resources of its own. */
export function isEphemeral({ list }: Container): boolean {
  return list === 'ephemeralContainers'
}

/**
 * The pod, or the template of one, that stands at `pointer`.
 *
 * @param budget what reading its commands may cost, together with those of the other pods of its object.
 */
export function podOf({ pointer, value }: EmbeddedTemplate, budget = new Budget()): Pod {
  return readPod({ pointer, value, shape: 'template', isPartial: false }, budget)
}

function readPod(embedded: EmbeddedPod, budget: Budget): Pod {
  const { pointer, value, shape, parts, isPartial } = embedded
  if (parts !== undefined) return podOfParts(value, pointer, parts, budget)
  const [metadata, spec] = shape === 'spec' ? [undefined, value] : [get(value, 'metadata'), get(value, 'spec')]
  const at = shape === 'spec' ? pointer : append(pointer, 'spec')
  return {
    pointer,
    isTemplate: shape === 'template',
    isParts: false,
    isPartial,
    metadata: isObject(metadata) ? metadata : undefined,
    spec: isObject(spec) ? spec : undefined,
    specAt: (...path) => append(at, ...path),
    containers: isObject(spec) ? containersOf(spec, at, budget) : [],
    volumes: isObject(spec) ? volumesOf(spec, at) : [],
  }
}

function podOfParts(root: JsonObject, pointer: Pointer, places: PodParts, budget: Budget): Pod {
  const { spec, specPointer, containers, volumes } = partsOf(root, pointer, places, Number.POSITIVE_INFINITY)
  const rename = places.spec?.rename ?? {}
  return {
    pointer,
    isTemplate: false,
    isParts: true,
    isPartial: true,
    metadata: undefined,
    spec,
    specAt: (...path) => {
      const [field, ...rest] = path
      const own = typeof field === 'string' && Object.hasOwn(rename, field) ? rename[field] : field
      return own === undefined ? specPointer : append(specPointer, own, ...rest)
    },
    containers: containers.map(
      ({ pointer: at, value, list }, index) => new ContainerEntry(value, list, () => at, index, budget, 'own'),
    ),
    volumes: volumes.map(({ pointer: at, value }, index) => new VolumeEntry(value, () => at, index, 'own')),
  }
}

/** A list entry whose pointer is written only when it is asked for: nearly every one passes without a word. */
class Entry {
  readonly value: JsonObject
  readonly index: number
  readonly #at: () => Pointer
  readonly #of: 'list' | 'own'

  /** @param at the pointer of its list, or its own. */
  constructor(value: JsonObject, at: () => Pointer, index: number, of: 'list' | 'own' = 'list') {
    this.value = value
    this.index = index
    this.#at = at
    this.#of = of
  }

  get pointer(): Pointer {
    return this.#of === 'own' ? this.#at() : append(this.#at(), this.index)
  }
}

class VolumeEntry extends Entry implements Volume {
  get name(): string {
    return getString(this.value, 'name') ?? ''
  }
}

class MountEntry extends Entry implements Mount {
  readonly volume: string

  constructor(value: JsonObject, list: () => Pointer, index: number) {
    super(value, list, index)
    this.volume = getString(value, 'name') ?? ''
  }
}

class ContainerEntry extends Entry implements Container {
  readonly list: ContainerList
  readonly mounts: readonly Mount[]
  readonly #budget: Budget
  #variables: Variables | undefined
  #commands: ReadCommands | undefined
  #hookCommands: ReadCommands | undefined

  constructor(
    value: JsonObject,
    list: ContainerList,
    at: () => Pointer,
    index: number,
    budget: Budget,
    of: 'list' | 'own' = 'list',
  ) {
    super(value, at, index, of)
    this.list = list
    this.#budget = budget
    this.mounts = mountsOf(value, () => append(this.pointer, 'volumeMounts'))
  }

  get name(): string {
    return getString(this.value, 'name') ?? ''
  }

  get image(): string {
    return getString(this.value, 'image') ?? ''
  }

  get variables(): Variables {
    this.#variables ??= variablesOf(this.value, this.#budget)
    return this.#variables
  }

  get commands(): ReadCommands {
    this.#commands ??= commandsOf(this.value, this.variables, this.#budget)
    return this.#commands
  }

  get hookCommands(): ReadCommands {
    this.#hookCommands ??= commandsOfHooks(this.value, this.variables, this.#budget)
    return this.#hookCommands
  }

  get isOverrun(): boolean {
    return this.#budget.isOverrun
  }
}

function containersOf(spec: JsonObject, at: Pointer, budget: Budget): readonly Container[] {
  const containers: Container[] = []
  for (const list of CONTAINER_LISTS) {
    const pointer = () => append(at, list)
    for (const [index, value] of getList(spec, list).entries()) {
      if (isObject(value)) containers.push(new ContainerEntry(value, list, pointer, index, budget))
    }
  }
  return containers
}

function mountsOf(container: JsonObject, at: () => Pointer): readonly Mount[] {
  const mounts: Mount[] = []
  for (const [index, value] of getList(container, 'volumeMounts').entries()) {
    if (isObject(value)) mounts.push(new MountEntry(value, at, index))
  }
  return mounts
}

function volumesOf(spec: JsonObject, at: Pointer): readonly Volume[] {
  const volumes: Volume[] = []
  const pointer = () => append(at, 'volumes')
  for (const [index, value] of getList(spec, 'volumes').entries()) {
    if (isObject(value)) volumes.push(new VolumeEntry(value, pointer, index))
  }
  return volumes
}
