import { getList, getString, isObject, type JsonObject } from '../json/value.ts'
import type { ContainerList } from '../workload/pod.ts'
import { indexByName } from './list-drafts.ts'
import type { PatchWriter } from './patch.ts'

/** A container, of the pod or to be added to it, and what is to be added to its own lists. */
export class ContainerDraft {
  readonly list: ContainerList
  readonly name: string
  readonly #index: number | undefined
  readonly #original: JsonObject
  readonly #mounts: JsonObject[] = []
  readonly #env: JsonObject[] = []
  #mountsByPath: Map<string, JsonObject> | undefined
  #mountedVolumes: Set<string> | undefined
  #envByName: Map<string, JsonObject> | undefined

  /** @param index its place in the pod; undefined for a container that is to be added. */
  constructor(list: ContainerList, index: number | undefined, original: JsonObject) {
    this.list = list
    this.name = getString(original, 'name') ?? ''
    this.#index = index
    this.#original = original
  }

  get isNew(): boolean {
    return this.#index === undefined
  }

  /** The container with what was added to it. */
  get value(): JsonObject {
    return {
      ...this.#original,
      ...(this.#mounts.length > 0 && { volumeMounts: [...getList(this.#original, 'volumeMounts'), ...this.#mounts] }),
      ...(this.#env.length > 0 && { env: [...getList(this.#original, 'env'), ...this.#env] }),
    }
  }

  /** The mount at this path, however the path is written. */
  mountAt(path: string): JsonObject | undefined {
    this.#mountsByPath ??= new Map(
      getList(this.#original, 'volumeMounts').flatMap(mount =>
        isObject(mount) ? [[cleanPath(getString(mount, 'mountPath') ?? ''), mount] as const] : [],
      ),
    )
    return this.#mountsByPath.get(cleanPath(path))
  }

  mountsVolume(name: string): boolean {
    this.#mountedVolumes ??= new Set(
      [...getList(this.#original, 'volumeMounts'), ...this.#mounts].map(mount => getString(mount, 'name') ?? ''),
    )
    return this.#mountedVolumes.has(name)
  }

  variable(name: string): JsonObject | undefined {
    this.#envByName ??= indexByName(getList(this.#original, 'env'))
    return this.#envByName.get(name)
  }

  addMount(mount: JsonObject): void {
    const path = getString(mount, 'mountPath') ?? ''
    if (this.mountAt(path) === undefined) this.#mountsByPath?.set(cleanPath(path), mount)
    this.#mountedVolumes?.add(getString(mount, 'name') ?? '')
    this.#mounts.push(mount)
  }

  addVariable(variable: JsonObject): void {
    const name = getString(variable, 'name') ?? ''
    if (this.variable(name) === undefined) this.#envByName?.set(name, variable)
    this.#env.push(variable)
  }

  /** Writes what was added to a container of the pod; a new one is written whole, elsewhere. */
  writeInto(writer: PatchWriter): void {
    if (this.#index === undefined) return
    const path = ['spec', this.list, this.#index]
    for (const mount of this.#mounts) writer.addElement([...path, 'volumeMounts'], 'end', mount)
    for (const variable of this.#env) writer.addElement([...path, 'env'], 'end', variable)
  }
}

/** What nearly every path looks like: no segment is empty or begins with a dot. */
const CLEAN = /^(?:\/[^/.][^/]*)+$/

/** A mount path as the kubelet cleans it: no doubled slashes, no dots, none at the end. */
export function cleanPath(path: string): string {
  if (CLEAN.test(path)) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
