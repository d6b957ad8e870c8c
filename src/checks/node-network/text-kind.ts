import { assignmentIn } from './settings.ts'

/**
 * What the text of a ConfigMap is, as far as its key and its form tell: lines of sysctl.conf, a script, prose that
 * nobody runs, data of another program (YAML, JSON, alert rules), or something unknown.
 */
export type TextKind = 'settings' | 'script' | 'prose' | 'data' | 'unknown'

const BY_EXTENSION: Readonly<Record<string, TextKind>> = {
  adoc: 'prose',
  htm: 'prose',
  html: 'prose',
  markdown: 'prose',
  md: 'prose',
  rst: 'prose',
  ash: 'script',
  bash: 'script',
  ksh: 'script',
  sh: 'script',
  zsh: 'script',
  cfg: 'settings',
  conf: 'settings',
  ini: 'settings',
  sysctl: 'settings',
  json: 'data',
  rules: 'data',
  yaml: 'data',
  yml: 'data',
}

const PROSE_NAMES = /^(?:changelog|changes|contributing|faq|license|notes|readme)(?:$|[._-])/i

/** A line that begins with a capital letter, perhaps as an item of a list, and ends as a sentence does. */
const SENTENCE = /^(?:[-*] |\d+\. )?[A-Z][a-z]+ .*[.:!?][ \t\r]*$/m
/** A command that sets a sysctl, in a udev rule or a unit for instance. */
const COMMAND = /> *\/proc\/sys\/|^[ \t]*(?:sudo )?sysctl[ \t]/m

/** Tells what a text is. The form goes before the key: a first line `#!` makes a script of anything. */
export function kindOfText(key: string, text: string): TextKind {
  if (text.startsWith('#!')) return 'script'
  if (isAllSettings(text)) return 'settings'
  const extension = key.slice(key.lastIndexOf('.') + 1).toLowerCase()
  // A shell runs a file of any name: what has no sentence is not believed to be for people.
  const kind = (Object.hasOwn(BY_EXTENSION, extension) && BY_EXTENSION[extension]) || 'unknown'
  if (kind === 'unknown' && (PROSE_NAMES.test(key) || extension === 'txt')) return SENTENCE.test(text) ? 'prose' : kind
  return kind === 'data' && COMMAND.test(text) ? 'unknown' : kind
}

/** Whether each line is a setting, a comment, a section as tuned has them, or blank. */
function isAllSettings(text: string): boolean {
  let settings = 0
  for (const line of text.split('\n')) {
    if (/^\s*(?:$|[#;]|\[\w+\]\s*$)/.test(line)) continue
    const { name = '', value = '' } = assignmentIn(line) ?? {}
    if (!/[./]/.test(name) || !isPlain(value)) return false
    settings++
  }
  return settings > 0
}

/** Whether a value is one word or some numbers, and not a sentence. */
function isPlain(value: string): boolean {
  const comment = value.search(/[#;]/)
  const bare = (comment < 0 ? value : value.slice(0, comment)).trim()
  return /^\S*$/.test(bare) || /^[\d\s.-]*$/.test(bare)
}

/** One of these sysctls with a value behind it, named by a field, or given to `sysctl -w`: not a comparison, not a label of a metric. */
const SET_IN_DATA =
  /(?:bridge-nf-call-\w+|\bip_forward)["']?\s*[:=](?!=)|\bname["']?\s*:\s*["']?[\w./-]*(?:bridge-nf-call-|\bip_forward\b)|\bsysctl\s+(?:-\w+\s+)*-w/

/** Whether data of another program may set one of these sysctls; what only compares or shows one does not. */
export function isSetInData(text: string): boolean {
  return SET_IN_DATA.test(text)
}
