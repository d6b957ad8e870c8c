import { quote } from '../../admission/text.ts'
import { isList, isObject, type Json } from '../../json/value.ts'
import { type MutableObject, setMember } from '../../yaml/members.ts'
import { plainValue } from '../../yaml/scalar.ts'
import { expected, mismatch } from '../pod-types/mismatch.ts'
import { type FieldType, typeAt } from '../pod-types/types.ts'
import { Fault } from './template/fault.ts'

/** What a string with templates in it says for this pod, and where it stands; undefined for a string without any. */
export type Render = (text: string) => { readonly text: string; readonly offset: number } | undefined

/**
 * `value` with its templates rendered, undefined where nothing is left of it. What a template gives is one scalar: text
 * where a string belongs, whatever it looks like; elsewhere what YAML makes of it, and nothing where it is empty. Throws
 * a Fault.
 */
export function fill(value: Json, type: FieldType, render: Render): Json | undefined {
  if (typeof value === 'string') {
    const rendered = render(value)
    return rendered === undefined ? value : scalarOf(rendered.text, type, rendered.offset)
  }
  if (isList(value)) {
    const of = type.kind === 'list' ? type.of : ({ kind: 'any' } as const)
    return value.flatMap((item): Json[] => {
      const filled = fill(item, of, render)
      return filled === undefined ? [] : [filled]
    })
  }
  if (!isObject(value)) return value
  const result: MutableObject = {}
  for (const key of Object.keys(value)) {
    const filled = fill(value[key] ?? null, typeAt(type, key), render)
    if (filled !== undefined) setMember(result, key, filled)
  }
  return result
}

function scalarOf(text: string, type: FieldType, offset: number): Json | undefined {
  if (type.kind === 'string' || type.kind === 'any') return text
  const value = plainValue(text.trim())
  if (value === null) return undefined
  if (type.kind === 'list' || type.kind === 'map' || type.kind === 'object') {
    throw new Fault(`${expected(type)} belongs here, and a template only gives text: ${quote(text)}`, offset)
  }
  const isNumberOrText = type.kind === 'quantity' || (type.kind === 'intOrString' && !Number.isInteger(value))
  const scalar = isNumberOrText ? text : value
  const message = mismatch(scalar, type)
  if (message !== undefined) throw new Fault(`the template gives ${quote(text)}: ${message}`, offset)
  return scalar
}
