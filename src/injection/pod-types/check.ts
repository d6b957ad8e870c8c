import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { isList, isObject, type Json } from '../../json/value.ts'
import type { ValueProblem } from '../../policy/problems.ts'
import { suggest } from '../../policy/suggest.ts'
import { mismatch } from './mismatch.ts'
import { type FieldType, typeAt } from './types.ts'

/** What the API server would refuse, and what it may not know. */
export interface TypeCheck {
  readonly problems: readonly ValueProblem[]
  /** Unknown fields: newer than the table, or misspelt. */
  readonly warnings: readonly ValueProblem[]
}

/**
 * Holds a value against its type, strictly, as the API server's decoder would. Null counts as absent, but for an element
 * of a list. What stands under unknown fields is not looked at. Pointers begin with `base`.
 */
export function problemsIn(value: Json, type: FieldType, base: Pointer = ''): TypeCheck {
  const found = { problems: [] as ValueProblem[], warnings: [] as ValueProblem[] }
  check(value, type, base, found)
  return found
}

interface Found {
  readonly problems: ValueProblem[]
  readonly warnings: ValueProblem[]
}

function check(value: Json, type: FieldType, pointer: Pointer, found: Found): void {
  const message = mismatch(value, type)
  if (message !== undefined) {
    found.problems.push({ pointer, part: 'value', message })
    return
  }
  if (type.kind === 'list' && isList(value)) {
    for (const [index, item] of value.entries()) check(item, type.of, append(pointer, index), found)
  } else if ((type.kind === 'map' || type.kind === 'object') && isObject(value)) {
    for (const key of Object.keys(value)) {
      const item = value[key] ?? null
      if (type.kind === 'object' && !type.fields.has(key)) found.warnings.push(unknownField(key, type.fields, pointer))
      else if (item !== null) check(item, typeAt(type, key), append(pointer, key), found)
    }
  }
}

function unknownField(key: string, fields: ReadonlyMap<string, FieldType>, pointer: Pointer): ValueProblem {
  const message = `unknown field ${quote(key)}${suggest(key, [...fields.keys()])}: it is passed on as it is`
  return { pointer: append(pointer, key), part: 'key', message }
}
