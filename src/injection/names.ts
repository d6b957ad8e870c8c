import { getString, type JsonObject } from '../json/value.ts'

/** The name of a container, volume, variable or secret; `''` where it has none. */
export function nameOf(item: JsonObject): string {
  return getString(item, 'name') ?? ''
}

/** Where a volume is mounted, as the kubelet understands it. */
export function mountPathOf(mount: JsonObject): string {
  return cleanPath(getString(mount, 'mountPath') ?? '')
}

/** What nearly every path looks like: no segment is empty or begins with a dot. */
const CLEAN = /^(?:\/[^/.][^/]*)+$/

/** A mount path as the kubelet cleans it: no doubled slashes, no dots, none at the end. */
export function cleanPath(path: string): string {
  if (CLEAN.test(path)) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
