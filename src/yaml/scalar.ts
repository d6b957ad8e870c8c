import { formatFloat32, parseNumber } from './number.ts'

/** What a scalar's text means. `key` is its text as a JSON object key; undefined where it cannot be one. */
export interface Scalar {
  readonly kind: 'null' | 'bool' | 'int' | 'uint' | 'float' | 'str'
  readonly value: null | boolean | number | string
  readonly key: string | undefined
}

const constants: ReadonlyMap<string, Scalar> = new Map([
  ...row(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'], 'bool', true, 'true'),
  ...row(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'], 'bool', false, 'false'),
  ...row(['', '~', 'null', 'Null', 'NULL'], 'null', null, undefined),
  ...row(['.nan', '.NaN', '.NAN'], 'float', Number.NaN, '.nan'),
  ...row(['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'], 'float', Number.POSITIVE_INFINITY, '.inf'),
  ...row(['-.inf', '-.Inf', '-.INF'], 'float', Number.NEGATIVE_INFINITY, '-.inf'),
])

function row(texts: readonly string[], kind: Scalar['kind'], value: Scalar['value'], key: string | undefined) {
  return texts.map((text): [string, Scalar] => [text, { kind, value, key }])
}

/** What goyaml v2 decides by a plain scalar's first character: text, a constant at most, or perhaps a number. */
const TEXT = 0
const CONSTANT = 1
const NUMBER = 2
const hints = new Uint8Array(128)
for (const c of 'yYnNtTfFoO~') hints[c.charCodeAt(0)] = CONSTANT
for (const c of '+-.0123456789') hints[c.charCodeAt(0)] = NUMBER

function hintOf(text: string): number {
  return text === '' ? CONSTANT : (hints[text.charCodeAt(0)] ?? TEXT)
}

/** Integers whose value JavaScript reads as Go does: no sign, no leading zero, at most 15 digits. */
const SMALL_INTEGER = /^(?:0|[1-9]\d{0,14})$/

/**
 * The value of a plain scalar without a tag as Kubernetes reads it (sigs.k8s.io/yaml over goyaml v2, that is YAML 1.1
 * without sexagesimal numbers, and timestamps as text). May be NaN or infinite, which JSON has no place for.
 */
export function plainValue(text: string): Scalar['value'] {
  const hint = hintOf(text)
  if (hint === TEXT) return text
  if (hint === NUMBER && SMALL_INTEGER.test(text)) return Number(text)
  return plainScalar(text).value
}

/** A plain scalar without a tag as the key of a JSON object, or undefined where it cannot be one (null, a uint64). */
export function plainKey(text: string): string | undefined {
  return hintOf(text) === TEXT ? text : plainScalar(text).key
}

/** What a plain scalar without a tag means. */
export function plainScalar(text: string): Scalar {
  const hint = hintOf(text)
  const constant = hint === TEXT ? undefined : constants.get(text)
  if (constant !== undefined) return constant
  const number = hint === NUMBER ? parseNumber(text) : undefined
  if (number === undefined) return asText(text)
  const { kind, value, digits } = number
  if (kind === 'float') return { kind, value, key: formatFloat32(value) }
  return { kind, value, key: kind === 'int' ? digits : undefined }
}

/** A scalar that is text whatever it looks like: quoted, a block, or tagged `!!str`. */
export function asText(text: string): Scalar {
  return { kind: 'str', value: text, key: text }
}

/**
 * A scalar with an explicit tag, given by its name after `tag:yaml.org,2002:`. A string result says why goyaml v2 would
 * not read it; undefined means that no scalar has this tag. Quotes do not matter: `!!int "3"` is a number.
 */
export function resolveTagged(tag: string, text: string): Scalar | string | undefined {
  switch (tag) {
    case 'str':
    case 'merge':
      return asText(text)
    case 'binary':
      return decodeBinary(text)
    case 'timestamp':
      return isTimestamp(text) ? asText(text) : mismatch(tag, text)
    case 'null':
    case 'bool': {
      const found = plainScalar(text)
      return found.kind === tag ? found : mismatch(tag, text)
    }
    case 'int': {
      const found = plainScalar(text)
      return found.kind === 'int' || found.kind === 'uint' ? found : mismatch(tag, text)
    }
    case 'float': {
      const found = plainScalar(text)
      if (found.kind === 'int') return { kind: 'float', value: found.value, key: formatFloat32(Number(found.value)) }
      return found.kind === 'float' ? found : mismatch(tag, text)
    }
    default:
      return undefined
  }
}

function mismatch(tag: string, text: string): string {
  return `${JSON.stringify(text)} cannot be read as !!${tag}`
}

/** The UTF-8 text that base64 stands for. Other bytes have no place in JSON. */
function decodeBinary(text: string): Scalar | string {
  const packed = text.replace(/[\r\n]/g, '')
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return 'the !!binary value is not base64'
  const bytes = Uint8Array.from(atob(packed), c => c.charCodeAt(0))
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return decoded.includes('\uFFFD') ? 'the !!binary value is not text in UTF-8' : asText(decoded)
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:[.,]\d+)?)?$/

function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text)
  if (match === null) return false
  const [, year, month, day] = match.map(Number)
  const date = new Date(Date.UTC(2000, 0, 1))
  date.setUTCFullYear(year ?? 0, (month ?? 0) - 1, day ?? 0)
  return date.getUTCMonth() + 1 === month && date.getUTCDate() === day
}
