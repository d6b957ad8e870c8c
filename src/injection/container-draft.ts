import { getList, isObject, type JsonObject } from '../json/value.ts'
import type { ContainerList } from '../workload/pod.ts'
import { Lookup } from './lookup.ts'
import { cleanPath, mountPathOf, nameOf } from './names.ts'
import type { PatchWriter } from './patch.ts'

/** A container, of the pod or to be added to it, and what is to be added to its own lists. */
export class ContainerDraft {
  readonly list: ContainerList
  readonly name: string
  readonly #index: number | undefined
  readonly #original: JsonObject
  readonly #mounts: Lookup
  readonly #env: Lookup

  /** @param index its place in the pod; undefined for a container that is to be added. */
  constructor(list: ContainerList, index: number | undefined, original: JsonObject) {
    this.list = list
    this.name = nameOf(original)
    this.#index = index
    this.#original = original
    this.#mounts = new Lookup(getList(original, 'volumeMounts'), mountPathOf)
    this.#env = new Lookup(getList(original, 'env'), nameOf)
  }

  get isNew(): boolean {
    return this.#index === undefined
  }

  /** The container with what was added to it. */
  get value(): JsonObject {
    const [mounts, env] = [this.#mounts.added, this.#env.added]
    if (mounts.length + env.length === 0) return this.#original
    return {
      ...this.#original,
      ...(mounts.length > 0 && { volumeMounts: [...getList(this.#original, 'volumeMounts'), ...mounts] }),
      ...(env.length > 0 && { env: [...getList(this.#original, 'env'), ...env] }),
    }
  }

  /** The mount at this path, however the path is written. */
  mountAt(path: string): JsonObject | undefined {
    return this.#mounts.get(cleanPath(path))
  }

  mountsVolume(name: string): boolean {
    const mounts = [...getList(this.#original, 'volumeMounts'), ...this.#mounts.added]
    return mounts.some(mount => isObject(mount) && nameOf(mount) === name)
  }

  variable(name: string): JsonObject | undefined {
    return this.#env.get(name)
  }

  addMount(mount: JsonObject): void {
    this.#mounts.add(mount)
  }

  addVariable(variable: JsonObject): void {
    this.#env.add(variable)
  }

  /** Writes what was added to a container of the pod; a new one is written whole, elsewhere. */
  writeInto(writer: PatchWriter): void {
    if (this.#index === undefined) return
    const path = ['spec', this.list, this.#index]
    for (const mount of this.#mounts.added) writer.addElement([...path, 'volumeMounts'], 'end', mount)
    for (const variable of this.#env.added) writer.addElement([...path, 'env'], 'end', variable)
  }
}
