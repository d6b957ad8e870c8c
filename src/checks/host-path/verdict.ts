import { quote } from '../../admission/text.ts'
import {
  canonicalHostPath,
  canonicalWindowsPath,
  isWithin,
  type Relation,
  relationOf,
} from '../../workload/host-paths.ts'
import type { AllowedPath, HostPathParams } from './params.ts'
import type { ProtectedPath } from './protected-paths.ts'

/** What the parameters say about one path. */
export type PathVerdict =
  | { readonly kind: 'allowed'; readonly path: string; readonly hole: AllowedPath | undefined }
  | { readonly kind: 'refused'; readonly path: string; readonly reason: string }

/** What a reader may do instead; the same for every path. */
export const INSTEAD =
  "use an emptyDir, a PersistentVolumeClaim or a directory of the application's own such as /data/<app>; a component that must reach the node needs a PolicyException"

/** Judges a path as it is written, by its canonical form alone. `type` is `hostPath.type`, `''` where it is not set. */
export function judgePath(raw: string, type: string, params: HostPathParams): PathVerdict {
  const canonical = canonicalHostPath(raw)
  if (canonical.kind === 'refused') return { kind: 'refused', path: raw, reason: `is refused: ${canonical.reason}` }
  if (params.mode === 'none')
    return { kind: 'refused', path: canonical.path, reason: 'is refused: no host path is allowed' }
  if (canonical.kind === 'windows') return judgeWindowsPath(canonical.path, params)
  const holes = closestHoles(canonical.path, params.allowed)
  if (holes.length > 0) return judgeHoles(canonical.path, type, holes)
  if (params.mode === 'allowlist') {
    const list = params.allowed.map(allowed => allowed.path).join(', ') || 'none'
    return { kind: 'refused', path: canonical.path, reason: `is not under an allowed path (allowed: ${list})` }
  }
  return judgeProtected(canonical.path, params.protectedPaths)
}

function judgeWindowsPath(path: string, { windowsPaths }: HostPathParams): PathVerdict {
  if (windowsPaths.includes(canonicalWindowsPath(path))) return { kind: 'allowed', path, hole: undefined }
  return { kind: 'refused', path, reason: 'is a Windows path that windowsPaths does not list' }
}

/** The holes with the longest path around `path`: a hole within a hole is what somebody meant for exactly there. */
function closestHoles(path: string, allowed: readonly AllowedPath[]): readonly AllowedPath[] {
  let closest: AllowedPath[] = []
  for (const hole of allowed) {
    if (!isWithin(path, hole.path)) continue
    const length = closest[0]?.path.length ?? 0
    if (hole.path.length > length) closest = [hole]
    else if (hole.path.length === length) closest.push(hole)
  }
  return closest
}

function judgeHoles(path: string, type: string, holes: readonly AllowedPath[]): PathVerdict {
  const hole = holes.find(({ types }) => types === undefined || types.includes(type))
  if (hole !== undefined) return { kind: 'allowed', path, hole }
  const types = holes.flatMap(hole => hole.types ?? []).map(quote)
  return { kind: 'refused', path, reason: `is allowed only with type ${types.join(', ')}, not ${quote(type)}` }
}

/** The closest relation tells the reader most: /run/dbus "is" a protected path before it "lies under" /run. */
const CLOSENESS: Readonly<Record<Relation, number>> = { is: 0, 'lies under': 1, contains: 2 }

/** The lists as they are compared, made once for each. */
const foldedLists = new WeakMap<readonly ProtectedPath[], readonly FoldedPath[]>()

interface FoldedPath {
  readonly entry: ProtectedPath
  readonly path: string
}

function foldedPaths(protectedPaths: readonly ProtectedPath[]): readonly FoldedPath[] {
  let paths = foldedLists.get(protectedPaths)
  if (paths === undefined) {
    paths = protectedPaths.map(entry => ({ entry, path: entry.path.toLowerCase() }))
    foldedLists.set(protectedPaths, paths)
  }
  return paths
}

/** Without case, unlike every hole: a node of Windows knows no case, and on others nobody keeps his own in /Etc. */
function judgeProtected(path: string, protectedPaths: readonly ProtectedPath[]): PathVerdict {
  const folded = path.toLowerCase()
  let closest: { readonly entry: ProtectedPath; readonly relation: Relation } | undefined
  let met = 0
  for (const { entry, path: guarded } of foldedPaths(protectedPaths)) {
    // Most begin otherwise, and have nothing in common with it. The root begins like everything.
    if (folded.charCodeAt(1) !== guarded.charCodeAt(1) && folded.length > 1 && guarded.length > 1) continue
    const relation = relationOf(folded, guarded)
    if (relation === undefined) continue
    met += 1
    if (closest === undefined || CLOSENESS[relation] < CLOSENESS[closest.relation]) closest = { entry, relation }
  }
  if (closest === undefined) return { kind: 'allowed', path, hole: undefined }
  return { kind: 'refused', path, reason: describeRelation(closest.entry, closest.relation, met - 1) }
}

function describeRelation({ path: guarded, why }: ProtectedPath, relation: Relation, others: number): string {
  if (relation === 'is') return `is a protected path: ${why}`
  const further = relation === 'contains' && others > 0 ? ` and ${others} more` : ''
  return `${relation} the protected path "${guarded}"${further}: ${why}`
}

/** A path as written and, where that differs, as understood. */
export function describePath(raw: string): string {
  const canonical = canonicalHostPath(raw)
  if (canonical.kind === 'refused' || canonical.path === raw) return quote(raw)
  return `${quote(raw)} (understood as ${quote(canonical.path)})`
}
