import { Fault } from './fault.ts'
import type { Call } from './functions.ts'
import {
  integerOf,
  type MapKey,
  Named,
  NilPointer,
  Sized,
  stringOf,
  TemplateList,
  TemplateMap,
  type TemplateValue,
  typeName,
  unwrap,
} from './value.ts'

/** `index x 1 2 3`: `x[1][2][3]` of maps, lists and the bytes of strings. Throws a Fault. */
export function index([collection = null, ...keys]: readonly TemplateValue[], call: Call): TemplateValue {
  let at = unwrap(collection)
  if (at === null) throw new Fault('index: there is no value to look into', call.offset)
  for (const given of keys) {
    const key = unwrap(given)
    at = unwrap(at)
    if (at === null || at instanceof NilPointer) throw new Fault('index: the value is missing', call.offset)
    if (at instanceof TemplateMap) at = entry(at, key, call)
    else if (at instanceof TemplateList) {
      at = at.items[position(key, at.items.length - 1, 'index', call)] ?? null
    } else if (stringOf(at) !== undefined) at = byteAt(stringOf(at) ?? '', key, call)
    else throw new Fault(`index: ${typeName(at)} has no elements`, call.offset)
  }
  return at
}

function entry(map: TemplateMap, key: TemplateValue, { offset }: Call): TemplateValue {
  if (map.hasStringKeys) {
    if (typeof key !== 'string') throw new Fault(`index: ${typeName(key)} is not a key of a map of texts`, offset)
    return map.get(key) ?? ''
  }
  // These are never keys of a map that was read from YAML, but Go may look them up.
  if (key instanceof NilPointer || key instanceof Named) return null
  if (!isMapKey(key)) throw new Fault(`index: ${typeName(key)} is not a key of a map`, offset)
  return map.get(key) ?? null
}

function isMapKey(value: TemplateValue): value is MapKey {
  return value === null || typeof value !== 'object' || value instanceof Sized
}

/** A position of 0 to `last`. */
function position(key: TemplateValue, last: number, name: string, { offset }: Call): number {
  const at = integerOf(key)
  if (at === undefined) throw new Fault(`${name}: ${typeName(key)} is not a position`, offset)
  if (at < 0n || at > BigInt(last)) throw new Fault(`${name}: ${at} is out of range; the last is ${last}`, offset)
  return Number(at)
}

function byteAt(text: string, key: TemplateValue, call: Call): TemplateValue {
  const bytes = bytesOf(text, call)
  return new Sized('uint8', BigInt(bytes[position(key, bytes.length - 1, 'index', call)] ?? 0))
}

function bytesOf(text: string, { offset, budget }: Call): Uint8Array {
  budget.copy(offset, text.length)
  return new TextEncoder().encode(text)
}

/** `slice x 1 2`: `x[1:2]` of lists, and of strings by their bytes. Throws a Fault. */
export function slice([given = null, ...ends]: readonly TemplateValue[], call: Call): TemplateValue {
  const value = unwrap(given)
  const text = stringOf(value)
  if (ends.length > 3) throw new Fault(`slice takes at most 4 arguments, not ${ends.length + 1}`, call.offset)
  if (text !== undefined) return sliceText(text, ends, call)
  if (!(value instanceof TemplateList)) throw new Fault(`slice: ${typeName(value)} has no parts`, call.offset)
  const all = [...value.items, ...value.behind]
  call.budget.step(call.offset, Math.ceil(all.length / 16))
  const [start, end, cap] = boundsOf(ends, value.items.length, all.length, call)
  return new TemplateList(value.type, all.slice(start, end), all.slice(end, cap), value.isNil)
}

function sliceText(text: string, ends: readonly TemplateValue[], call: Call): TemplateValue {
  if (ends.length === 3) throw new Fault('slice takes at most 3 arguments for a string, not 4', call.offset)
  const bytes = bytesOf(text, call)
  const [start, end] = boundsOf(ends, bytes.length, bytes.length, call)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end))
  } catch {
    throw new Fault('slice cuts a character in two: positions count the bytes of UTF-8', call.offset)
  }
}

function boundsOf(
  ends: readonly TemplateValue[],
  length: number,
  capacity: number,
  call: Call,
): readonly [start: number, end: number, capacity: number] {
  const [start = 0, end = length, cap = capacity] = ends.map(key => position(unwrap(key), capacity, 'slice', call))
  if (start > end || end > cap) throw new Fault(`slice: the positions ${start} to ${end} are not in order`, call.offset)
  return [start, end, cap]
}
