import { Problem } from './syntax.ts'

/** Control characters, the line breaks that only YAML 1.1 knows, and non-characters. */
const SUSPECT = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]/
const LINE_BREAKS_OF_YAML_1_1 = '\x85\u2028\u2029'

/**
 * A character that Kubernetes' YAML reader would refuse, or would take for a line break while YAML 1.2 does not: a key
 * after it, in a comment for instance, would exist for one reader only. Strict JSON may hold them: it is read as JSON.
 */
export function unreadableCharacter(text: string): Problem | undefined {
  const match = SUSPECT.exec(text)
  if (match === null || isJson(text)) return undefined
  const [character] = match
  const name = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  const message = LINE_BREAKS_OF_YAML_1_1.includes(character)
    ? `${name} ends a line for Kubernetes, but not for other readers of YAML`
    : `the control character ${name} stands here`
  return new Problem(`${message}; escape it in double quotes`, match.index)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
