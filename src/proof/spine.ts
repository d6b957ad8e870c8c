import { parseIndex } from '../json/pointer.ts'
import { isList, isObject, type Json, type JsonObject } from '../json/value.ts'

type Node = JsonObject | readonly Json[]

/** A document of which only those objects and lists are copied that something is written to. */
export class Spine {
  readonly root: JsonObject
  /** Where each copy came from. */
  readonly #originals = new Map<Node, Node>()

  constructor(document: JsonObject) {
    this.root = { ...document }
    this.#originals.set(this.root, document)
  }

  /** What a node of the result was copied from; undefined where it is no copy. */
  originalOf(node: Node): Node | undefined {
    return this.#originals.get(node)
  }

  /** The object or list at `segments`, copied with everything above it; undefined where there is none. */
  own(segments: readonly string[]): Node | undefined {
    let at: Node = this.root
    for (const segment of segments) {
      const key: string | number | undefined = isList(at) ? parseIndex(segment) : segment
      if (key === undefined || !Object.hasOwn(at, key)) return undefined
      const child: Json | undefined = (at as Readonly<Record<string | number, Json>>)[key]
      if (!isList(child) && !isObject(child)) return undefined
      at = this.#originals.has(child) ? child : this.#copy(at, key, child)
    }
    return at
  }

  #copy(parent: Node, key: string | number, child: Node): Node {
    const copy: Node = isList(child) ? [...child] : { ...child }
    if (key !== '__proto__') (parent as Record<string | number, Node>)[key] = copy
    // A spread keeps an own `__proto__`, and so does a definition; an assignment would not.
    else Object.defineProperty(parent, key, { value: copy, writable: true, enumerable: true, configurable: true })
    this.#originals.set(copy, child)
    return copy
  }
}
