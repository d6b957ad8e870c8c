import { isObject, type Json, type JsonObject } from '../json/value.ts'

/** Longer lists get an index; to look through a shorter one costs less. */
const SHORT = 32

/** Finds the first element of a list that has a given key; elements that are no objects are passed over. */
export class Lookup {
  readonly #list: readonly Json[]
  readonly #keyOf: (item: JsonObject) => string
  readonly #added: JsonObject[] = []
  #index: Map<string, JsonObject> | undefined

  constructor(list: readonly Json[], keyOf: (item: JsonObject) => string) {
    this.#list = list
    this.#keyOf = keyOf
  }

  /** The elements that were added. */
  get added(): readonly JsonObject[] {
    return this.#added
  }

  get(key: string): JsonObject | undefined {
    if (this.#list.length + this.#added.length > SHORT) return this.#indexed().get(key)
    const hasKey = (item: Json): item is JsonObject => isObject(item) && this.#keyOf(item) === key
    return this.#list.find(hasKey) ?? this.#added.find(hasKey)
  }

  add(item: JsonObject): void {
    this.#added.push(item)
    const key = this.#keyOf(item)
    if (this.#index?.has(key) === false) this.#index.set(key, item)
  }

  #indexed(): Map<string, JsonObject> {
    if (this.#index !== undefined) return this.#index
    const index = new Map<string, JsonObject>()
    for (const item of [...this.#list, ...this.#added]) {
      const key = isObject(item) ? this.#keyOf(item) : undefined
      if (isObject(item) && key !== undefined && !index.has(key)) index.set(key, item)
    }
    this.#index = index
    return index
  }
}
