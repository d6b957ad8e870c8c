import type { AddOperation } from '../json/patch.ts'
import { get, getList, type JsonObject } from '../json/value.ts'
import { CONTAINER_LISTS, type ContainerList, podOf } from '../workload/pod.ts'
import { ContainerDraft } from './container-draft.ts'
import { MapDraft, NamedListDraft } from './list-drafts.ts'
import { PatchWriter } from './patch.ts'

/** The lists that containers are injected into. */
export type InjectedList = Exclude<ContainerList, 'ephemeralContainers'>

/**
 * A pod and what is to be added to it. Reads answer for both together, so that each injection sees the pod as the
 * earlier ones leave it; the pod itself is never copied and never written.
 */
export class PodDraft {
  readonly labels: MapDraft
  readonly annotations: MapDraft
  readonly volumes: NamedListDraft
  readonly imagePullSecrets: NamedListDraft
  readonly #document: JsonObject
  #containers: Containers | undefined

  constructor(document: JsonObject) {
    const [metadata, spec] = [get(document, 'metadata'), get(document, 'spec')]
    this.#document = document
    this.labels = new MapDraft(['metadata', 'labels'], get(metadata, 'labels'))
    this.annotations = new MapDraft(['metadata', 'annotations'], get(metadata, 'annotations'))
    this.volumes = new NamedListDraft(['spec', 'volumes'], getList(spec, 'volumes'))
    this.imagePullSecrets = new NamedListDraft(['spec', 'imagePullSecrets'], getList(spec, 'imagePullSecrets'))
  }

  /** The container of this name, whichever of the three lists it stands in. */
  container(name: string): ContainerDraft | undefined {
    return this.#all.byName.get(name)
  }

  /** The containers of a list, in the order that they will have. */
  list(list: ContainerList): readonly ContainerDraft[] {
    return this.#all.lists[list]
  }

  /** Puts a container before the one that stands at `index`, or at the end. */
  insertContainer(list: InjectedList, value: JsonObject, index?: number): void {
    this.#all.insert(new ContainerDraft(list, undefined, value), index)
  }

  /** Read when the first injection is made: most pods get none. */
  get #all(): Containers {
    this.#containers ??= new Containers(this.#document)
    return this.#containers
  }

  /**
   * Everything that was added, as a patch. What goes into existing containers comes before new containers, so that
   * their indices are still those of the pod.
   */
  operations(): readonly AddOperation[] {
    const writer = new PatchWriter(this.#document)
    for (const part of [this.labels, this.annotations, this.volumes, this.imagePullSecrets]) part.write(writer)
    this.#containers?.write(writer)
    return writer.operations
  }
}

/** The containers of a pod and those that are to be added. */
class Containers {
  readonly lists: Readonly<Record<ContainerList, ContainerDraft[]>> = {
    initContainers: [],
    containers: [],
    ephemeralContainers: [],
  }
  readonly byName = new Map<string, ContainerDraft>()

  constructor(document: JsonObject) {
    for (const { list, index, value } of podOf({ pointer: '', value: document }).containers) {
      this.insert(new ContainerDraft(list, index, value))
    }
  }

  insert(container: ContainerDraft, index = this.lists[container.list].length): void {
    this.lists[container.list].splice(index, 0, container)
    if (!this.byName.has(container.name)) this.byName.set(container.name, container)
  }

  write(writer: PatchWriter): void {
    for (const list of CONTAINER_LISTS) for (const container of this.lists[list]) container.writeInto(writer)
    for (const list of CONTAINER_LISTS) writeNew(writer, list, this.lists[list])
  }
}

/** New elements in ascending order, each at the index that it ends up with; behind the last old one, at the end. */
function writeNew(writer: PatchWriter, list: ContainerList, entries: readonly ContainerDraft[]): void {
  const lastOld = entries.findLastIndex(({ isNew }) => !isNew)
  for (const [index, entry] of entries.entries()) {
    if (!entry.isNew) continue
    writer.addElement(['spec', list], index > lastOld ? 'end' : index, entry.value)
  }
}
