import { parseArgs } from 'node:util'
import { suggest } from '../policy/suggest.ts'
import { parseDuration } from '../review/deadline.ts'

/** Reads one value; a string that begins with `must` says what is allowed instead. */
type Reader<T> = (text: string) => { readonly value: T } | { readonly must: string }

/** One option of a command: how it is written, read and explained. */
export interface Option<T> {
  readonly help: string
  /** What stands for the value in the help, such as `DIR`; absent for a switch. */
  readonly placeholder?: string
  readonly short?: string
  readonly isList?: boolean
  readonly fallback: T
  /** The fallback as the help shows it. */
  readonly shownDefault?: string
  readonly read: Reader<T>
}

export type Options = Readonly<Record<string, Option<unknown>>>
export type ValuesOf<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

type Extra = { readonly short?: string }

/** An option with a text. */
export function text<T extends string | undefined>(
  placeholder: string,
  help: string,
  fallback: T,
  extra: Extra = {},
): Option<string | T> {
  return {
    help,
    placeholder,
    fallback,
    ...(fallback !== undefined && { shownDefault: fallback }),
    ...extra,
    read: value => ({ value }),
  }
}

/** A switch. Its environment variable takes `true` and `false`. */
export function flag(help: string, extra: Extra = {}): Option<boolean> {
  const read: Reader<boolean> = value =>
    value === 'true' || value === 'false' ? { value: value === 'true' } : { must: 'must be true or false' }
  return { help, fallback: false, ...extra, read }
}

/** An option that may be given several times, or once with commas. `none` alone makes the list empty. */
export function list(
  placeholder: string,
  help: string,
  fallback: readonly string[] = [],
  extra: Extra = {},
): Option<readonly string[]> {
  const shown = fallback.length > 0 ? { shownDefault: fallback.join(',') } : {}
  const read: Reader<readonly string[]> = value => {
    const items = value
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
    if (items.length === 0) return { must: 'must name something, or be none' }
    return { value: items.length === 1 && items[0] === 'none' ? [] : items }
  }
  return { help, placeholder, isList: true, fallback, ...shown, ...extra, read }
}

/** One of a few words. */
export function choice<const T extends string>(
  words: readonly T[],
  help: string,
  fallback: T,
  extra: Extra = {},
): Option<T> {
  const read: Reader<T> = value => {
    const found = words.find(word => word === value)
    return found === undefined
      ? { must: `must be one of ${words.join(', ')}${suggest(value, words)}` }
      : { value: found }
  }
  return { help, placeholder: words.join('|'), fallback, shownDefault: fallback, ...extra, read }
}

/** Longer timers overflow, and fire at once. */
const MAX_DURATION_MS = 24 * 60 * 60 * 1000

/** A duration such as `10s`, in milliseconds: from `least` to a day. */
export function duration(help: string, fallback: string, least = '0s'): Option<number> {
  const read: Reader<number> = value => {
    const milliseconds = parseDuration(value)
    const isWithin =
      milliseconds !== undefined && milliseconds >= (parseDuration(least) ?? 0) && milliseconds <= MAX_DURATION_MS
    return isWithin
      ? { value: milliseconds }
      : { must: `must be a duration such as 500ms, 10s or 1m30s, from ${least} to 24h` }
  }
  return { help, placeholder: 'DURATION', fallback: parseDuration(fallback) ?? 0, shownDefault: fallback, read }
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 }

/** A size such as `40Mi`, in bytes. */
export function size(help: string, fallback: string): Option<number> {
  const read: Reader<number> = value => {
    const [, digits, unit] = /^(\d{1,12})(Ki|Mi|Gi|)$/.exec(value) ?? []
    const bytes = Number(digits) * (SIZE_UNITS[unit ?? ''] ?? 1)
    return digits === undefined || bytes < 1
      ? { must: 'must be a size such as 512Ki, 40Mi or 1000000' }
      : { value: bytes }
  }
  const parsed = read(fallback)
  return { help, placeholder: 'SIZE', fallback: 'value' in parsed ? parsed.value : 0, shownDefault: fallback, read }
}

/** A part of a whole: from 0 to 1. */
export function ratio(help: string, fallback: string): Option<number> {
  return {
    help,
    placeholder: 'RATIO',
    fallback: Number(fallback),
    shownDefault: fallback,
    read: value =>
      /^(?:0|1|0?\.\d{1,9})$/.test(value)
        ? { value: Number(value) }
        : { must: 'must be a number from 0 to 1, such as 0.05' },
  }
}

