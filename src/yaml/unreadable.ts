import type { Json } from '../json/value.ts'
import { Problem } from './syntax.ts'

/** Control characters, the line breaks that only YAML 1.1 knows, non-characters, and a byte order mark in a line's first column. */
const SUSPECT = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|(?<=[\r\n])\ufeff/
const LINE_BREAKS_OF_YAML_1_1 = '\x85\u2028\u2029'

/**
 * A character that Kubernetes' YAML reader would refuse, or would take for a line break while YAML 1.2 does not: a key
 * after it, in a comment for instance, would exist for one reader only. Not for what is read as JSON, which may hold them.
 */
export function unreadableCharacter(text: string): Problem | undefined {
  const match = SUSPECT.exec(text)
  if (match === null) return undefined
  const [character] = match
  const name = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  if (character === '\ufeff') return new Problem('a byte order mark begins this line; remove it', match.index)
  const message = LINE_BREAKS_OF_YAML_1_1.includes(character)
    ? `${name} ends a line for Kubernetes, but not for other readers of YAML`
    : `the control character ${name} stands here`
  return new Problem(`${message}; escape it in double quotes`, match.index)
}

/** A half of a surrogate pair that JSON's escapes spell: Go reads U+FFFD instead, so the texts would differ. */
export function halfCharacter(text: string, value: Json): Problem | undefined {
  const half = /\\u[dD][89a-fA-F]/.exec(text)
  // JSON.stringify escapes a half, and nothing else of that range.
  if (half === null || !/(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(value))) return undefined
  return new Problem('half a character (a surrogate without its other half) is escaped here; remove it', half.index)
}

/** Two carriage returns before a line feed: kubectl drops one of them, so the texts would differ. */
export function doubledReturn(text: string): Problem | undefined {
  const at = text.indexOf('\r\r\n')
  return at < 0 ? undefined : new Problem('two carriage returns end this line; remove one', at)
}
