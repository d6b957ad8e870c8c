import { oneLine } from '../admission/text.ts'
import type { Position, Range } from '../yaml/document.ts'
import type { CodeFrame } from './report.ts'

const CONTEXT_LINES = 2
/** What a terminal shows without wrapping, more or less; minified JSON is one line of a megabyte. */
const MAX_WIDTH = 120
/** How much of a line that is too long stands before its mark. */
const LEAD = 40
const REDACTED = '***'

/** The text of a file by lines, and what of it is secret. */
export interface FrameSource {
  /** The line's text without its break; lines count from 1. */
  line(number: number): string
  /** The secrets on that line, sorted, none touching another. */
  secretsOn(number: number): readonly Columns[]
}

/** A stretch of one line; columns count from 1, the end is exclusive. */
export interface Columns {
  readonly start: number
  readonly end: number
}

/**
 * Draws the lines around the beginning of `marked`, no further than `within`, so that nothing of a neighbouring
 * document shows: it may be one that could not be read, whose secrets nobody knows.
 */
export function codeFrame(source: FrameSource, marked: Range, within: Range): CodeFrame {
  const { line, column } = marked.start
  const first = Math.max(within.start.line, line - CONTEXT_LINES)
  const last = Math.max(line, Math.min(lastLine(within), line + CONTEXT_LINES))
  const lines: { number: number; text: string }[] = []
  let mark = { number: line, column: 0, width: 1 }
  for (let number = first; number <= last; number++) {
    const visible = clip(source, number, within)
    if (number !== line) lines.push({ number, text: draw(visible, 0).text })
    else {
      const isOneLine = marked.end.line === line
      const end = isOneLine ? marked.end.column : visible.text.trimEnd().length + 1
      const from = end <= MAX_WIDTH ? 0 : Math.max(0, column - 1 - LEAD)
      const drawn = draw(visible, from, { start: column, end })
      lines.push({ number, text: drawn.text })
      mark = { number: line, column: drawn.column, width: drawn.width }
    }
  }
  return { lines, marked: mark }
}

/** A range that ends at the beginning of a line does not reach into it. */
function lastLine({ start, end }: Range): number {
  return end.column === 1 && end.line > start.line ? end.line - 1 : end.line
}

interface Visible {
  readonly text: string
  readonly secrets: readonly Columns[]
}

/** A line as far as it belongs to the document; several documents cannot share a line, but a marker can. */
function clip(source: FrameSource, number: number, within: Range): Visible {
  const text = source.line(number)
  const end: Position = within.end
  const rest = number === end.line ? text.slice(end.column - 1) : ''
  // A comment behind the document's last value belongs to the reader; anything else does not show.
  const shown = rest.trim() === '' || /^\s+#/.test(rest) ? text : text.slice(0, end.column - 1)
  return { text: shown, secrets: source.secretsOn(number) }
}

interface Drawn {
  readonly text: string
  readonly column: number
  readonly width: number
}

/** Draws a line from offset `from`: unprintable characters escaped, secrets blacked out, cut where it is too long. */
function draw({ text, secrets }: Visible, from: number, mark: Columns = { start: 1, end: 1 }): Drawn {
  const start = text.length <= MAX_WIDTH ? 0 : from
  let drawn = start > 0 ? '…' : ''
  let column = drawn.length
  let width = 0
  let offset = start
  while (offset < text.length && drawn.length < MAX_WIDTH) {
    const secret = columnsAt(secrets, offset)
    const cell = secret === undefined ? characterAt(text, offset) : REDACTED
    const next = secret === undefined ? offset + cell.length : Math.min(secret.end - 1, text.length)
    const shown = secret === undefined ? oneLine(cell) : cell
    if (next <= mark.start - 1) column += shown.length
    else if (offset < mark.end - 1) width += shown.length
    drawn += shown
    offset = next
  }
  return { text: offset < text.length ? `${drawn}…` : drawn.trimEnd(), column, width: Math.max(width, 1) }
}

/** The columns that the character at `offset` belongs to. */
function columnsAt(sorted: readonly Columns[], offset: number): Columns | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.end ?? 0) - 1 <= offset) low = middle + 1
    else high = middle
  }
  const candidate = sorted[low]
  return candidate !== undefined && candidate.start - 1 <= offset ? candidate : undefined
}

function characterAt(text: string, offset: number): string {
  return String.fromCodePoint(text.codePointAt(offset) ?? 0)
}
