import type { MapDraft } from './list-drafts.ts'

/** What all annotations of an object may take together: keys and values, in bytes (`TotalAnnotationSizeLimitB`). */
export const MAX_ANNOTATIONS = 256 * 1024

/** Whether the pod stays valid with these annotations set. */
export function fits(annotations: MapDraft, entries: Readonly<Record<string, string>>): boolean {
  let size = 0
  const add = (key: string, value: unknown) => {
    size += utf8Length(key) + (typeof value === 'string' ? utf8Length(value) : 0)
  }
  const { original, added } = annotations
  for (const key of Object.keys(original)) {
    if (!added.has(key) && !Object.hasOwn(entries, key)) add(key, original[key])
  }
  for (const [key, value] of added) if (!Object.hasOwn(entries, key)) add(key, value)
  for (const [key, value] of Object.entries(entries)) add(key, value)
  return size <= MAX_ANNOTATIONS
}

/** The bytes of a text in UTF-8, without encoding it. */
function utf8Length(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) length += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1
  }
  return length
}
