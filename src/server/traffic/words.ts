import { isList, type Json } from '../../json/value.ts'
import { MARK } from '../../workload/secrets.ts'

/** Part of the name of something that nobody may read. */
const SECRET = '(?:secret|token|passw(?:or)?d|passphrase|credential|key)'
const NAMED = new RegExp(`${SECRET}|^-{0,2}authorization$`, 'i')
/** What ends so says where a secret lies, or how long it lives, and is none: checks of the control plane read such flags. */
const ABOUT_A_SECRET =
  /(?:file|path|dir|directory|name|ref|url|uri|issuer|audiences?|ttl|expiry|expiration|duration|timeout|size|length|algorithms?|webhook|lookup|version)$/i
const SWITCH = /^(?:true|false)$/i
/** `--name=value`, `-name=value` and `NAME=value`, as one whole word. */
const ASSIGNED = /^(-{0,2}[A-Za-z0-9_.-]+)=([\s\S]*)$/
const FLAG = /^-{1,2}([A-Za-z][A-Za-z0-9_.-]*)$/
const VALUE = `("[^"]*"|'[^']*'|[^\\s;&|"']+)`
/** Names have a bound, and begin where a word does: whoever writes a megabyte of one letter must not keep the thread busy. */
const NAME = `[A-Za-z0-9_.-]{0,64}${SECRET}[A-Za-z0-9_.-]{0,64}`
/** The same within a longer text, such as a script or JSON; the name stands before `=` or `:`, or is a flag before a blank. */
const WITHIN = new RegExp(
  `(?<![\\w./-])(-{0,2}(?:${NAME}|authorization))(["']?\\s{0,8}[=:]\\s{0,8})(?:(Bearer|Basic)\\s{1,8})?${VALUE}`,
  'gi',
)
const FLAG_WITHIN = new RegExp(`(?<![\\w./-])(-{1,2}${NAME})(\\s{1,8})(?!-)${VALUE}`, 'gi')
const BEARER = /\b(Bearer|Basic)\s{1,8}[A-Za-z0-9._~+/=-]{8,}/gi
/** The password of a URL. */
const USER_INFO = /((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,256}:)[^\s/@]+@/g

/** Whether something of this name holds a secret. */
export function namesSecret(name: string): boolean {
  return NAMED.test(name) && !ABOUT_A_SECRET.test(name)
}

/** A text without the passwords of URLs; nearly every text has none. */
export function withoutUserInfo(text: string): string {
  return text.includes('://') ? text.replace(USER_INFO, `$1${MARK}@`) : text
}

/** Words of a command line, and whether the last of them is a flag whose secret is still to come. */
export interface MaskedWords {
  readonly words: readonly Json[]
  readonly isOpen: boolean
}

/**
 * The words of `command` or `args`, with the values masked of flags and variables whose name says that they are secret. The rest stays:
 * checks read command lines.
 *
 * @param isOpen whether the word before them was such a flag.
 */
export function maskWords(value: Json | undefined, isOpen: boolean): MaskedWords {
  if (!isList(value)) return { words: [], isOpen }
  let isNext = isOpen
  const words = value.map(word => {
    if (typeof word !== 'string') return word
    const isValue = isNext && !word.startsWith('-')
    isNext = false
    if (isValue) return masked(word)
    const [, flag] = FLAG.exec(word) ?? []
    if (flag !== undefined) {
      isNext = namesSecret(flag)
      return word
    }
    return maskText(word)
  })
  return { words, isOpen: isNext }
}

function maskText(text: string): string {
  const [, name = '', value = ''] = ASSIGNED.exec(text) ?? []
  if (name !== '' && namesSecret(name)) return `${name}=${masked(value)}`
  const kept = (whole: string, name: string, between: string, scheme: string | undefined, secret: string) =>
    namesSecret(name) ? `${name}${between}${scheme === undefined ? '' : `${scheme} `}${maskedQuoted(secret)}` : whole
  return withoutUserInfo(text)
    .replace(WITHIN, kept)
    .replace(FLAG_WITHIN, (whole: string, name: string, between: string, secret: string) =>
      kept(whole, name, between, undefined, secret),
    )
    .replace(BEARER, `$1 ${MARK}`)
}

function masked(value: string): string {
  return value === '' || SWITCH.test(value) ? value : MARK
}

function maskedQuoted(value: string): string {
  const quote = /^["']/.exec(value)?.[0] ?? ''
  return `${quote}${masked(quote === '' ? value : value.slice(1, -1))}${quote}`
}
