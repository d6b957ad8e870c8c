import { quote } from '../../../admission/text.ts'
import { floatText, textOf } from './text.ts'
import { type TemplateValue, typeName } from './value.ts'

/** Told of characters before they are made; throws where they are too many. */
export type Take = (characters: number) => void

const VERB = /%([-+ #0]*)(\d*)(?:\.(\d*))?(.)/gsu

/** A width beyond this pads nothing that anyone means. */
const WIDEST = 1000

/**
 * Go's `fmt.Sprintf` for what templates compute with. Where Go would write `%!d(string=x)` into the result, the message
 * says what is wrong instead.
 */
export function format(pattern: string, args: readonly TemplateValue[], take: Take): { text: string } | string {
  let problem: string | undefined
  let used = 0
  const text = pattern.replace(
    VERB,
    (whole: string, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%' || problem !== undefined) return '%'
      if (used >= args.length) problem = `printf has no value for ${quote(whole)}`
      else if (Number(width) > WIDEST || Number(precision ?? 0) > WIDEST)
        problem = `${quote(whole)} is wider than ${WIDEST}`
      if (problem !== undefined) return ''
      const value = args[used++] ?? null
      const digits = precision === undefined ? undefined : Number(precision)
      const written = write(verb, value, flags, digits, take)
      if (typeof written === 'string') problem = written
      return typeof written === 'string' ? '' : pad(written.text, flags, Number(width), typeof value, take)
    },
  )
  if (problem !== undefined) return problem
  if (/%$/.test(pattern.replaceAll('%%', ''))) return 'printf has a "%" without a verb'
  return used < args.length ? 'printf has more values than its format names' : { text }
}

function write(
  verb: string,
  value: TemplateValue,
  flags: string,
  precision: number | undefined,
  take: Take,
): { text: string } | string {
  const wrong = `printf: %${verb} does not take ${typeName(value)}`
  const sign = (text: string) => ({ text: flags.includes('+') && !text.startsWith('-') ? `+${text}` : text })
  switch (verb) {
    case 'v':
      return typeof value === 'bigint'
        ? sign(String(value))
        : { text: cut(textOf(value, take, true), value, precision) }
    case 's':
      if (typeof value === 'string') return { text: cut(textOf(value, take), value, precision) }
      return Array.isArray(value) && value.every(item => typeof item === 'string')
        ? { text: textOf(value, take) }
        : wrong
    case 'q':
      if (typeof value === 'string') take(value.length * 2)
      return typeof value === 'string' ? { text: goQuote(value) } : wrong
    case 't':
      return typeof value === 'boolean' ? { text: String(value) } : wrong
    case 'd':
      return typeof value === 'bigint' ? sign(String(value)) : wrong
    case 'x':
    case 'X': {
      if (typeof value === 'bigint')
        return { text: verb === 'x' ? value.toString(16) : value.toString(16).toUpperCase() }
      return wrong
    }
    case 'f':
    case 'g':
    case 'e':
      return typeof value === 'number' ? sign(writeFloat(verb, value, precision)) : wrong
    default:
      return `printf: %${verb} is not supported; there are %v, %s, %q, %d, %t, %x, %X, %f, %g and %e`
  }
}

function writeFloat(verb: 'f' | 'g' | 'e', value: number, precision: number | undefined): string {
  if (verb === 'f') return value.toFixed(Math.min(100, precision ?? 6))
  if (verb === 'g' && precision === undefined) return floatText(value)
  const digits = Math.min(100, precision ?? 6)
  const text = verb === 'e' ? value.toExponential(digits) : String(Number(value.toPrecision(Math.max(1, digits))))
  return text.replace(/e([-+])(\d)$/, 'e$10$2')
}

function cut(text: string, value: TemplateValue, precision: number | undefined): string {
  if (typeof value !== 'string' || precision === undefined) return text
  // No character is longer than two code units.
  return [...text.slice(0, 2 * precision)].slice(0, precision).join('')
}

function pad(text: string, flags: string, width: number, type: string, take: Take): string {
  const missing = text.length >= 2 * width ? 0 : width - [...text].length
  if (missing <= 0) return text
  take(missing)
  if (flags.includes('-')) return text + ' '.repeat(missing)
  if (!flags.includes('0') || (type !== 'bigint' && type !== 'number')) return ' '.repeat(missing) + text
  const sign = /^[-+]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** `strconv.Quote`. */
function goQuote(text: string): string {
  const escaped = text.replace(/["\\\p{C}\u2028\u2029\u00a0]|(?! )\p{Z}/gu, character => {
    const named = Object.hasOwn(NAMED, character) ? NAMED[character] : undefined
    if (named !== undefined) return named
    const code = character.codePointAt(0) ?? 0
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return `"${escaped}"`
}
