import { compareText } from '../../../admission/text.ts'
import { isTemplateList, Struct, TemplateMap, type TemplateValue } from './value.ts'

/** The text of a value as Go's `%v` writes it. `take` is told of every piece before it is made. */
export function textOf(value: TemplateValue, take: (characters: number) => void, isInside = false): string {
  if (typeof value === 'string') {
    take(value.length)
    return value
  }
  take(1)
  if (value === null) return isInside ? '<nil>' : '<no value>'
  if (typeof value === 'number') return floatText(value)
  if (isTemplateList(value)) return `[${value.map(item => textOf(item, take, true)).join(' ')}]`
  if (value instanceof TemplateMap) {
    const entries = [...value.entries].sort(([a], [b]) => compareText(a, b))
    return `map[${entries.map(([key, item]) => `${textOf(key, take)}:${textOf(item, take, true)}`).join(' ')}]`
  }
  if (value instanceof Struct) return `{${[...value.fields.values()].map(item => textOf(item, take, true)).join(' ')}}`
  return String(value)
}

/** Go's `%v` of a float64: the fewest digits, with an exponent below 1e-4 and from 1e6 on. */
export function floatText(value: number): string {
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (exponent >= -4 && exponent < 6) {
    const decimals = Math.max(0, mantissa.replace(/^-?\d\.?/, '').length - exponent)
    return value.toFixed(Math.min(100, decimals))
  }
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
