import { get, getList, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import { covers } from './covers.ts'
import { mountPathOf } from './names.ts'

/** The first declared field in which `actual` differs; undefined where it is ours. */
export function differenceOf(declared: JsonObject, actual: JsonObject): string | undefined {
  return Object.keys(declared).find(key => !covers(declared[key] ?? null, get(actual, key), key))
}

/**
 * As {@link differenceOf}, for volumes. A volume is what its source is: one without a source is an emptyDir, and an empty
 * source is a source.
 */
export function volumeDifferenceOf(declared: JsonObject, actual: JsonObject): string | undefined {
  const [wanted, found] = [sourceOf(declared), sourceOf(actual)]
  return wanted === found ? differenceOf(declared, actual) : found
}

function sourceOf(volume: JsonObject): string {
  return Object.keys(volume).find(key => key !== 'name' && (volume[key] ?? null) !== null) ?? 'emptyDir'
}

/** As {@link differenceOf}, for mounts: the path counts as the kubelet cleans it, and so does what is mounted of the volume. */
export function mountDifferenceOf(declared: JsonObject, actual: JsonObject): string | undefined {
  const part = ['subPath', 'subPathExpr'].find(key => textOf(declared, key) !== textOf(actual, key))
  if (part !== undefined) return part
  const { mountPath: _, ...rest } = declared
  return mountPathOf(declared) === mountPathOf(actual) ? differenceOf(rest, actual) : 'mountPath'
}

function textOf(item: JsonObject, key: string): string {
  return getString(item, key) ?? ''
}

/** A port that a container opens: on the node where `isHost`. */
export interface Port {
  readonly number: number
  readonly protocol: string
  readonly hostIp: string
  readonly isHost: boolean
}

/** The ports of a container. With the node's network every port is one of the node's. */
export function portsOf(container: JsonObject, hasHostNetwork: boolean): readonly Port[] {
  return getList(container, 'ports').flatMap(port => {
    if (!isObject(port)) return []
    const [inside, onHost] = [numberOf(port['containerPort']), numberOf(port['hostPort'])]
    const number = onHost || inside
    if (number === 0) return []
    const isHost = onHost !== 0 || hasHostNetwork
    return [{ number, protocol: textOf(port, 'protocol') || 'TCP', hostIp: textOf(port, 'hostIP'), isHost }]
  })
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** Whether two ports cannot be open at once: two of the node's, or two of the pod's. */
export function clash(a: Port, b: Port): boolean {
  if (a.number !== b.number || a.protocol !== b.protocol || a.isHost !== b.isHost) return false
  return !a.isHost || isAnyAddress(a.hostIp) || isAnyAddress(b.hostIp) || a.hostIp === b.hostIp
}

function isAnyAddress(address: string): boolean {
  return address === '' || address === '0.0.0.0' || address === '::'
}
