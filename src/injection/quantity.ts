/** Powers of ten or two that a suffix stands for (`resource.Quantity` of apimachinery). */
const SUFFIXES: Readonly<Record<string, readonly [base: 2 | 10, exponent: number]>> = {
  n: [10, -9],
  u: [10, -6],
  m: [10, -3],
  '': [10, 0],
  k: [10, 3],
  M: [10, 6],
  G: [10, 9],
  T: [10, 12],
  P: [10, 15],
  E: [10, 18],
  Ki: [2, 10],
  Mi: [2, 20],
  Gi: [2, 30],
  Ti: [2, 40],
  Pi: [2, 50],
  Ei: [2, 60],
}

const QUANTITY = /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?(?:([eE])([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i)?)$/

/** Nano-units are the finest that Kubernetes keeps. */
const NANO = 9

/**
 * The value of a quantity such as `100m`, `1Gi` or `1e3` in billionths, exact; undefined where it is none. The API server
 * rewrites quantities (`1024Mi` becomes `1Gi`), so only their values can be compared.
 */
export function parseQuantity(text: string): bigint | undefined {
  const match = QUANTITY.exec(text)
  if (match === null) return undefined
  const [, sign, whole = '', fraction = '', exponentMark, exponentText, suffix = ''] = match
  if (whole === '' && fraction === '') return undefined
  const scale = exponentMark === undefined ? SUFFIXES[suffix] : ([10, Number(exponentText)] as const)
  if (scale === undefined) return undefined
  const [base, exponent] = scale
  const digits = BigInt(whole + fraction)
  const tens = NANO - fraction.length + (base === 10 ? exponent : 0)
  const scaled = base === 2 ? digits << BigInt(exponent) : digits
  const value = tens >= 0 ? scaled * 10n ** BigInt(tens) : roundUp(scaled, 10n ** BigInt(-tens))
  return sign === '-' ? -value : value
}

/** What is finer than a billionth is rounded up, as Kubernetes does. */
function roundUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor
}
