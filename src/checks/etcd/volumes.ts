import { get, isObject, type JsonObject } from '../../json/value.ts'
import type { Pod, Volume } from '../../workload/pod.ts'
import { claimedVolumes } from '../../workload/template.ts'

/** What a name of a volume stands for in a pod. */
export interface KnownVolume {
  /** Undefined for a claim of a StatefulSet. */
  readonly volume: Volume | undefined
  /** What it is, whatever it is called. */
  readonly source: string
  /** Whether it outlives the pod. */
  readonly lasts: boolean
}

/** The volumes of one pod by name, each read once however many members keep their data on it. */
export class PodVolumes {
  readonly #pod: Pod
  readonly #object: JsonObject
  readonly #known = new Map<string, KnownVolume | undefined>()
  #volumes: Map<string, Volume> | undefined
  #claims: ReadonlySet<string> | undefined

  constructor(pod: Pod, object: JsonObject) {
    this.#pod = pod
    this.#object = object
  }

  find(name: string): KnownVolume | undefined {
    if (!this.#known.has(name)) this.#known.set(name, this.#read(name))
    return this.#known.get(name)
  }

  #read(name: string): KnownVolume | undefined {
    this.#volumes ??= byName(this.#pod.volumes)
    const volume = this.#volumes.get(name)
    if (volume === undefined) {
      this.#claims ??= claimedVolumes(this.#object, this.#pod.pointer)
      return this.#claims.has(name)
        ? { volume: undefined, source: JSON.stringify(`claim ${name}`), lasts: true }
        : undefined
    }
    const { name: _, ...source } = volume.value
    const isEmptyDir = isObject(get(volume.value, 'emptyDir')) || Object.keys(source).length === 0
    return { volume, source: JSON.stringify(source), lasts: !isEmptyDir }
  }
}

/** Of volumes of one name the first counts. */
function byName(volumes: readonly Volume[]): Map<string, Volume> {
  const found = new Map<string, Volume>()
  for (const volume of volumes) if (!found.has(volume.name)) found.set(volume.name, volume)
  return found
}
