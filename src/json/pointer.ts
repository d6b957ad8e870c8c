import { isList, isObject, type Json } from './value.ts'

/** A JSON Pointer (RFC 6901): `''` is the whole document, `/a~1b/0` the first element under the key `a/b`. */
export type Pointer = string

/** One step of a pointer: an object key or a list index. */
export type Segment = string | number

/** Escapes one segment: `~` becomes `~0` first, then `/` becomes `~1`; the other order would turn `/` into `~01`. */
export function escapeSegment(segment: Segment): string {
  if (typeof segment === 'number') return String(segment)
  return segment.includes('~') || segment.includes('/') ? segment.replaceAll('~', '~0').replaceAll('/', '~1') : segment
}

/** Builds a pointer from raw segments. Every pointer of the project comes from here. */
export function pointerOf(segments: Iterable<Segment>): Pointer {
  let pointer = ''
  for (const segment of segments) pointer += `/${escapeSegment(segment)}`
  return pointer
}

/** `base` extended by raw segments. */
export function append(base: Pointer, ...segments: readonly Segment[]): Pointer {
  return base + pointerOf(segments)
}

/**
 * The unescaped segments of a pointer, or undefined where it is not one (RFC 6901, section 3): it must be empty or
 * begin with `/`, and every `~` must be followed by `0` or `1`.
 */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) return undefined
  const segments = pointer.slice(1).split('/')
  if (!pointer.includes('~')) return segments
  if (/~(?![01])/.test(pointer)) return undefined
  return segments.map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** A list index as RFC 6901 writes it: digits without leading zeros. Undefined for anything else, `-` included. */
export function parseIndex(segment: string): number | undefined {
  return /^(?:0|[1-9]\d*)$/.test(segment) ? Number(segment) : undefined
}

/** The value that `pointer` names in `document`, or undefined where there is none. Own properties only. */
export function resolvePointer(document: Json, pointer: Pointer): Json | undefined {
  let at: Json | undefined = document
  for (const segment of parsePointer(pointer) ?? [undefined]) {
    if (segment === undefined) return undefined
    if (isList(at)) {
      const index = parseIndex(segment)
      at = index === undefined ? undefined : at[index]
    } else if (isObject(at) && Object.hasOwn(at, segment)) at = at[segment]
    else return undefined
  }
  return at
}
