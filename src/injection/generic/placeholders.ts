import type { Json } from '../../json/value.ts'
import { isList, isObject } from '../../json/value.ts'

/** A stretch of a string: its own text, or the number of what stands there instead. */
export type Stretch = { readonly text: string } | { readonly index: number }

/**
 * Words of letters and digits that stand for something else while a text is read as YAML: to YAML they are plain text,
 * whatever they stand for.
 */
export class Placeholders {
  readonly #prefix: string
  readonly #pattern: RegExp

  /** @param text the words do not occur in it. */
  constructor(text: string) {
    let prefix = 'template'
    while (text.includes(prefix)) prefix += 'x'
    this.#prefix = prefix
    this.#pattern = new RegExp(`${prefix}(\\d{1,9})z`, 'g')
  }

  word(index: number): string {
    return `${this.#prefix}${index}z`
  }

  isIn(text: string): boolean {
    return text.includes(this.#prefix)
  }

  /** Whether any string of the value, or any key, holds one. */
  isAnywhereIn(value: Json): boolean {
    if (typeof value === 'string') return this.isIn(value)
    if (isList(value)) return value.some(item => this.isAnywhereIn(item))
    if (!isObject(value)) return false
    return Object.keys(value).some(key => this.isIn(key) || this.isAnywhereIn(value[key] ?? null))
  }

  split(text: string): readonly Stretch[] {
    const stretches: Stretch[] = []
    let at = 0
    for (const match of text.matchAll(this.#pattern)) {
      if (match.index > at) stretches.push({ text: text.slice(at, match.index) })
      stretches.push({ index: Number(match[1]) })
      at = match.index + match[0].length
    }
    if (at < text.length) stretches.push({ text: text.slice(at) })
    return stretches
  }
}
