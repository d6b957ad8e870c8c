import type { Json } from '../../../json/value.ts'
import { isList, isObject } from '../../../json/value.ts'

/**
 * What a template computes with. Integers are bigints and floating-point numbers are numbers, as Go tells them apart;
 * null is Go's "no value".
 */
export type TemplateValue = null | boolean | string | bigint | number | readonly TemplateValue[] | TemplateMap | Struct

/** A map with string keys. */
export class TemplateMap {
  readonly entries: ReadonlyMap<string, TemplateValue>
  /** What a key stands for that is not there: `""` in a map of strings. */
  readonly missing: '' | null

  constructor(entries: ReadonlyMap<string, TemplateValue>, missing: '' | null) {
    this.entries = entries
    this.missing = missing
  }
}

/** A value with fixed fields; to ask for another is an error. */
export class Struct {
  readonly fields: ReadonlyMap<string, TemplateValue>

  constructor(fields: Readonly<Record<string, TemplateValue>>) {
    this.fields = new Map(Object.entries(fields))
  }
}

export function isTemplateList(value: TemplateValue): value is readonly TemplateValue[] {
  return Array.isArray(value)
}

/** The value of a parsed YAML text; undefined where it holds a number that was not read exactly. */
export function valueOfJson(json: Json): TemplateValue | undefined {
  if (typeof json === 'number') {
    if (!Number.isInteger(json)) return json
    return Number.isSafeInteger(json) ? BigInt(json) : undefined
  }
  if (isList(json)) {
    const items = json.map(valueOfJson)
    return items.every(item => item !== undefined) ? items : undefined
  }
  if (!isObject(json)) return json
  const entries = new Map<string, TemplateValue>()
  for (const key of Object.keys(json)) {
    const value = valueOfJson(json[key] ?? null)
    if (value === undefined) return undefined
    entries.set(key, value)
  }
  return new TemplateMap(entries, null)
}

/** What `if` and `and` take for true: everything but false, zero, no value and what is empty. */
export function isTrue(value: TemplateValue): boolean {
  if (value instanceof TemplateMap) return value.entries.size > 0
  if (value instanceof Struct) return true
  if (isTemplateList(value)) return value.length > 0
  return value !== null && value !== false && value !== '' && value !== 0n && value !== 0
}

/** What a value is called in messages. */
export function typeName(value: TemplateValue): string {
  if (value === null) return 'no value'
  if (isTemplateList(value)) return 'a list'
  if (value instanceof TemplateMap) return 'a map'
  if (value instanceof Struct) return 'a part of the pod'
  switch (typeof value) {
    case 'string':
      return 'a string'
    case 'boolean':
      return 'a boolean'
    default:
      return typeof value === 'bigint' ? 'an integer' : 'a float'
  }
}
