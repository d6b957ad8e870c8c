import { type Pointer, pointerOf } from '../json/pointer.ts'
import { get, isObject, type JsonObject } from '../json/value.ts'

/** One text of a ConfigMap. */
export interface ConfigMapText {
  readonly key: string
  readonly text: string
  readonly pointer: Pointer
}

/** Its pointer is written when it is asked for: of thousands of texts few are spoken of. */
class TextEntry implements ConfigMapText {
  readonly key: string
  readonly text: string
  readonly #field: string

  constructor(field: string, key: string, text: string) {
    this.#field = field
    this.key = key
    this.text = text
  }

  get pointer(): Pointer {
    return pointerOf([this.#field, this.key])
  }
}

/** The texts of a ConfigMap, those of `binaryData` too: a text may stand there as well. What is none is passed over. */
export function textsOf(configMap: JsonObject | null): readonly ConfigMapText[] {
  const texts: ConfigMapText[] = []
  for (const field of ['data', 'binaryData']) {
    const map = get(configMap ?? undefined, field)
    for (const [key, value] of isObject(map) ? Object.entries(map) : []) {
      const text = typeof value !== 'string' ? undefined : field === 'data' ? value : decoded(value)
      if (text !== undefined) texts.push(new TextEntry(field, key, text))
    }
  }
  return texts
}

/** In the order in which they share a budget: a long text, whatever is in it, does not keep the others from being read. */
export function shortestFirst(texts: readonly ConfigMapText[]): readonly ConfigMapText[] {
  return texts.toSorted((a, b) => a.text.length - b.text.length)
}

/**
 * What ASCII stands in base64; undefined where it is none, which the API server refuses. Nothing is thrown: a ConfigMap has room
 * for a hundred thousand texts that are none.
 */
function decoded(base64: string): string | undefined {
  const text = base64.replace(/[\t\n\f\r ]+/g, '')
  const [, data, padding] = /^([A-Za-z0-9+/]*)(={0,2})$/.exec(text) ?? []
  if (data === undefined || data.length % 4 === 1 || (padding !== '' && text.length % 4 !== 0)) return undefined
  return atob(text)
}
