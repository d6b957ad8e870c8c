import { quote } from '../../admission/text.ts'
import { getList, getString, isList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { volumeMount } from '../pod-types/container.ts'
import { mismatch } from '../pod-types/mismatch.ts'
import type { FieldType } from '../pod-types/types.ts'
import type { AnnotationMounts, Mutation } from './mutations.ts'

export const MOUNT_LIMITS = {
  /** Characters of an annotation: what all annotations of a valid pod hold together. */
  size: 262_144,
  /** Mounts of one annotation. */
  items: 1000,
} as const

/** The containers that a mutation injects. */
export interface InjectedContainers {
  readonly initContainers: readonly JsonObject[]
  readonly containers: readonly JsonObject[]
}

const FIELDS: ReadonlyMap<string, FieldType> = volumeMount.kind === 'object' ? volumeMount.fields : new Map()
const BY_FOLDED_NAME = new Map([...FIELDS].map(([name, type]) => [name.toLowerCase(), [name, type]] as const))

/**
 * Appends the mounts that the pod asks for in its annotations to the containers that they are meant for. A string says
 * what is wrong with an annotation: the pod is to be denied.
 */
export function addAnnotationMounts(
  injected: InjectedContainers,
  { annotationNamespace, annotationMounts }: Mutation,
  annotations: () => Readonly<Record<string, string>>,
): InjectedContainers | string {
  let result = injected
  for (const config of annotationMounts) {
    const key = `${annotationNamespace}/${config.name}`
    const all = annotations()
    const text = Object.hasOwn(all, key) ? all[key] : undefined
    if (text === undefined) continue
    const mounts = mountsIn(text)
    if (typeof mounts === 'string') return `annotation ${quote(key)} ${mounts}`
    result = appended(result, config, mounts)
    const twice = pathMountedTwice(result)
    if (twice !== undefined) return `annotation ${quote(key)} mounts ${twice} a second time`
  }
  return result
}

function appended(injected: InjectedContainers, config: AnnotationMounts, mounts: readonly Json[]): InjectedContainers {
  const append = (containers: readonly JsonObject[], names: readonly string[]) =>
    containers.map(container =>
      names.includes(getString(container, 'name') ?? '') && mounts.length > 0
        ? { ...container, volumeMounts: [...getList(container, 'volumeMounts'), ...mounts] }
        : container,
    )
  return {
    initContainers: append(injected.initContainers, config.initContainerRefs),
    containers: append(injected.containers, config.containerRefs),
  }
}

/** The API server refuses a pod in which a container mounts two volumes at one path. */
function pathMountedTwice({ initContainers, containers }: InjectedContainers): string | undefined {
  for (const container of [...initContainers, ...containers]) {
    const seen = new Set<string>()
    for (const mount of getList(container, 'volumeMounts')) {
      const path = getString(mount, 'mountPath') ?? ''
      if (seen.has(path)) return `${quote(path)} of container ${quote(getString(container, 'name') ?? '')}`
      seen.add(path)
    }
  }
  return undefined
}

/**
 * The mounts in an annotation, each read by itself: fields of any case, as Go's decoder takes them, and only those that
 * a mount has. A string says what is wrong.
 */
function mountsIn(text: string): readonly JsonObject[] | string {
  if (text.length > MOUNT_LIMITS.size) return `has more than ${MOUNT_LIMITS.size} characters`
  const value = parseJson(text)
  if (value === undefined) return 'is not JSON'
  if (value === null) return []
  if (!isList(value)) return 'must be a list of volume mounts'
  if (value.length > MOUNT_LIMITS.items) return `has more than ${MOUNT_LIMITS.items} volume mounts`
  const mounts: JsonObject[] = []
  for (const [index, item] of value.entries()) {
    const mount = mountOf(item)
    if (typeof mount === 'string') return `has a wrong volume mount: /${index}${mount}`
    mounts.push(mount)
  }
  return mounts
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function mountOf(item: Json): JsonObject | string {
  if (!isObject(item)) return ' must be an object'
  const mount: Record<string, Json> = {}
  for (const key of Object.keys(item)) {
    const value = item[key] ?? null
    const [name, type] = BY_FOLDED_NAME.get(key.toLowerCase()) ?? []
    // As the original: null says nothing, and what no mount has is passed over.
    if (name === undefined || type === undefined || value === null) continue
    const message = mismatch(value, type)
    if (message !== undefined) return `/${name} ${message}`
    mount[name] = value
  }
  const missing = ['name', 'mountPath'].find(name => (getString(mount, name) ?? '') === '')
  return missing === undefined ? mount : ` has no ${missing}`
}
