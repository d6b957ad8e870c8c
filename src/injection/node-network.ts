import { get, getList, type Json, type JsonObject } from '../json/value.ts'

/** Capabilities with which a process changes the network that it is in, reads its traffic, or becomes root of the node. */
const NETWORK_CAPABILITIES: ReadonlySet<string> = new Set(['ALL', 'NET_ADMIN', 'NET_RAW', 'SYS_ADMIN'])

/**
 * Says by what a container could change the network that its pod is in: `is privileged` or `adds the capability NET_ADMIN`. Undefined
 * if it could not. Only what is added counts: every container has NET_RAW unless it drops it.
 */
export function networkPowerOf(container: JsonObject): string | undefined {
  const context = get(container, 'securityContext')
  if (get(context, 'privileged') === true) return 'is privileged'
  const capability = getList(get(context, 'capabilities'), 'add').map(nameOfCapability).find(isOfNetwork)
  return capability === undefined ? undefined : `adds the capability ${capability}`
}

/** Container runtimes take the names in any case and with the kernel's prefix. */
function nameOfCapability(value: Json): string {
  return typeof value === 'string' ? value.toUpperCase().replace(/^CAP_/, '') : ''
}

function isOfNetwork(capability: string): boolean {
  return NETWORK_CAPABILITIES.has(capability)
}
