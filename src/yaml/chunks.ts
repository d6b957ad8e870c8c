import { jsonStreamEnds } from './json-stream.ts'

/** A part of a text that holds one document at most, with its markers, directives and comments. */
export interface Chunk {
  readonly start: number
  readonly end: number
  /** kubectl reads it with Go's JSON decoder, which knows none of YAML's line breaks and control characters. */
  readonly isJson: boolean
  /** Why it must not be read: kubectl and YAML do not agree on where a document begins. Offset in the whole text. */
  readonly problem?: { readonly message: string; readonly offset: number }
}

/** What Go's `unicode.IsSpace` takes for a blank, and thus kubectl behind `---`. */
const GO_SPACE = ' \\t\\v\\f\\r\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const LEADING_SPACE = new RegExp(`^[${GO_SPACE}\\n]*`)
/** What Go's JSON decoder does not take for a blank. */
const NO_JSON_SPACE = /[^ \t\r\n]/
const REST_OF_LINE = new RegExp(`[${GO_SPACE}]*\\n?`, 'y')
const MARKER = new RegExp(
  `(?<=^|[\\r\\n])\\uFEFF?(?:---|\\.\\.\\.)(?=[ \\t\\r\\n]|$)|(?<=^|\\n)(?<odd>---)(?=[${GO_SPACE}]*(?:[#\\n]|$))`,
  'g',
)

const SEPARATOR = new RegExp(`^\\uFEFF?---[${GO_SPACE}]*(?:#|$)`)

const ODD_MARKER =
  'kubectl starts a new document at this ---, other readers of YAML do not; put a line break or a space after ---'
const HIDDEN_BY_MARKER =
  'a carriage return is inside this --- line: kubectl skips what follows it, other readers of YAML do not; remove it'
/** What Go's JSON decoder would take for the begin of another value that is no object, and go on behind it. */
const JSON_VALUE = /^[ \t\r\n]*(?:[0-9"[]|-(?=[0-9])|[tfn](?=rue\b|alse\b|ull\b))/
const NO_OBJECT = 'a value that is not an object stands between JSON objects; remove it, or write --- before it'
const ODD_START = 'kubectl skips the special blank before this {, other readers of YAML do not; remove it'

/**
 * Cuts a text into its documents as kubectl does (`YAMLOrJSONDecoder` of k8s.io/apimachinery): a text that begins with
 * `{` is a stream of JSON values as far as it is JSON; the rest is YAML, cut at `---`.
 */
export function* splitDocuments(text: string): Generator<Chunk> {
  const [space = ''] = LEADING_SPACE.exec(text) ?? []
  if (text[space.length] === '{' && NO_JSON_SPACE.test(space)) {
    const problem = { message: ODD_START, offset: space.search(NO_JSON_SPACE) }
    yield { start: 0, end: text.length, isJson: false, problem }
    return
  }
  let start = 0
  for (const end of jsonStreamEnds(text)) {
    yield { start, end, isJson: true }
    start = end
  }
  if (start > 0) {
    const value = JSON_VALUE.exec(text.slice(start))
    if (value !== null) {
      const problem = { message: NO_OBJECT, offset: start + value[0].length - 1 }
      yield { start, end: text.length, isJson: false, problem }
      return
    }
    REST_OF_LINE.lastIndex = start
    start = REST_OF_LINE.test(text) ? REST_OF_LINE.lastIndex : start
  }
  yield* splitYaml(text, start)
}

/**
 * `---` or `...` at the start of a line, followed by white space or the end, is a marker wherever it stands, inside
 * quotes and brackets too (YAML 1.2, rule c-forbidden), so this needs no parser; and one document with an error does not
 * keep the others from being read. kubectl takes more blanks, and a `#`, right after `---`: those are problems.
 */
function* splitYaml(text: string, from: number): Generator<Chunk> {
  let start = from
  let problem: Chunk['problem']
  // True if directives and comments of the next document may follow: at the beginning and after `...`.
  let atPreamble = true
  // What follows JSON may begin with a marker in the middle of a line.
  const rest = from === 0 ? text : text.slice(from)
  const chunk = (end: number): Chunk => ({ start, end, isJson: false, ...(problem && { problem }) })
  for (const match of rest.matchAll(MARKER)) {
    const at = match.index + from
    if (match[0].endsWith('.')) {
      const end = lineEnd(text, at)
      yield chunk(end)
      start = end
      problem = undefined
      atPreamble = true
      continue
    }
    if (at > start && !(atPreamble && isPreamble(text, start, at))) {
      yield chunk(at)
      start = at
      problem = undefined
    }
    if (match.groups?.['odd'] !== undefined) problem = { message: ODD_MARKER, offset: at }
    else if (hidesText(rest, match.index)) problem = { message: HIDDEN_BY_MARKER, offset: at }
    atPreamble = false
  }
  if (start < text.length) yield chunk(text.length)
}

/**
 * Whether kubectl, whose lines end at line feeds only, takes for a separator what others read as a separator and, after a
 * carriage return, the first line of a document.
 */
function hidesText(text: string, at: number): boolean {
  if (at > 0 && text[at - 1] !== '\n') return false
  const end = text.indexOf('\n', at)
  const line = text.slice(at, end < 0 ? text.length : end)
  const hidden = line.indexOf('\r')
  return hidden >= 0 && SEPARATOR.test(line) && line.slice(hidden).trim() !== ''
}

/** The offset after the line break that ends the line at `at`. */
function lineEnd(text: string, at: number): number {
  const lineBreak = /\r\n?|\n/g
  lineBreak.lastIndex = at
  return lineBreak.exec(text) === null ? text.length : lineBreak.lastIndex
}

/** Whether the whole lines from `start` to `end` are blank, comments or directives. */
function isPreamble(text: string, start: number, end: number): boolean {
  const line = /(?:\uFEFF?[ \t]*(?:#[^\r\n]*)?|%[^\r\n]*)(?:\r\n?|\n)/y
  line.lastIndex = start
  while (line.lastIndex < end) if (!line.test(text)) return false
  return true
}
