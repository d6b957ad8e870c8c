import { quote } from '../../../admission/text.ts'
import { Fault } from './fault.ts'

/** A number as it is written: an int, a float, or one that no int holds. */
export type NumberLiteral = bigint | number | { readonly overflow: string }

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
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
    const [escaped, end] = escapeAt(text, i, mark)
    content += escaped
    i = end
  }
  throw new Fault('the string is not closed', at)
}

function escapeAt(text: string, at: number, mark: string): readonly [string, end: number] {
  const letter = text[at + 1] ?? ''
  const simple = letter === mark ? mark : Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
  if (simple !== undefined) return [simple, at + 2]
  const coded = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/.exec(text.slice(at, at + 10))
  const [whole = '', hex, short, long, octal] = coded ?? []
  const code = octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8)
  // In a string `\xff` is a byte, which is no character; as a character constant it is U+00FF.
  const isByte = (hex !== undefined || octal !== undefined) && (mark === '"' || code > 0xff)
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

const LETTER_OR_DIGIT = /[\p{L}\p{Nd}_.]/u
const WRITTEN =
  /[-+]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][-+]?[\d_]*)?|0[oO][0-7_]*|0[bB][01_]*|[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?[\d_]*)?)/y
const HEX_FLOAT = /^0[xX](_?[\da-fA-F]+(?:_[\da-fA-F]+)*)?(?:\.([\da-fA-F]*(?:_[\da-fA-F]+)*))?[pP]([-+]?\d+)$/
const FLOAT = /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/
const INTEGER =
  /^(?:0[xX]((?:_?[\da-fA-F]+)+)|0[bB]((?:_?[01]+)+)|0[oO]((?:_?[0-7]+)+)|0((?:_?[0-7]+)+)|(0|[1-9]\d*(?:_\d+)*))$/
const INT_LIMIT = 2n ** 63n

/** An integer as a bigint, a floating-point number as a number, by Go's rules for what is written. */
export function numberAt(text: string, at: number): readonly [NumberLiteral, end: number] {
  WRITTEN.lastIndex = at
  const written = WRITTEN.exec(text)?.[0] ?? ''
  const end = at + written.length
  const bad = (why = 'bad number') => new Fault(`${why} ${quote(written || (text[at] ?? ''))}`, at)
  if (LETTER_OR_DIGIT.test(text[end] ?? '')) {
    throw text[end] === 'i' ? bad('complex numbers are not supported:') : bad()
  }
  if (/[-+]/.test(text[end] ?? '') || written.length > 100) throw bad()
  const [, sign = '', magnitude = ''] = /^([-+]?)(.*)$/.exec(written) ?? []
  const integer = integerOf(magnitude)
  if (integer !== undefined) {
    const value = sign === '-' ? -integer : integer
    // As Go has it: behind a sign the letter e of a hexadecimal number makes it a float.
    if (sign !== '' && /e/i.test(magnitude)) return [Number(value), end]
    if (value < INT_LIMIT && value >= -INT_LIMIT) return [value, end]
    if (sign === '' && value < 2n * INT_LIMIT) return [{ overflow: written }, end]
    throw /[eE]/.test(magnitude) ? bad() : bad('the integer is too large:')
  }
  const float = FLOAT.test(magnitude) ? Number(magnitude) : hexFloat(magnitude)
  if (float === undefined || !Number.isFinite(float)) throw bad()
  if (!/[.eEpP]/.test(written)) throw bad('the integer is too large:')
  return [sign === '-' ? -float : float, end]
}

function integerOf(magnitude: string): bigint | undefined {
  const [, hex, binary, octal, oldOctal, decimal] = INTEGER.exec(magnitude) ?? []
  const digits = (text: string) => text.replaceAll('_', '')
  if (hex !== undefined) return BigInt(`0x${digits(hex)}`)
  if (binary !== undefined) return BigInt(`0b${digits(binary)}`)
  if (octal !== undefined || oldOctal !== undefined) return BigInt(`0o${digits(octal ?? oldOctal ?? '0')}`)
  return decimal === undefined ? undefined : BigInt(digits(decimal))
}

/** `0x1.8p1`: hexadecimal digits times a power of two. At most 52 bits are written here, so nothing is rounded. */
function hexFloat(magnitude: string): number | undefined {
  const [whole, before = '', after = '', exponent = '0'] = HEX_FLOAT.exec(magnitude) ?? []
  const digits = (before + after).replaceAll('_', '')
  if (whole === undefined || digits === '' || digits.length > 13) return undefined
  const fraction = after.replaceAll('_', '').length
  return Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * fraction)
}
