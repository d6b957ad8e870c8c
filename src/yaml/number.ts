/** A number as Go holds it: `int` fits int64, `uint` only uint64. `digits` is the exact decimal text of an integer. */
export interface GoNumber {
  readonly kind: 'int' | 'uint' | 'float'
  readonly value: number
  readonly digits: string
}

const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]*)|([1-9]\d*))$/
const SIGNED_BINARY = /^0b([-+])([01]+)$/
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/
const POINT_FIRST = /^\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?$/

const INT_MAX = 2n ** 63n - 1n
const INT_MIN = -(2n ** 63n)
const UINT_MAX = 2n ** 64n - 1n

/**
 * The number that goyaml v2 reads in a plain scalar, or undefined where it reads text: `strconv.ParseInt` with base 0 of
 * the text without underscores, then `ParseUint`, then a YAML 1.1 float. Numbers without a finite value are text.
 */
export function parseNumber(text: string): GoNumber | undefined {
  if (text.startsWith('.')) return POINT_FIRST.test(text) ? float(text.replaceAll('_', '')) : undefined
  const plain = text.includes('_') ? text.replaceAll('_', '') : text
  const integer = parseInteger(plain)
  if (integer !== undefined) return integer
  if (FLOAT.test(plain)) return float(plain)
  return parseSignedBinary(plain)
}

function float(text: string): GoNumber | undefined {
  const value = Number(text)
  return Number.isFinite(value) ? { kind: 'float', value, digits: '' } : undefined
}

function parseInteger(text: string): GoNumber | undefined {
  const match = INTEGER.exec(text)
  if (match === null) return undefined
  const [, sign, hex, binary, octal, oldOctal, decimal] = match
  if (hex !== undefined) return integer(sign, '0x', hex)
  if (binary !== undefined) return integer(sign, '0b', binary)
  return decimal === undefined ? integer(sign, '0o', octal ?? oldOctal ?? '') : integer(sign, '', decimal)
}

/** `0b-101`: goyaml v2 cuts off `0b` and reads the rest as a signed binary number. */
function parseSignedBinary(text: string): GoNumber | undefined {
  const match = SIGNED_BINARY.exec(text)
  const number = match === null ? undefined : integer(match[1], '0b', match[2] ?? '')
  return number?.kind === 'int' ? number : undefined
}

function integer(sign: string | undefined, prefix: string, digits: string): GoNumber | undefined {
  const significant = digits.replace(/^0+/, '')
  // 64 binary digits are the longest that fit; more would only cost time to convert.
  if (significant.length > 64) return undefined
  const magnitude = significant === '' ? 0n : BigInt(prefix + significant)
  const value = sign === '-' ? -magnitude : magnitude
  if (value >= INT_MIN && value <= INT_MAX) return { kind: 'int', value: Number(value), digits: String(value) }
  // ParseUint takes no sign, not even `+`.
  if (sign === '' && value <= UINT_MAX) return { kind: 'uint', value: Number(value), digits: String(value) }
  return undefined
}

/**
 * A float as sigs.k8s.io/yaml writes it in an object key: Go's `FormatFloat(value, 'g', -1, 32)`, so `1e6` becomes
 * `1e+06` and digits past single precision are lost.
 */
export function formatFloat32(value: number): string {
  const single = Math.fround(value)
  if (Number.isNaN(single)) return '.nan'
  if (!Number.isFinite(single)) return single > 0 ? '.inf' : '-.inf'
  if (single === 0) return Object.is(single, -0) ? '-0' : '0'
  const [mantissa = '', exponentText = '0'] = shortest(single).split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < 6) return fixed(mantissa, exponent)
  const power = String(Math.abs(exponent)).padStart(2, '0')
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${power}`
}

/** The fewest digits that still round to `single`, as `d.ddde±n`. Nine always suffice. */
function shortest(single: number): string {
  for (let decimals = 0; decimals < 8; decimals++) {
    const text = single.toExponential(decimals)
    if (Math.fround(Number(text)) === single) return text
  }
  return single.toExponential(8)
}

/** `mantissa` times ten to `exponent` (-4 to 5) without an exponent and without needless zeros. */
function fixed(mantissa: string, exponent: number): string {
  const decimals = mantissa.replace(/^-?\d\.?/, '').length
  return Number(`${mantissa}e${exponent}`).toFixed(Math.max(0, decimals - exponent))
}
