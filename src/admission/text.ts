/** Most texts need no escape: this is many times faster than replacing nothing. */
const PLAIN = /^[\x20-\x7e]*$/

/** What must not reach a terminal raw: control characters, and marks that reorder or hide what a person reads. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const UNPRINTABLE_BUT_NEWLINE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/** `text` with everything unprintable but newlines written as `\u001b`: safe for a terminal, a log and a warning. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNPRINTABLE_BUT_NEWLINE, escapeCharacter)
}

/** `text` on one line, with newlines escaped too. */
export function oneLine(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNPRINTABLE, escapeCharacter)
}

/** At most `limit` characters of `text`, never half a surrogate pair; `…` marks a cut. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text
  const cut = text.slice(0, limit - 1)
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}

/**
 * A value out of a manifest, quoted for a message: on one line, printable, at most 256 characters. What is cut is not read:
 * thousands of findings may quote one long name.
 */
export function quote(text: string): string {
  return `"${shorten(oneLine(text.slice(0, QUOTED + 1)), QUOTED).replaceAll('"', '\\"')}"`
}

const QUOTED = 256

/** By code unit, not by locale: the same order on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/**
 * Any value as indented JSON that is safe on a terminal: what `JSON.stringify` leaves raw in strings (C1 controls, marks
 * that reorder or hide) is escaped. Whoever parses it gets the same value.
 */
export function inertJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeUnits)}\n`
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('')
}

/** `1 file`, `2 files`. */
export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
