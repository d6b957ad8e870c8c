/*
Whoever may write to a folder of the node can put a link in the place of what lies under it. The kubelet and the container runtime
follow the link, as root of the node, when another volume, or the same pod after a restart, names that path.
*/
import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { dig, get, getList, getString, isObject } from '../../json/value.ts'
import { canonicalHostPath } from '../../workload/host-paths.ts'
import { sameKind } from '../../workload/kinds.ts'
import type { Pod } from '../../workload/pod.ts'
import { foldForWindows } from '../../workload/windows-paths.ts'
import type { CheckResult, Finding, Subject } from '../check.ts'
import { inKey } from '../findings.ts'
import { PERSISTENT_VOLUME } from '../resources.ts'
import type { HostPathParams } from './params.ts'
import { judgePath } from './verdict.ts'

/** One host path of an object, and whether it may be written by it. */
export interface PathUse {
  readonly pointer: Pointer
  /** Canonical. */
  readonly path: string
  /** The beginning of a sentence about it. */
  readonly what: string
  /** `hostPath.type`; `''` if it is not set. */
  readonly type: string
  readonly writes: boolean
}

/** A host path as it is compared with those of others. */
interface ComparedUse extends PathUse {
  /** The path is refused for itself: nothing further is said about it. */
  readonly isRefused: boolean
}

/** The host paths that one object mounts: what of it takes part in the comparison. */
export interface PathUser {
  /** What a message calls the object. */
  readonly name: string
  readonly uses: readonly ComparedUse[]
}

const WHY = 'a link put in its place leads the volume to any file of the node'

/** The host paths that a pod mounts. A volume that is mounted nowhere counts as written: an ephemeral container may mount it. */
export function usesOfPod(pod: Pod): readonly PathUse[] {
  const uses: PathUse[] = []
  const mountsOf = Map.groupBy(
    pod.containers.flatMap(({ mounts }) => mounts),
    ({ volume }) => volume,
  )
  for (const volume of pod.volumes) {
    const source = get(volume.value, 'hostPath')
    const path = pathOf(source)
    if (path === undefined) continue
    const mounts = mountsOf.get(volume.name) ?? []
    const writes = mounts.length === 0 || mounts.some(mount => get(mount.value, 'readOnly') !== true)
    const pointer = append(volume.pointer, 'hostPath', 'path')
    uses.push({ pointer, path, what: `volume ${quote(volume.name)} mounts hostPath`, type: typeOf(source), writes })
  }
  return uses
}

/** The host paths of a pod, of a template or of a PersistentVolume; undefined if it has none. */
export function pathUserOf({ request, object, pods }: Subject, params: HostPathParams): PathUser | undefined {
  const uses = sameKind(request.kind, PERSISTENT_VOLUME)
    ? usesOfPersistentVolume(get(object, 'spec'))
    : pods.flatMap(usesOfPod)
  if (uses.length === 0) return undefined
  const name = getString(dig(object, 'metadata'), 'name') ?? request.name
  const place = request.namespace === '' ? name : `${request.namespace}/${name}`
  const compared = uses.map(use => ({
    ...use,
    isRefused: judgePath(use.path, use.type, params).kind === 'refused',
    // Who may write to what contains the node's own files needs no link, and is reported for that.
    writes: use.writes && params.protectedPaths.meet(foldForWindows(use.path))?.relation !== 'contains',
  }))
  return { name: `${request.kind.kind} ${quote(place)}`, uses: compared }
}

function typeOf(source: unknown): string {
  return (isObject(source) ? getString(source, 'type') : undefined) ?? ''
}

function usesOfPersistentVolume(spec: unknown): readonly PathUse[] {
  if (!isObject(spec)) return []
  const modes = getList(spec, 'accessModes')
  const writes = modes.length === 0 || modes.some(mode => mode !== 'ReadOnlyMany')
  return (['hostPath', 'local'] as const).flatMap(source => {
    const path = pathOf(get(spec, source))
    const what = `the PersistentVolume ${source === 'local' ? 'has the local path' : 'mounts hostPath'}`
    return path === undefined
      ? []
      : [{ pointer: append('/spec', source, 'path'), path, what, type: typeOf(get(spec, source)), writes }]
  })
}

