import { append, type Pointer } from '../json/pointer.ts'
import { get, getList, getString, isObject, type JsonObject } from '../json/value.ts'
import { Budget } from './commands/budget.ts'
import { commandsOf, commandsOfHooks, type ReadCommands } from './commands/commands.ts'
import { type Variables, variablesOf } from './commands/environment.ts'
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
 * @returns undefined where `kind` is not known to embed a pod template, and in words what it has too much of to be read.
 */
export function podsOf(
  kind: GroupKind,
  object: JsonObject,
  furtherKinds?: readonly PodTemplateKind[],
): readonly Pod[] | string | undefined {
  const templates = embeddedTemplates(kind, object, furtherKinds)
  if (templates === undefined) return undefined
  const budget = new Budget()
  return oversizeOf(templates.map(({ value }) => value)) ?? templates.map(template => podOf(template, budget))
}

/**
 * How many containers, and how many volumes and mounts, an object may have over all of its pods and templates to be judged at
 * all. A node runs a few hundred containers; a megabyte has room for a third of a million, which every check and every
 * injection would go through.
 */
const MAX_CONTAINERS = 2000
const MAX_VOLUMES = 20_000

/** Says which of the limits pods are over; undefined where they are within them. A template without a container counts as one. */
export function oversizeOf(pods: readonly JsonObject[]): string | undefined {
  let containers = 0
  let volumes = 0
  for (const pod of pods) {
    const spec = get(pod, 'spec')
    const before = containers
    for (const name of CONTAINER_LISTS) {
      const list = getList(spec, name)
      containers += list.length
      if (containers > MAX_CONTAINERS) break
      for (const container of list) volumes += getList(container, 'volumeMounts').length
    }
    if (containers === before) containers++
    if (containers > MAX_CONTAINERS) return `more than ${MAX_CONTAINERS} containers`
    volumes += getList(spec, 'volumes').length
    if (volumes > MAX_VOLUMES) return `more than ${MAX_VOLUMES} volumes and mounts`
  }
  return undefined
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
  const metadata = get(value, 'metadata')
  const spec = get(value, 'spec')
  const at = append(pointer, 'spec')
  return {
    pointer,
    metadata: isObject(metadata) ? metadata : undefined,
    spec: isObject(spec) ? spec : undefined,
    containers: isObject(spec) ? containersOf(spec, at, budget) : [],
    volumes: isObject(spec) ? volumesOf(spec, at) : [],
  }
}

/** A list entry whose pointer is written only when it is asked for: nearly every one passes without a word. */
class Entry {
  readonly value: JsonObject
  readonly index: number
  readonly #list: () => Pointer

  constructor(value: JsonObject, list: () => Pointer, index: number) {
    this.value = value
    this.index = index
    this.#list = list
  }

  get pointer(): Pointer {
    return append(this.#list(), this.index)
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

  constructor(value: JsonObject, list: ContainerList, at: () => Pointer, index: number, budget: Budget) {
    super(value, at, index)
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
