import { append, type Pointer } from '../json/pointer.ts'
import { get, isList, isObject, type Json } from '../json/value.ts'
import type { Range, YamlDocument } from '../yaml/document.ts'

/** kubectl keeps a copy of the whole manifest here, secrets included. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Where a document holds what nobody may read in a build log: `data` and `stringData` of Secrets, the `value` of
 * every entry of an `env`, and copies of whole manifests. In any depth and whatever the document's kind.
 *
 * @param hasAnchors whether the text gives names to nodes: then a secret may stand elsewhere than where it is used, and
 * every equal text is one too.
 */
export function secretRanges(document: YamlDocument, hasAnchors: boolean): readonly Range[] {
  const found: Found = { pointers: [], texts: new Set() }
  visit(document.value, '', found)
  if (hasAnchors && found.texts.size > 0) visitCopies(document.value, '', found)
  return found.pointers.map(pointer => document.locate(pointer))
}

interface Found {
  readonly pointers: Pointer[]
  readonly texts: Set<string>
}

function visit(value: Json, at: Pointer, found: Found): void {
  if (isList(value)) for (const [index, item] of value.entries()) visit(item, append(at, index), found)
  if (!isObject(value)) return
  const secretKeys = secretMapsOf(value)
  for (const [key, child] of Object.entries(value)) {
    const pointer = append(at, key)
    if (key === LAST_APPLIED) hide(child, pointer, found)
    else if (secretKeys.includes(key)) hideMembers(child, pointer, found)
    else if (key === 'env' && isList(child)) visitEnv(child, pointer, found)
    else if (get(value, 'kind') === 'SecretList' && key === 'items' && isList(child))
      visitSecrets(child, pointer, found)
    else visit(child, pointer, found)
  }
}

function secretMapsOf(value: Json): readonly string[] {
  return get(value, 'kind') === 'Secret' ? ['data', 'stringData'] : []
}

/** The items of a SecretList need not say that they are Secrets. */
function visitSecrets(items: readonly Json[], at: Pointer, found: Found): void {
  for (const [index, item] of items.entries()) {
    visit(isObject(item) ? { ...item, kind: 'Secret' } : item, append(at, index), found)
  }
}

function visitEnv(entries: readonly Json[], at: Pointer, found: Found): void {
  for (const [index, entry] of entries.entries()) {
    const pointer = append(at, index)
    if (!isObject(entry)) continue
    for (const [key, child] of Object.entries(entry)) {
      if (key === 'value') hide(child, append(pointer, key), found)
      else visit(child, append(pointer, key), found)
    }
  }
}

function hideMembers(value: Json, at: Pointer, found: Found): void {
  if (!isObject(value)) hide(value, at, found)
  else for (const [key, child] of Object.entries(value)) hide(child, append(at, key), found)
}

function hide(value: Json, at: Pointer, found: Found): void {
  found.pointers.push(at)
  collectTexts(value, found.texts)
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
