/** A path of the node that no pod may reach. */
export interface ProtectedPath {
  readonly path: string
  /** What happens when a pod reaches it: the end of a message that has named the path. */
  readonly why: string
  /** The document or the source file that says what the path is. */
  readonly source: string
  /** What to do instead; undefined where the general hint fits. */
  readonly hint?: string
}

/** Paths that one source describes and that are protected for one reason. */
export function group(why: string, source: string, paths: readonly string[], hint?: string): readonly ProtectedPath[] {
  return paths.map(path => ({ path, why, source, ...(hint !== undefined && { hint }) }))
}

// The reasons that several groups share.
export const NODE_CONFIGURATION = "a pod could change the node's own configuration and keys"
export const PROGRAMS = "a pod could replace the node's own programs"
export const KERNEL = 'a pod could reach the kernel and every other process of the node'
export const RUNTIME_STATE =
  "the container runtime's files of every other pod would be open, and mounts could leak back to the node"
export const SOCKETS =
  'the sockets of the container runtime live here: whoever reaches one controls every container of the node'
export const NETWORK = "a pod could change every other pod's network"
export const KEYS = "the keys of the cluster's own components live here"
export const DISK = "the node's own file system lies here under another name"
export const BOOT = 'the node boots from here: a pod could replace its kernel, or what it starts'
export const AGENT = 'an agent that runs as root of the node takes its programs, orders or keys from here'
export const OTHER_VOLUMES = 'a storage system keeps the volumes of all pods here'
