/**
 * What a template computes with: the values that Go's `text/template` meets here, with the types that Go tells apart.
 * A bigint is an `int`, a number a `float64`, null is no value at all ("untyped nil").
 */
export type TemplateValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | NilInterface
  | NilPointer
  | Sized
  | Named
  | TemplateList
  | TemplateMap
  | Struct

/** The element of a list, or the value of a map, that is null: unlike a missing one, it has no fields to ask for. */
export class NilInterface {
  readonly isNil = true
}

/** The one of them. */
export const NIL_ITEM = new NilInterface()

/** A pointer of the pod that points at nothing. */
export class NilPointer {
  readonly type: string
  /** How Go prints it: `<nil>`, or what its own String method says. */
  readonly text: string

  constructor(type: string, text = '<nil>') {
    this.type = type
    this.text = text
  }

  /** Whether its type has a method that writes it. */
  get hasMethods(): boolean {
    return this.type.startsWith('*v1.') && this.type !== '*v1.PreemptionPolicy'
  }
}

/** An integer of another type than int: `uint8`, `int64`, `uint64`. */
export class Sized {
  readonly type: string
  readonly value: bigint

  constructor(type: string, value: bigint) {
    this.type = type
    this.value = value
  }

  get isUnsigned(): boolean {
    return this.type.startsWith('u')
  }
}

/** A string of another type than string, such as `v1.DNSPolicy`. */
export class Named {
  readonly type: string
  readonly text: string

  constructor(type: string, text: string) {
    this.type = type
    this.text = text
  }
}

/** A slice of Go: `items`, and behind them what else its array holds, up to its capacity. */
export class TemplateList {
  readonly type: string
  readonly items: readonly TemplateValue[]
  readonly behind: readonly TemplateValue[]
  readonly isNil: boolean

  constructor(type: string, items: readonly TemplateValue[], behind: readonly TemplateValue[] = [], isNil = false) {
    this.type = type
    this.items = items
    this.behind = behind
    this.isNil = isNil
  }
}

/** The keys that a map can have here. */
export type MapKey = null | boolean | string | bigint | number | Sized

/** A map, with its keys in the order in which Go prints and ranges over them. */
export class TemplateMap {
  readonly type: string
  readonly isNil: boolean
  readonly entries: readonly (readonly [MapKey, TemplateValue])[]
  readonly #byKey: ReadonlyMap<string, TemplateValue>

  constructor(type: string, entries: Iterable<readonly [MapKey, TemplateValue]>, isNil = false) {
    this.type = type
    this.isNil = isNil
    this.entries = [...entries].sort(([a], [b]) => compareKeys(a, b))
    this.#byKey = new Map(this.entries.map(([key, value]) => [identityOf(key), value]))
  }

  /** Whether its keys are strings, and not just anything. */
  get hasStringKeys(): boolean {
    return this.type.startsWith('map[string]')
  }

  /** Undefined if there is no such key. */
  get(key: MapKey): TemplateValue | undefined {
    return this.#byKey.get(identityOf(key))
  }
}

/** A struct of the pod. */
export class Struct {
  readonly type: string
  readonly fields: ReadonlyMap<string, TemplateValue>
  /** The fields whose own fields it has too. */
  readonly embedded: readonly string[]
  /** What its own methods write for `%v` and `%#v`; undefined if it has none. */
  readonly texts: { readonly plain: string; readonly go: string } | undefined

  constructor(
    type: string,
    fields: ReadonlyMap<string, TemplateValue>,
    embedded: readonly string[] = [],
    texts: Struct['texts'] = undefined,
  ) {
    this.type = type
    this.fields = fields
    this.embedded = embedded
    this.texts = texts
  }
}

/** Text, whatever type of string it has; undefined for what is no string. */
export function stringOf(value: TemplateValue): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Named ? value.text : undefined
}

/** An integer of any type; undefined for what is none. */
export function integerOf(value: TemplateValue): bigint | undefined {
  if (typeof value === 'bigint') return value
  return value instanceof Sized ? value.value : undefined
}

/** Forgets that a value came out of a list or map: what is null there is no value. */
export function unwrap(value: TemplateValue): TemplateValue {
  return value instanceof NilInterface ? null : value
}

/** What `if` and `and` take for true: everything but false, zero, nil, no value and what is empty. */
export function isTrue(value: TemplateValue): boolean {
  if (value instanceof TemplateList) return value.items.length > 0
  if (value instanceof TemplateMap) return value.entries.length > 0
  if (value instanceof Struct) return true
  if (value === null || value instanceof NilInterface || value instanceof NilPointer) return false
  if (value instanceof Sized) return value.value !== 0n
  if (value instanceof Named) return value.text !== ''
  return value !== false && value !== '' && value !== 0n && value !== 0
}

/** The type as Go writes it. */
export function goType(value: TemplateValue): string {
  if (value === null || value instanceof NilInterface) return '<nil>'
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'float64'
    default:
      return value.type
  }
}

/** What a value is called in messages. */
export function typeName(value: TemplateValue): string {
  if (value === null || value instanceof NilInterface) return 'no value'
  if (value instanceof TemplateList) return 'a list'
  if (value instanceof TemplateMap) return 'a map'
  if (value instanceof Struct) return 'a part of the pod'
  if (value instanceof NilPointer) return 'a part that the pod does not have'
  if (stringOf(value) !== undefined) return 'a string'
  if (integerOf(value) !== undefined) return 'an integer'
  return typeof value === 'boolean' ? 'a boolean' : 'a float'
}

/** By code point, which is the order of the UTF-8 bytes; code units would put U+FFFD behind an emoji. */
export function compareBytes(a: string, b: string): number {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  // Both may end in the second half of a pair whose first half is the same.
  if (i > 0 && isLowSurrogate(a, i) && isLowSurrogate(b, i)) i--
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1)
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff
}

/** Types of keys in the order in which a program of Go sorts them: by where the linker puts the types. */
function rankOf(key: MapKey): number {
  if (key === null) return 0
  if (typeof key === 'string') return 1
  if (key instanceof Sized) return 2
  if (typeof key === 'bigint') return 3
  return typeof key === 'number' ? 4 : 5
}

function compareKeys(a: MapKey, b: MapKey): number {
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b)
  const [left, right] = [a instanceof Sized ? a.value : a, b instanceof Sized ? b.value : b]
  if (typeof left === 'number' && Number.isNaN(left)) return typeof right === 'number' && Number.isNaN(right) ? 0 : -1
  return Number(left ?? 0) === Number(right ?? 0) ? 0 : (left ?? 0) < (right ?? 0) ? -1 : 1
}

function identityOf(key: MapKey): string {
  if (typeof key === 'string') return `s${key}`
  return key instanceof Sized ? `${key.type} ${key.value}` : `${typeof key} ${key}`
}
