import { quote } from '../../../admission/text.ts'
import { Fault } from './fault.ts'
import { NilInterface, NilPointer, Struct, TemplateMap, type TemplateValue, typeName } from './value.ts'

/** `.a.b` of a value, as Go evaluates it. Throws a Fault. */
export function follow(value: TemplateValue, path: readonly string[], offset: number): TemplateValue {
  let at = value
  for (const name of path) at = fieldOf(at, name, offset)
  return at
}

function fieldOf(value: TemplateValue, name: string, offset: number): TemplateValue {
  // What a map does not have has no fields either, and asking is no error.
  if (value === null) return null
  if (value instanceof TemplateMap) {
    const found = value.get(name)
    if (found !== undefined) return found
    // A missing annotation is empty, whichever way it is asked for; Go would write "<no value>".
    return value.hasStringKeys && !value.isNil ? '' : null
  }
  if (value instanceof Struct) {
    const found = memberOf(value, name)
    if (found !== undefined) return found
  }
  if (value instanceof NilPointer || value instanceof NilInterface) {
    throw new Fault(`${quote(`.${name}`)} is asked of a value that is missing`, offset)
  }
  throw new Fault(`${typeName(value)} has no field ${quote(`.${name}`)}`, offset)
}

function memberOf({ fields, embedded }: Struct, name: string): TemplateValue | undefined {
  const own = /^\p{Lu}/u.test(name) ? fields.get(name) : undefined
  if (own !== undefined) return own
  for (const part of embedded) {
    const value = fields.get(part)
    const found = value instanceof Struct ? memberOf(value, name) : undefined
    if (found !== undefined) return found
  }
  return undefined
}
