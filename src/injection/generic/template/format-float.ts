import { type Flags, padded, paddingFor } from './flags.ts'
import { binaryOf, type Decimal, shortest, toDecimals, toDigits } from './float-digits.ts'

/** The verbs that take floats, and their precision if none is given; -1 is the shortest form. */
const PRECISIONS: Readonly<Record<string, number>> = {
  v: -1,
  b: -1,
  g: -1,
  G: -1,
  x: -1,
  X: -1,
  f: 6,
  F: 6,
  e: 6,
  E: 6,
}

/** A float as `fmt` writes it; undefined for a verb that does not take floats. */
export function formatFloat(value: number, verb: string, flags: Flags): string | undefined {
  const usual = PRECISIONS[verb]
  if (usual === undefined) return undefined
  const kind = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb
  const precision = flags.precision ?? usual
  const sign = value < 0 || Object.is(value, -0) ? '-' : flags.space && !flags.plus ? ' ' : '+'
  if (!Number.isFinite(value)) return special(value, sign, flags)
  let text = digitsOf(value, kind, precision)
  if (flags.sharp && kind !== 'b') text = withPoint(text, kind, precision)
  if (!flags.plus && sign === '+') return padded(text, flags)
  const { width } = flags
  if (flags.zero && !flags.minus && width !== undefined && width > text.length + 1) {
    return sign + paddingFor(text.length + 1, flags) + text
  }
  return padded(sign + text, flags)
}

/** Infinities have their sign always, and are not padded with zeros. */
function special(value: number, sign: string, flags: Flags): string {
  const isBare = Number.isNaN(value) && !flags.space && !flags.plus
  const text = Number.isNaN(value) ? 'NaN' : 'Inf'
  return padded(isBare ? text : sign + text, { ...flags, zero: false })
}

/** As `strconv.FormatFloat`, without the sign. */
function digitsOf(value: number, verb: string, precision: number): string {
  switch (verb) {
    case 'b': {
      const { mantissa, exponent } = binaryOf(value)
      return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
    }
    case 'x':
    case 'X': {
      const text = hexadecimal(value, precision)
      return verb === 'X' ? text.toUpperCase() : text
    }
    case 'f':
      return fixed(toDecimals(value, precision), precision)
    case 'e':
    case 'E':
      return exponential(toDigits(value, precision + 1), precision, verb)
    default:
      return general(value, precision, verb === 'G' ? 'E' : 'e')
  }
}

function fixed({ digits, point }: Decimal, decimals: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (decimals === 0) return whole
  const zeros = digits === '' ? 0 : Math.max(0, -point)
  const rest = '0'.repeat(Math.min(zeros, decimals)) + digits.slice(Math.max(0, point))
  return `${whole}.${rest.slice(0, decimals).padEnd(decimals, '0')}`
}

function exponential({ digits, point }: Decimal, decimals: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1
  const mantissa = (digits[0] ?? '0') + (decimals > 0 ? `.${digits.slice(1, decimals + 1).padEnd(decimals, '0')}` : '')
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `${mantissa}${letter}${exponent < 0 ? '-' : '+'}${power}`
}

/** `%g`: with an exponent below 1e-4 and from the precision on; the shortest form from 1e6 on. */
function general(value: number, precision: number, letter: string): string {
  const isShortest = precision < 0
  const decimal = isShortest ? shortest(value) : toDigits(value, Math.max(1, precision))
  const count = decimal.digits.length
  let most = isShortest ? 6 : Math.max(1, precision)
  if (!isShortest && most > count && count >= decimal.point) most = count
  const exponent = decimal.point - 1
  if (exponent < -4 || exponent >= most) return exponential(decimal, Math.max(0, count - 1), letter)
  return fixed(decimal, Math.max(0, count - decimal.point))
}

/** `%x`: a hexadecimal mantissa that begins with 1, and a power of two. */
function hexadecimal(value: number, precision: number): string {
  const { mantissa, exponent } = binaryOf(value)
  if (mantissa === 0n) return `0x0${precision > 0 ? `.${'0'.repeat(precision)}` : ''}p+00`
  const length = mantissa.toString(2).length
  let bits = mantissa << BigInt(53 - length)
  let power = exponent + length - 1
  if (precision >= 0 && precision < 13) {
    const drop = BigInt(52 - 4 * precision)
    const half = 1n << (drop - 1n)
    const rest = bits & ((1n << drop) - 1n)
    bits >>= drop
    if (rest > half || (rest === half && (bits & 1n) === 1n)) bits++
    bits <<= drop
    if (bits >> 53n) {
      bits >>= 1n
      power++
    }
  }
  const fraction = (bits & (2n ** 52n - 1n)).toString(16).padStart(13, '0')
  const shown = precision < 0 ? fraction.replace(/0+$/, '') : fraction.padEnd(precision, '0').slice(0, precision)
  const shift = `p${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  return `0x1${shown === '' ? '' : `.${shown}`}${shift}`
}

/** With `#` there is always a point, and `%g` keeps its zeros. */
function withPoint(text: string, verb: string, precision: number): string {
  const isHex = verb === 'x' || verb === 'X'
  const [, body = '', tail = ''] = (isHex ? /^([^pP]*)(.*)$/ : /^([^eEpP]*)(.*)$/).exec(text) ?? []
  let missing = verb === 'g' || verb === 'G' || verb === 'x' ? (precision < 0 ? 6 : precision) : 0
  // As Go counts them: from the first that is not zero, which is the x of a hexadecimal number.
  missing -= body.replace('.', '').replace(/^0+/, '').length
  const hasPoint = body.includes('.')
  if (!hasPoint && body === '0') missing--
  return `${body}${hasPoint ? '' : '.'}${'0'.repeat(Math.max(0, missing))}${tail}`
}
