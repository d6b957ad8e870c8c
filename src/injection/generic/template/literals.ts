import { quote } from '../../../admission/text.ts'
import { Fault } from './fault.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** A character constant such as `'a'`: its code point. */
export function characterAt(text: string, at: number): readonly [bigint, end: number] {
  const [content, end] = quotedAt(text, at, "'")
  const code = content.codePointAt(0)
  if (code === undefined || String.fromCodePoint(code) !== content) {
    throw new Fault('a character constant must hold one character', at)
  }
  return [BigInt(code), end]
}

/** A string in double quotes, with Go's escapes. */
export function quotedAt(text: string, at: number, mark = '"'): readonly [string, end: number] {
  let content = ''
  for (let i = at + 1; i < text.length; ) {
    const character = text[i] ?? ''
    if (character === mark) return [content, i + 1]
    if (character === '\n') break
    if (character !== '\\') {
      content += character
      i++
      continue
    }
    const [escaped, end] = escapeAt(text, i)
    content += escaped
    i = end
  }
  throw new Fault('the string is not closed', at)
}

function escapeAt(text: string, at: number): readonly [string, end: number] {
  const letter = text[at + 1] ?? ''
  const simple = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
  if (simple !== undefined) return [simple, at + 2]
  const coded = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/.exec(text.slice(at, at + 10))
  const [whole = '', hex, short, long, octal] = coded ?? []
  const code = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8)
  const isByte = hex !== undefined || octal !== undefined
  if (Number.isNaN(code) || code > 0x10ffff || (isByte && code > 0x7f) || (code >= 0xd800 && code <= 0xdfff)) {
    throw new Fault(`unknown escape ${quote(whole || text.slice(at, at + 2))} in a string`, at)
  }
  return [String.fromCodePoint(code), at + whole.length]
}

/** A string in backquotes: nothing in it is special. */
export function rawAt(text: string, at: number): readonly [string, end: number] {
  const end = text.indexOf('`', at + 1)
  if (end < 0) throw new Fault('the string is not closed', at)
  return [text.slice(at + 1, end).replaceAll('\r', ''), end + 1]
}

const NUMBER = /[-+]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)/y
const INT_LIMIT = 2n ** 63n

/** An integer as a bigint, a floating-point number as a number. */
export function numberAt(text: string, at: number): readonly [bigint | number, end: number] {
  NUMBER.lastIndex = at
  const written = NUMBER.exec(text)?.[0] ?? ''
  const end = at + written.length
  const bad = () => new Fault(`bad number ${quote(written || (text[at] ?? ''))}`, at)
  if (written === '' || /[\p{L}\p{N}_.]/u.test(text[end] ?? '')) throw bad()
  const digits = written.replaceAll('_', '')
  const [, sign = '', magnitude = ''] = /^([-+]?)(.*)$/.exec(digits) ?? []
  if (/^(?:0[xXbBoO].+|\d+)$/.test(magnitude)) {
    const isOldOctal = /^0\d+$/.test(magnitude)
    if (magnitude.length > 70 || (isOldOctal && /[89]/.test(magnitude))) throw bad()
    const value = BigInt(isOldOctal ? `0o${magnitude.slice(1)}` : magnitude) * (sign === '-' ? -1n : 1n)
    if (value >= INT_LIMIT || value < -INT_LIMIT) throw bad()
    return [value, end]
  }
  const value = Number(digits)
  if (!Number.isFinite(value)) throw bad()
  return [value, end]
}
