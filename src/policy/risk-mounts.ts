import { quote } from '../admission/text.ts'
import { deepEqual, get, getString, isObject, type Json } from '../json/value.ts'

/**
 * Says in words what an update changes of the mounts of a container; undefined if it only drops some or makes some
 * read-only. A mount that hid a folder of another one is not dropped for nothing: what it hid is to be seen now.
 */
export function mountsChange(mounts: readonly Json[], old: readonly Json[]): string | undefined {
  const known = new KnownItems(old, mountKey)
  for (const mount of mounts) {
    if (!known.some(mount, before => isMountOrLess(mount, before))) return `the mount of volume ${nameOf(mount)}`
  }
  const uncovered = uncoveredMount(mounts, old)
  return uncovered === undefined
    ? undefined
    : `the mount of volume ${nameOf(uncovered)}, which hid a folder of another one,`
}

/** The name of an item of a list, quoted. */
export function nameOf(value: Json): string {
  return quote(getString(value, 'name') ?? '')
}

/** The old items of a list by what does not change of them: a list may be long, and is not gone through for each new item. */
export class KnownItems {
  readonly #byKey: ReadonlyMap<string, readonly Json[]>
  readonly #keyOf: (item: Json) => string

  constructor(items: readonly Json[], keyOf: (item: Json) => string) {
    this.#keyOf = keyOf
    this.#byKey = Map.groupBy(items, keyOf)
  }

  some(item: Json, fits: (before: Json) => boolean): boolean {
    // Of equal names a valid object has one: a few are enough, and nothing is gained by more.
    return (this.#byKey.get(this.#keyOf(item)) ?? []).slice(0, MOST_ALIKE).some(fits)
  }
}

const MOST_ALIKE = 4

/** Whether a mount is the old one, or the old one made read-only. */
function isMountOrLess(mount: Json, old: Json): boolean {
  if (deepEqual(mount, old)) return true
  if (!isObject(mount) || !isObject(old) || get(mount, 'readOnly') !== true) return false
  const { readOnly: _, recursiveReadOnly, ...rest } = mount
  const { readOnly: __, recursiveReadOnly: before, ...oldRest } = old
  return deepEqual(rest, oldRest) && (before === undefined || before === recursiveReadOnly)
}

function mountKey(mount: Json): string {
  return JSON.stringify([getString(mount, 'name'), getString(mount, 'mountPath')])
}

/** The first old mount that is gone although another one is mounted above it: what it hid is to be seen now. */
function uncoveredMount(mounts: readonly Json[], old: readonly Json[]): Json | undefined {
  const paths = new Set(mounts.map(mountedAt))
  return old.find(mount => {
    const path = mountedAt(mount)
    return !paths.has(path) && isBelowAny(path, paths)
  })
}

function isBelowAny(path: string, paths: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
    if (paths.has(path.slice(0, end))) return true
  return false
}

/** Where a mount stands in its container, without slashes and dots that mean nothing. */
function mountedAt(mount: Json): string {
  const segments: string[] = []
  for (const segment of (getString(mount, 'mountPath') ?? '').split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}
