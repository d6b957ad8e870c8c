import type { Segment } from '../json/pointer.ts'
import { get, isObject, type Json, type JsonObject } from '../json/value.ts'
import { Lookup } from './lookup.ts'
import { nameOf } from './names.ts'
import type { PatchWriter } from './patch.ts'

/** A map of strings: labels or annotations. */
export class MapDraft {
  readonly #path: readonly Segment[]
  readonly #original: Json | undefined
  readonly #added = new Map<string, string>()

  constructor(path: readonly Segment[], original: Json | undefined) {
    this.#path = path
    this.#original = original
  }

  /** The value of a key; undefined where it is absent. A null is the empty text, as Go reads it in a map of strings. */
  get(key: string): Json | undefined {
    const original = get(this.#original, key)
    return this.#added.get(key) ?? (original === null ? '' : original)
  }

  /** The entries of the pod itself, without what was added. */
  get original(): JsonObject {
    return isObject(this.#original) ? this.#original : {}
  }

  /** Every entry that is a string, or null, added ones included. */
  strings(): Readonly<Record<string, string>> {
    const own = Object.keys(this.original)
      .map(key => [key, this.get(key)] as const)
      .filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string')
    return Object.fromEntries([...own, ...this.#added])
  }

  /** The entries that were added. */
  get added(): ReadonlyMap<string, string> {
    return this.#added
  }

  set(key: string, value: string): void {
    this.#added.set(key, value)
  }

  write(writer: PatchWriter): void {
    for (const [key, value] of this.#added) writer.addKey(this.#path, key, value)
  }
}

/** A list whose elements have names: only ever appended to. */
export class NamedListDraft {
  readonly #path: readonly Segment[]
  readonly #elements: Lookup

  constructor(path: readonly Segment[], original: readonly Json[]) {
    this.#path = path
    this.#elements = new Lookup(original, nameOf)
  }

  find(name: string): JsonObject | undefined {
    return this.#elements.get(name)
  }

  append(value: JsonObject): void {
    this.#elements.add(value)
  }

  write(writer: PatchWriter): void {
    for (const value of this.#elements.added) writer.addElement(this.#path, 'end', value)
  }
}
