import { type Flags, padded, paddingFor } from './flags.ts'
import { goQuote, isPrintable } from './quote.ts'

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, x: 16, X: 16, d: 10, v: 10 }
const PREFIXES: Readonly<Record<number, string>> = { 2: '0b', 16: '0x' }
const LARGEST_RUNE = 0x10ffffn
const WORD = 2n ** 64n

/** An integer as `fmt` writes it; undefined for a verb that does not take integers. */
export function formatInteger(value: bigint, isUnsigned: boolean, verb: string, flags: Flags): string | undefined {
  switch (verb) {
    case 'c':
      return padded(runeOf(value), flags)
    case 'q':
      return padded(goQuote(runeOf(value), flags.plus, "'"), flags)
    case 'U':
      return unicode(value, flags)
    default:
  }
  const base = BASES[verb]
  if (base === undefined) return undefined
  if (verb === 'v' && flags.sharpV && isUnsigned) return digits(value, 16, 'v', { ...flags, sharp: true })
  return digits(value, base, verb, flags)
}

function runeOf(value: bigint): string {
  const isRune = value >= 0n && value <= LARGEST_RUNE && (value < 0xd800n || value > 0xdfffn)
  return isRune ? String.fromCodePoint(Number(value)) : '\uFFFD'
}

function digits(value: bigint, base: number, verb: string, flags: Flags): string {
  const isNegative = value < 0n
  const magnitude = isNegative ? -value : value
  if (flags.precision === 0 && magnitude === 0n) return paddingFor(0, { ...flags, zero: false })
  let least = flags.precision ?? 0
  if (flags.precision === undefined && flags.zero && !flags.minus && flags.width !== undefined) {
    least = flags.width - (isNegative || flags.plus || flags.space ? 1 : 0)
  }
  let text = magnitude.toString(base).padStart(least, '0')
  if (flags.sharp) {
    if (base === 8 && !text.startsWith('0')) text = `0${text}`
    text = (PREFIXES[base] ?? '') + text
  }
  if (verb === 'O') text = `0o${text}`
  if (verb === 'X') text = text.toUpperCase()
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : ''
  return padded(sign + text, { ...flags, zero: false })
}

/** `U+0041`, and with `#` the character behind it. */
function unicode(value: bigint, flags: Flags): string {
  const code = value < 0n ? value + WORD : value
  const number = code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0')
  const shows = flags.sharp && code <= LARGEST_RUNE && (code < 0xd800n || code > 0xdfffn)
  const character = shows ? String.fromCodePoint(Number(code)) : ''
  const shown = shows && isPrintable(character) ? ` '${character}'` : ''
  return padded(`U+${number}${shown}`, { ...flags, zero: false })
}