/** The number of a TCP port. */
export function port(help: string, fallback: number): Option<number> {
  const read: Reader<number> = value =>
    /^\d{1,5}$/.test(value) && Number(value) > 0 && Number(value) <= 65_535
      ? { value: Number(value) }
      : { must: 'must be a port from 1 to 65535' }
  return { help, placeholder: 'PORT', fallback, shownDefault: String(fallback), read }
}

/** A listening address such as `127.0.0.1:8443`, `[::1]:8443` or `:8443` (every interface). */
export interface Address {
  readonly host: string
  readonly port: number
}

/** An address to listen on; port 0 asks for a free one. */
export function address(help: string, fallback: string): Option<Address> {
  const read: Reader<Address> = value => {
    const [, host, port] = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(value) ?? []
    if (host === undefined || Number(port) > 65_535)
      return { must: 'must be an address such as 127.0.0.1:8443, [::1]:8443 or :8443' }
    return { value: { host: host.replace(/^\[|\]$/g, '') || '::', port: Number(port) } }
  }
  const parsed = read(fallback)
  if (!('value' in parsed)) throw new Error(`unreadable default address ${fallback}`)
  return { help, placeholder: 'ADDRESS', fallback: parsed.value, shownDefault: fallback, read }
}

export type ParsedOptions<O extends Options> =
  | { readonly ok: true; readonly values: ValuesOf<O>; readonly positionals: readonly string[] }
  | { readonly ok: false; readonly message: string }

/** The environment variable that stands for an option: `--max-body` is `PORTCULLIS_MAX_BODY`. */
export function variableOf(name: string): string {
  return `PORTCULLIS_${name.toUpperCase().replaceAll('-', '_')}`
}

/**
 * Reads options from the command line, then from `PORTCULLIS_*` variables, then from their defaults.
 *
 * @param withVariables whether the variables count: they configure a server, not a command that a person types.
 */
export function parseOptions<O extends Options>(
  options: O,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  withVariables: boolean,
): ParsedOptions<O> {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { placeholder, isList, short }]) => [
      name,
      {
        type: placeholder === undefined ? ('boolean' as const) : ('string' as const),
        multiple: isList === true,
        ...(short !== undefined && { short }),
      },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...argv],
    options: config,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts = new Map<string, string[]>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const problem = addToken(options, token, texts)
    if (problem !== undefined) return { ok: false, message: problem }
  }
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(options)) {
    const given = texts.get(name)
    const variable = withVariables ? env[variableOf(name)] : undefined
    const source = given === undefined ? variableOf(name) : `--${name}`
    const raw = given?.join(',') ?? (variable === '' ? undefined : variable)
    const parsed = raw === undefined ? { value: option.fallback } : option.read(raw)
    if ('must' in parsed) return { ok: false, message: `${source} ${parsed.must}, not "${raw}"` }
    values[name] = parsed.value
  }
  return { ok: true, values: values as ValuesOf<O>, positionals }
}

function addToken(
  options: Options,
  token: { readonly name: string; readonly rawName: string; readonly value: string | undefined },
  texts: Map<string, string[]>,
): string | undefined {
  const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
  if (option === undefined) {
    const known = Object.keys(options).map(name => `--${name}`)
    return `unknown option ${token.rawName}${suggest(`--${token.name}`, known)}; see --help`
  }
  if (option.placeholder === undefined) {
    texts.set(token.name, [token.value ?? 'true'])
    return undefined
  }
  if (token.value?.trim() === '') return `${token.rawName} must not be empty`
  if (token.value === undefined) return `${token.rawName} needs a value: ${token.rawName} ${option.placeholder}`
  const before = texts.get(token.name) ?? []
  if (before.length > 0 && !option.isList) return `${token.rawName} is given twice`
  texts.set(token.name, [...before, token.value])
  return undefined
}

/** The options of a command as its help shows them, wrapped to 100 columns. */
export function describeOptions(options: Options, withVariables: boolean): string {
  return Object.entries(options)
    .map(([name, option]) => {
      const short = option.short === undefined ? '' : `-${option.short}, `
      const head = `  ${short}--${name}${option.placeholder === undefined ? '' : ` ${option.placeholder}`}`
      const shown = option.shownDefault === undefined ? '' : ` (default: ${option.shownDefault})`
      const variable = withVariables ? ` [${variableOf(name)}]` : ''
      return `${head}\n${wrap(`${option.help}${shown}${variable}`, 8, 100)}`
    })
    .join('\n')
}

function wrap(words: string, indent: number, width: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of words.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map(text => ' '.repeat(indent) + text).join('\n')
}
