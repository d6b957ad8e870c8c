/** The parts of a finite float64: `mantissa * 2 ** exponent`, without its sign. */
export interface Binary {
  readonly mantissa: bigint
  readonly exponent: number
}

const BITS = new DataView(new ArrayBuffer(8))
const FRACTION = 2n ** 52n

/** Takes a finite float apart. */
export function binaryOf(value: number): Binary {
  BITS.setFloat64(0, Math.abs(value))
  const bits = BITS.getBigUint64(0)
  const exponent = Number(bits >> 52n)
  const fraction = bits & (FRACTION - 1n)
  return exponent === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | FRACTION, exponent: exponent - 1075 }
}

/** Decimal digits without leading zeros, and how many of them come before the point (it may be negative). */
export interface Decimal {
  readonly digits: string
  readonly point: number
}

/** The fewest digits that tell a float from its neighbours. */
export function shortest(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 }
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 }
}

/** All digits of a float. */
function exact(value: number): Decimal {
  const { mantissa, exponent } = binaryOf(value)
  if (mantissa === 0n) return { digits: '', point: 0 }
  // m / 2^n is m * 5^n / 10^n.
  const text = (exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent)).toString()
  return { digits: text.replace(/0+$/, ''), point: text.length + Math.min(0, exponent) }
}

/** The digits of a float up to `decimals` behind the point, rounded to even. */
export function toDecimals(value: number, decimals: number): Decimal {
  const all = exact(value)
  return rounded(all, all.point + decimals)
}

/** The first `count` digits of a float, rounded to even. */
export function toDigits(value: number, count: number): Decimal {
  return rounded(exact(value), count)
}

function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point }
  if (count < 0) return { digits: '', point: 0 }
  const kept = digits.slice(0, count)
  const next = digits.charCodeAt(count) - 48
  const isHalf = next === 5 && count + 1 === digits.length
  const isOdd = count > 0 && (kept.charCodeAt(count - 1) - 48) % 2 === 1
  const isUp = isHalf ? isOdd : next >= 5
  if (!isUp) return trimmed(kept, point)
  const raised = (BigInt(kept || '0') + 1n).toString()
  return trimmed(raised, point + (raised.length > count ? 1 : 0))
}

function trimmed(digits: string, point: number): Decimal {
  const kept = digits.replace(/0+$/, '')
  return kept === '' ? { digits: '', point: 0 } : { digits: kept, point }
}
