/** A part of a text that holds one YAML document at most, with its markers, directives and comments. */
export interface Chunk {
  readonly start: number
  readonly end: number
}

/**
 * Cuts a text into its documents. `---` or `...` at the start of a line, followed by white space or the end, is a marker
 * wherever it stands, inside quotes and brackets too (YAML 1.2, rule c-forbidden), so this needs no parser; and one
 * document with an error does not keep the others from being read.
 */
export function* splitDocuments(text: string): Generator<Chunk> {
  const marker = /(?<=^|[\r\n])\uFEFF?(?:---|\.\.\.)(?=[ \t\r\n]|$)/g
  let start = 0
  // True where directives and comments of the next document may stand: at the beginning and after `...`.
  let atPreamble = true
  for (const match of text.matchAll(marker)) {
    const at = match.index
    if (match[0].endsWith('.')) {
      const end = lineEnd(text, at)
      yield { start, end }
      start = end
      atPreamble = true
    } else {
      if (at > start && !(atPreamble && isPreamble(text, start, at))) {
        yield { start, end: at }
        start = at
      }
      atPreamble = false
    }
  }
  if (start < text.length) yield { start, end: text.length }
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
