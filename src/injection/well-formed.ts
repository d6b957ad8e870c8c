import { get, getList, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { CONTAINER_LISTS } from '../workload/pod.ts'

/**
 * Whether every part of a pod that injections write has the type that Kubernetes gives it, or is absent, and there is a
 * container: the API server refuses a pod without one, and must not take it because of what was injected.
 */
export function isWellFormed(pod: JsonObject): boolean {
  const metadata = get(pod, 'metadata') ?? null
  const spec = get(pod, 'spec')
  if (!isObject(spec) || (metadata !== null && !isObject(metadata))) return false
  const maps = [get(metadata, 'labels'), get(metadata, 'annotations')]
  const lists = ['volumes', 'imagePullSecrets', ...CONTAINER_LISTS].map(name => get(spec, name))
  if (getList(spec, 'containers').length === 0) return false
  const containers = CONTAINER_LISTS.flatMap(name => getList(spec, name))
  return maps.every(isMapOrAbsent) && lists.every(isListOrAbsent) && containers.every(isWellFormedContainer)
}

function isWellFormedContainer(value: Json): boolean {
  return isObject(value) && isListOrAbsent(get(value, 'volumeMounts')) && isListOrAbsent(get(value, 'env'))
}

function isMapOrAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null || isObject(value)
}

function isListOrAbsent(value: Json | undefined): boolean {
  return value === undefined || value === null || isList(value)
}
