import { quote } from '../../admission/text.ts'
import { isList, isObject, type Json } from '../../json/value.ts'
import { parseQuantity } from '../quantity.ts'
import type { FieldType } from './types.ts'

const EXPECTED: Readonly<Record<FieldType['kind'], string>> = {
  string: 'a string',
  int: 'a whole number',
  bool: 'true or false',
  quantity: 'a quantity',
  intOrString: 'a whole number or a string',
  any: 'anything',
  list: 'a list',
  map: 'an object',
  object: 'an object',
}

/** What a type wants, in words: `a whole number`. */
export function expected(type: FieldType): string {
  return EXPECTED[type.kind]
}

/** Why `value` is not of the type, without looking into lists and objects; undefined where it is. */
export function mismatch(value: Json, type: FieldType): string | undefined {
  switch (type.kind) {
    case 'any':
      return undefined
    case 'string':
      return typeof value === 'string' ? undefined : `must be a string, not ${nameOf(value)}${quoteIt(value)}`
    case 'bool':
      return typeof value === 'boolean' ? undefined : wrong(value, type)
    case 'int':
      return typeof value === 'number' ? integerFault(value) : `${wrong(value, type)}${unquoteIt(value)}`
    case 'intOrString':
      if (typeof value === 'string') return undefined
      return typeof value === 'number' ? integerFault(value) : wrong(value, type)
    case 'quantity':
      return quantityFault(value) ?? undefined
    case 'list':
      return isList(value) ? undefined : wrong(value, type)
    default:
      return isObject(value) ? undefined : wrong(value, type)
  }
}

function wrong(value: Json, type: FieldType): string {
  return `must be ${expected(type)}, not ${nameOf(value)}`
}

function nameOf(value: Json): string {
  if (value === null) return 'null'
  if (isList(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function quoteIt(value: Json): string {
  return typeof value === 'number' || typeof value === 'boolean' ? ': quote it' : ''
}

function unquoteIt(value: Json): string {
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? ': leave the quotes out' : ''
}

function integerFault(value: number): string | undefined {
  if (!Number.isInteger(value)) return `must be a whole number, not ${value}`
  return Number.isSafeInteger(value) ? undefined : 'the number is too large to be passed on exactly'
}

function quantityFault(value: Json): string | undefined {
  if (typeof value === 'number') return undefined
  if (typeof value !== 'string') return `must be a quantity such as "100m" or "1Gi", not ${nameOf(value)}`
  return parseQuantity(value) === undefined ? `${quote(value)} is no quantity such as "100m" or "1Gi"` : undefined
}
