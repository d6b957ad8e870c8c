import { TemplateMap, type TemplateValue, typeName } from './value.ts'

/** Whether two values are equal as Go's `eq` has it; a string says why they cannot be compared. */
export function areEqual(a: TemplateValue, b: TemplateValue): boolean | string {
  for (const value of [a, b]) {
    if (value instanceof TemplateMap || (typeof value === 'object' && value !== null)) {
      return `${typeName(value)} cannot be compared`
    }
  }
  if (a === null || b === null) return a === b
  return typeof a === typeof b ? a === b : `${typeName(a)} cannot be compared with ${typeName(b)}`
}

/** Whether `a` comes before `b`, as Go's `lt` has it; a string says why that cannot be said. */
export function isLess(a: TemplateValue, b: TemplateValue): boolean | string {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b) < 0
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b
  if (typeof a === 'number' && typeof b === 'number') return a < b
  return `${typeName(a)} cannot be compared with ${typeName(b)}`
}

/** By code point, which is the order of the UTF-8 bytes; code units would put U+FFFD behind an emoji. */
function compareBytes(a: string, b: string): number {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1)
}
