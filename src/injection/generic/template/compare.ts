import {
  compareBytes,
  goType,
  integerOf,
  NilInterface,
  NilPointer,
  Sized,
  Struct,
  stringOf,
  TemplateList,
  TemplateMap,
  type TemplateValue,
  typeName,
  unwrap,
} from './value.ts'

/** The kinds that Go compares; undefined for what has an order with nothing. */
function basicKind(value: TemplateValue): 'bool' | 'int' | 'uint' | 'float' | 'string' | undefined {
  if (stringOf(value) !== undefined) return 'string'
  if (value instanceof Sized && value.isUnsigned) return 'uint'
  if (integerOf(value) !== undefined) return 'int'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'number' ? 'float' : undefined
}

/** Whether two values are equal as Go's `eq` has it. A string says why they cannot be compared. */
export function areEqual(left: TemplateValue, right: TemplateValue): boolean | string {
  const [a, b] = [unwrap(left), unwrap(right)]
  const [kindA, kindB] = [basicKind(a), basicKind(b)]
  const [intA, intB] = [integerOf(a), integerOf(b)]
  if (intA !== undefined && intB !== undefined) return intA === intB
  if (kindA !== kindB) return a === null || b === null ? false : incomparable(a, b)
  if (kindA === 'string') return stringOf(a) === stringOf(b)
  if (kindA !== undefined) return a === b
  if (a !== null && b !== null && reflectKind(a) !== reflectKind(b)) return incomparable(a, b)
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b)
  return b instanceof Struct && b.texts !== undefined
    ? a instanceof Struct && a.type === b.type
    : `${typeName(b)} cannot be compared`
}

function reflectKind(value: TemplateValue): string {
  if (value instanceof TemplateList) return 'slice'
  if (value instanceof TemplateMap) return 'map'
  return value instanceof NilPointer ? 'pointer' : 'struct'
}

function isNil(value: TemplateValue): boolean {
  if (value === null || value instanceof NilInterface || value instanceof NilPointer) return true
  return (value instanceof TemplateList || value instanceof TemplateMap) && value.isNil
}

function incomparable(a: TemplateValue, b: TemplateValue): string {
  const [nameA, nameB] = [typeName(a), typeName(b)]
  const [first, second] = nameA === nameB ? [goType(a), goType(b)] : [nameA, nameB]
  return `${first} cannot be compared with ${second}`
}

/** Whether `left` comes before `right`, as Go's `lt` has it. A string says why they have no order. */
export function isLess(left: TemplateValue, right: TemplateValue): boolean | string {
  const [a, b] = [unwrap(left), unwrap(right)]
  for (const value of [a, b]) if (basicKind(value) === undefined) return `${typeName(value)} has no order`
  const [intA, intB] = [integerOf(a), integerOf(b)]
  if (intA !== undefined && intB !== undefined) return intA < intB
  const [textA, textB] = [stringOf(a), stringOf(b)]
  if (textA !== undefined && textB !== undefined) return compareBytes(textA, textB) < 0
  if (typeof a === 'number' && typeof b === 'number') return a < b
  return typeof a === 'boolean' && typeof b === 'boolean' ? 'a boolean has no order' : incomparable(a, b)
}
