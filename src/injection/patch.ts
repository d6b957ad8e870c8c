import type { AddOperation } from '../json/patch.ts'
import { append, type Pointer, pointerOf, type Segment } from '../json/pointer.ts'
import { isList, isObject, type Json, type JsonObject } from '../json/value.ts'

/**
 * Writes a patch that only adds, one operation for each key or element. A parent that is missing or null is created
 * once, with its first entry; a parent that exists is never written.
 */
export class PatchWriter {
  readonly #document: JsonObject
  readonly #operations: AddOperation[] = []
  /** Parents that an earlier operation of this patch created. */
  readonly #created = new Set<Pointer>()

  constructor(document: JsonObject) {
    this.#document = document
  }

  get operations(): readonly AddOperation[] {
    return this.#operations
  }

  /** Adds `key` to the object at `parents`. */
  addKey(parents: readonly Segment[], key: string, value: Json): void {
    this.#add(parents, key, value, { [key]: value })
  }

  /** Adds an element to the list at `parents`, before the one that has `index` by then, or at the end. */
  addElement(parents: readonly Segment[], index: number | 'end', value: Json): void {
    this.#add(parents, index === 'end' ? '-' : index, value, [value])
  }

  /** @param first what the parent is created as, where it has to be. */
  #add(parents: readonly Segment[], last: Segment, value: Json, first: Json): void {
    const depth = this.#existing(parents)
    if (depth === parents.length) {
      this.#operations.push({ op: 'add', path: append(pointerOf(parents), last), value })
      return
    }
    let created = first
    for (let i = parents.length - 1; i > depth; i--) created = { [String(parents[i])]: created }
    for (let i = depth + 1; i <= parents.length; i++) this.#created.add(pointerOf(parents.slice(0, i)))
    this.#operations.push({ op: 'add', path: pointerOf(parents.slice(0, depth + 1)), value: created })
  }

  /** How many of `parents` exist, in the document or by an earlier operation. */
  #existing(parents: readonly Segment[]): number {
    let at: Json | undefined = this.#document
    for (const [depth, segment] of parents.entries()) {
      at = memberOf(at, segment)
      if ((at === undefined || at === null) && !this.#created.has(pointerOf(parents.slice(0, depth + 1)))) return depth
    }
    return parents.length
  }
}

function memberOf(value: Json | undefined, segment: Segment): Json | undefined {
  if (isList(value)) return typeof segment === 'number' ? value[segment] : undefined
  return isObject(value) && Object.hasOwn(value, String(segment)) ? value[String(segment)] : undefined
}
