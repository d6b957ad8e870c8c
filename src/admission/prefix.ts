import type { ReviewIdentity } from './parse.ts'
import { REVIEW_VERSION } from './parse.ts'

/** Longer strings are no uid; a hostile prefix must not cost more than this per string. */
const MAX_STRING = 1024

/**
 * Reads uid, apiVersion and kind from the first bytes of an AdmissionReview that is cut off, too large or no JSON at
 * all further on. Only `request.uid` at its own place counts: a `uid` inside the object is somebody else's.
 *
 * @returns undefined where the prefix does not reach the uid.
 */
export function identityFromPrefix(prefix: string): ReviewIdentity | undefined {
  const found: { uid?: string; apiVersion?: string; kind?: string } = {}
  const path: (string | undefined)[] = []
  const isList: boolean[] = []
  let key: string | undefined
  for (let at = 0; at < prefix.length; at++) {
    const character = prefix[at]
    if (character === '"') {
      const end = endOfString(prefix, at)
      if (end === undefined) break
      const follows = /^[\t\n\r ]*:/.test(prefix.slice(end + 1, end + 33))
      const text = readString(prefix, at, end)
      if (follows && !isList.at(-1) && key === undefined) key = text
      else {
        note(found, path, key, text)
        key = undefined
      }
      at = end
    } else if (character === '{' || character === '[') {
      path.push(key)
      isList.push(character === '[')
      key = undefined
      if (path.length > 200) break
    } else if (character === '}' || character === ']') {
      path.pop()
      isList.pop()
      key = undefined
    } else if (character === ',') key = undefined
    // An object comes after the uid and may be large: nothing in it counts.
    if (found.uid !== undefined && found.apiVersion !== undefined && found.kind !== undefined) break
  }
  if (!found.uid) return undefined
  return { uid: found.uid, apiVersion: found.apiVersion ?? REVIEW_VERSION, kind: found.kind ?? 'AdmissionReview' }
}

function note(
  found: { uid?: string; apiVersion?: string; kind?: string },
  path: readonly (string | undefined)[],
  key: string | undefined,
  text: string | undefined,
): void {
  if (text === undefined) return
  if (path.length === 2 && path[1] === 'request' && key === 'uid') found.uid = text
  if (path.length === 1 && (key === 'apiVersion' || key === 'kind')) found[key] = text
}

/** The index of the closing quote of the string that opens at `start`; undefined where the text ends before. */
function endOfString(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return undefined
}

function readString(text: string, start: number, end: number): string | undefined {
  if (end - start > MAX_STRING) return undefined
  try {
    const value: unknown = JSON.parse(text.slice(start, end + 1))
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
