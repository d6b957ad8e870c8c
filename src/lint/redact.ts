import { append, type Pointer } from '../json/pointer.ts'
import { isList, isObject, type Json } from '../json/value.ts'
import { eachSecret } from '../workload/secrets.ts'
import type { Range, YamlDocument } from '../yaml/document.ts'

/**
 * Where a document holds what nobody may read in a build log; {@link eachSecret} says what that is.
 *
 * @param hasAnchors whether the text gives names to nodes: then a secret may stand elsewhere than where it is used, and
 * every equal text is one too.
 */
export function secretRanges(document: YamlDocument, hasAnchors: boolean): readonly Range[] {
  const found: Found = { pointers: [], texts: new Set() }
  eachSecret(document.value, '', (value, at) => {
    found.pointers.push(at)
    collectTexts(value, found.texts)
  })
  if (hasAnchors && found.texts.size > 0) visitCopies(document.value, '', found)
  return found.pointers.map(pointer => document.locate(pointer))
}

interface Found {
  readonly pointers: Pointer[]
  readonly texts: Set<string>
}

function collectTexts(value: Json, texts: Set<string>): void {
  if (isList(value)) for (const item of value) collectTexts(item, texts)
  else if (isObject(value)) for (const child of Object.values(value)) collectTexts(child, texts)
  else if (value !== null && value !== '') texts.add(String(value))
}

function visitCopies(value: Json, at: Pointer, found: Found): void {
  if (isList(value)) for (const [index, item] of value.entries()) visitCopies(item, append(at, index), found)
  else if (isObject(value)) {
    for (const [key, child] of Object.entries(value)) visitCopies(child, append(at, key), found)
  } else if (found.texts.has(String(value))) found.pointers.push(at)
}