function pathOf(source: unknown): string | undefined {
  const raw = isObject(source) ? getString(source, 'path') : undefined
  const canonical = raw === undefined ? undefined : canonicalHostPath(raw)
  return canonical?.kind === 'path' ? canonical.path : undefined
}

/**
 * Judges the paths of one pod among themselves: those that lie under another one to which the pod may write. A path that is refused
 * for itself needs no second reason, and who may write to it needs no link.
 *
 * @param isRefused whether a path is refused already, for itself.
 */
export function judgeOwnLinks(uses: readonly PathUse[], isRefused: (path: string) => boolean): readonly Finding[] {
  const written = new Set(uses.filter(({ writes, path }) => writes && !isRefused(path)).map(({ path }) => path))
  return uses.flatMap(use => {
    const above = isRefused(use.path) ? undefined : parentsOf(use.path).find(parent => written.has(parent))
    if (above === undefined) return []
    const message = `${use.what} ${quote(use.path)}, which lies under ${quote(above)}, to which the pod may write by another volume: after a restart ${WHY}`
    const hint = `mount ${quote(above)} alone and use a subdirectory of it in the container, or mount it with readOnly: true`
    const facts = { path: use.path }
    return [
      { pointer: use.pointer, message, hint, level: 'violation', key: `under own ${inKey(use.path, 4096)}`, facts },
    ]
  })
}

/** What a template and its pods have in common: the paths and how they are mounted, not where they stand or who mounts them. */
export function identityOfUses({ uses }: PathUser): string {
  return JSON.stringify(uses.map(({ path, writes }) => [path, writes]))
}

/** Who may write to a path: the first two that are different objects are enough to name another one. */
interface Writers {
  readonly first: number
  second: number | undefined
}

/**
 * Compares the paths of many objects: what lies under a path to which another object may write is a warning. What is kept besides
 * the objects is an index of the distinct paths that are written.
 */
export function compareLinks(users: readonly PathUser[]): readonly CheckResult[] {
  const index = new Map<string, Writers>()
  for (const [position, { uses }] of users.entries()) {
    for (const { path, writes } of uses) {
      if (!writes) continue
      const writers = index.get(path)
      if (writers === undefined) index.set(path, { first: position, second: undefined })
      else if (writers.first !== position) writers.second ??= position
    }
  }
  return users.map(({ uses }, position) => ({
    findings: uses.flatMap(use => {
      const found = use.isRefused ? undefined : writerAbove(use.path, position, index)
      return found === undefined ? [] : [belowWritten(use, found.path, users[found.writer]?.name ?? '')]
    }),
  }))
}

function writerAbove(path: string, self: number, index: ReadonlyMap<string, Writers>) {
  for (const parent of parentsOf(path)) {
    const writers = index.get(parent)
    if (writers === undefined) continue
    const writer = writers.first === self ? writers.second : writers.first
    if (writer !== undefined) return { path: parent, writer }
  }
  return undefined
}

function belowWritten(use: PathUse, above: string, writer: string): Finding {
  return {
    pointer: use.pointer,
    message: `${use.what} ${quote(use.path)}, which lies under ${quote(above)}, to which ${writer} may write: on a node that runs both ${WHY}`,
    hint: `mount ${quote(above)} as a whole, let the other one mount it with readOnly: true, or use mode: strict, which refuses this`,
    level: 'warning',
    key: `under ${inKey(above, 4096)} ${inKey(use.path, 4096)}`,
    facts: { path: use.path },
  }
}

/** The paths strictly above a canonical one, the closest first; the root is the last. */
function parentsOf(path: string): readonly string[] {
  const parents: string[] = []
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) parents.push(path.slice(0, end))
  if (path !== '/') parents.push('/')
  return parents
}
