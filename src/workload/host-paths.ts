import { canonicalWindowsPath, isWindowsPath } from './windows-paths.ts'

/** A path as the kernel of a node would understand it, or why it must not be believed. */
export type CanonicalPath =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'windows'; readonly path: string }
  | { readonly kind: 'refused'; readonly reason: string }

/** Longer paths cannot be opened: PATH_MAX of Linux, in characters. */
const MAX_LENGTH = 4096
/** Deeper paths are refused: nobody mounts one, and each is compared with all of its parents, which takes the square of its depth. */
const MAX_SEGMENTS = 64
/** A path of fewer characters cannot be too deep. */
const SHORT = 2 * MAX_SEGMENTS

/** Symbolic links that nodes of today have at their root or in /var; the first match is followed, then the next, until none matches. */
const ALIASES: readonly (readonly [from: string, to: string])[] = [
  ['/var/run', '/run'],
  ['/var/lock', '/run/lock'],
  ['/bin', '/usr/bin'],
  ['/sbin', '/usr/sbin'],
  ['/lib', '/usr/lib'],
  ['/lib32', '/usr/lib32'],
  ['/lib64', '/usr/lib64'],
  ['/libx32', '/usr/libx32'],
  ['/vmlinuz', '/boot/vmlinuz'],
  ['/vmlinuz.old', '/boot/vmlinuz.old'],
  ['/initrd.img', '/boot/initrd.img'],
  ['/initrd.img.old', '/boot/initrd.img.old'],
]

/** What nearly every path looks like: nothing in it to refuse or to collapse. A segment cannot begin with a dot. */
const PLAIN = /^(?:\/[\w-][\w.-]*)+$/
const CONTROL = /\p{Cc}/u
/** Two dots; Windows drops blanks at the end of a segment, so that `.. ` climbs there too. */
const CLIMBS = /(?:^|[/\\]) *\. *\. *(?:[/\\]|$)/
/** A segment that is empty or a dot: most paths have none, and are taken as they are. */
const IDLE = /\/\.?(?:\/|$)/
const PROC_LINK = /^\/proc\/(?:\d+|self|thread-self)(?:\/task\/\d+)?\/(?:root|cwd|fd)(?:\/|$)/

/**
 * The one canonical form of a host path; every verdict about a path is a verdict about this form. Bytes are literal:
 * nothing is decoded or folded. A refused path is its own canonical form.
 */
export function canonicalHostPath(raw: string): CanonicalPath {
  if (raw.length <= SHORT && PLAIN.test(raw)) return resolveLinks(raw)
  const reason = refusal(raw)
  if (reason !== undefined) return { kind: 'refused', reason }
  if (isWindowsPath(raw)) return { kind: 'windows', path: canonicalWindowsPath(raw) }
  if (!raw.startsWith('/')) return { kind: 'refused', reason: 'the path is not absolute' }
  if (raw.includes('\\')) return { kind: 'refused', reason: 'the path holds a backslash' }
  const collapsed = collapse(raw)
  if (collapsed.length > SHORT && collapsed.split('/').length > MAX_SEGMENTS + 1)
    return { kind: 'refused', reason: `the path has more than ${MAX_SEGMENTS} segments` }
  // `/./??/C:` becomes one only now.
  if (isWindowsPath(collapsed)) return { kind: 'windows', path: canonicalWindowsPath(collapsed) }
  return resolveLinks(collapsed)
}

/** Follows the links that are known; `collapsed` is absolute, without empty segments and dots. */
function resolveLinks(collapsed: string): CanonicalPath {
  const path = followAliases(collapsed)
  if (PROC_LINK.test(path)) {
    return { kind: 'refused', reason: 'the path leads through /proc to wherever a process of the node points it' }
  }
  return { kind: 'path', path }
}

function refusal(raw: string): string | undefined {
  if (raw === '') return 'the path is empty'
  if (raw.length > MAX_LENGTH) return `the path is longer than ${MAX_LENGTH} characters`
  if (CONTROL.test(raw)) return 'the path holds a control character'
  if (CLIMBS.test(raw)) return 'the path holds a ".." segment'
  return undefined
}

function collapse(raw: string): string {
  if (!IDLE.test(raw)) return raw
  const segments = raw.split('/').filter(segment => segment !== '' && segment !== '.')
  return `/${segments.join('/')}`
}

function followAliases(path: string): string {
  const alias = ALIASES.find(([from]) => isWithin(path, from))
  return alias === undefined ? path : followAliases(alias[1] + path.slice(alias[0].length))
}

/** Whether `path` is `parent` or lies under it, by segments: `/database` is not within `/data`. Both canonical. */
export function isWithin(path: string, parent: string): boolean {
  return parent === '/' || path === parent || (path.startsWith(parent) && path[parent.length] === '/')
}

/** How a path meets a protected one. */
export type Relation = 'is' | 'contains' | 'lies under'

/** How a path meets a protected one, or undefined where they have nothing in common. Both canonical. */
export function relationOf(path: string, guarded: string): Relation | undefined {
  if (path === guarded) return 'is'
  if (isWithin(path, guarded)) return 'lies under'
  return isWithin(guarded, path) ? 'contains' : undefined
}

/** Deeper paths have no parents here: a path has room for two thousand segments. */
const MOST_SEGMENTS = 32

/**
 * A canonical path and the paths that contain it, closest first: `/a/b`, `/a`, `/`. A path that is refused as such
 * (`/etc/../root`) lies nowhere, and is returned without parents.
 */
export function pathAndParents(path: string): readonly string[] {
  const canonical = canonicalHostPath(path)
  const segments = path.split('/').slice(1)
  if (canonical.kind !== 'path' || canonical.path !== path || path === '/' || segments.length > MOST_SEGMENTS)
    return [path]
  return [path, ...segments.map((_, index) => `/${segments.slice(0, index).join('/')}`).reverse()]
}
