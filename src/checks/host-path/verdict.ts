import { quote } from '../../admission/text.ts'
import { canonicalHostPath, isWithin } from '../../workload/host-paths.ts'
import type { Meeting, PathTree } from '../../workload/path-tree.ts'
import { canonicalWindowsPath, foldForWindows, windowsRiddle } from '../../workload/windows-paths.ts'
import type { AllowedPath, HostPathParams } from './params.ts'
import type { ProtectedPath } from './protected/entry.ts'

/** What the parameters say about one path. */
export type PathVerdict =
  | { readonly kind: 'allowed'; readonly path: string; readonly hole: AllowedPath | undefined }
  | {
      readonly kind: 'refused'
      readonly path: string
      readonly reason: string
      /** What to do instead, unless it is what fits every path. */
      readonly hint?: string
    }

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
  if (holes.length > 0) {
    return params.mode === 'strict' && isReplaceable(canonical.path, holes)
      ? belowWritable(canonical.path, holes)
      : judgeHoles(canonical.path, type, holes)
  }
  if (params.mode === 'allowlist' || params.mode === 'strict') {
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

/** Whether somebody who may write to one of the holes can put a link in the place of a path that lies under it. */
function isReplaceable(path: string, holes: readonly AllowedPath[]): boolean {
  return holes.some(hole => !hole.readOnly && hole.path !== path)
}

function belowWritable(path: string, holes: readonly AllowedPath[]): PathVerdict {
  const above = quote(holes[0]?.path ?? '')
  return {
    kind: 'refused',
    path,
    reason: `lies under the allowed path ${above}, to which pods may write: a link put in its place leads the volume to any file of the node`,
    hint: `mount ${above} as a whole and use a subdirectory of it in the container, or list a path of its own that does not lie under another`,
  }
}

function judgeHoles(path: string, type: string, holes: readonly AllowedPath[]): PathVerdict {
  const hole = holes.find(({ types }) => types === undefined || types.includes(type))
  if (hole !== undefined) return { kind: 'allowed', path, hole }
  const types = holes.flatMap(hole => hole.types ?? []).map(quote)
  return { kind: 'refused', path, reason: `is allowed only with type ${types.join(', ')}, not ${quote(type)}` }
}

/** Without case, unlike every hole: a node of Windows knows no case, and on others nobody keeps his own in /Etc. */
function judgeProtected(path: string, protectedPaths: PathTree<ProtectedPath>): PathVerdict {
  const meeting = protectedPaths.meet(foldForWindows(path))
  if (meeting !== undefined) {
    const { hint } = meeting.entry
    return { kind: 'refused', path, reason: describeMeeting(meeting), ...(hint !== undefined && { hint }) }
  }
  const riddle = windowsRiddle(path)
  if (riddle === undefined) return { kind: 'allowed', path, hole: undefined }
  return { kind: 'refused', path, reason: `is refused: ${riddle}`, hint: 'write the path in full' }
}

function describeMeeting({ entry: { path: guarded, why }, relation, others }: Meeting<ProtectedPath>): string {
  if (relation === 'is') return `is a protected path: ${why}`
  const further = others > 0 ? ` and ${others} more` : ''
  return `${relation} the protected path "${guarded}"${further}: ${why}`
}

/** A path as written and, where that differs, as understood. */
export function describePath(raw: string): string {
  const canonical = canonicalHostPath(raw)
  if (canonical.kind === 'refused' || canonical.path === raw) return quote(raw)
  return `${quote(raw)} (understood as ${quote(canonical.path)})`
}
