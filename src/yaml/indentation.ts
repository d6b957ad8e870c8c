import { EVENT_ID, type Event } from 'js-yaml'

/** A stretch of text that was blanked out because a comment stands there. */
export interface Comment {
  readonly start: number
  readonly end: number
}

/** A text as long as the original, so that offsets hold, with less indentation to complain about. */
export interface Relaxed {
  readonly text: string
  readonly comments: readonly Comment[]
}

/**
 * libyaml does not care about indentation inside brackets and quotes, YAML 1.2 and js-yaml do; and a `]` as far left as
 * its key is common in manifests. This joins the line at `offset`, which js-yaml found too far left, with the one before
 * it: the line break becomes a space, as do a comment before it and tabs around it. Undefined where nothing is left to
 * change. What is blanked as a comment must be checked with {@link isConsistent}.
 */
export function relaxIndentation({ text, comments }: Relaxed, offset: number): Relaxed | undefined {
  const blanks = startOfRun(text, offset, ' \t')
  const lineBreak = blanks - lineBreakBefore(text, blanks)
  const lineStart = startOfLine(text, lineBreak)
  // Without a line break before it, js-yaml objects to a tab further left in the line.
  const line = text.slice(lineStart, lineBreak === blanks ? offset : lineBreak)
  if (lineBreak === blanks && !line.includes('\t')) return undefined
  const comment = lineBreak === blanks ? line.length : commentStart(line)
  const kept = line.slice(0, comment).replaceAll('\t', ' ')
  const joined = text.slice(0, lineStart) + kept + ' '.repeat(offset - lineStart - kept.length) + text.slice(offset)
  const blanked = { start: lineStart + comment, end: lineBreak }
  return { text: joined, comments: comment === line.length ? comments : [...comments, blanked] }
}

function startOfRun(text: string, end: number, characters: string): number {
  let at = end
  while (at > 0 && characters.includes(text.charAt(at - 1))) at--
  return at
}

function startOfLine(text: string, end: number): number {
  let at = end
  while (at > 0 && !'\r\n'.includes(text.charAt(at - 1))) at--
  return at
}

/** The length of the line break that ends at `end`: 0, 1 or 2. */
function lineBreakBefore(text: string, end: number): number {
  if (end > 1 && text.startsWith('\r\n', end - 2)) return 2
  return end > 0 && '\r\n'.includes(text.charAt(end - 1)) ? 1 : 0
}

/** Where the comment of a line inside brackets begins: at the first `#` after white space and outside quotes. */
function commentStart(line: string): number {
  const token = /"(?:[^"\\]|\\.)*"|'[^']*'|(?<comment>(?<=^|[ \t])#)|[^"'#]+|./gy
  for (const match of line.matchAll(token)) if (match.groups?.['comment'] !== undefined) return match.index
  return line.length
}

/**
 * Whether the events of a relaxed text are those of the original: if no scalar reaches into a blanked comment, then the
 * parser stood between two nodes there, and would have skipped the comment in the original too.
 */
export function isConsistent(events: readonly Event[], comments: readonly Comment[]): boolean {
  return comments.every(comment =>
    events.every(
      event => event.type !== EVENT_ID.SCALAR || event.valueEnd <= comment.start || event.valueStart >= comment.end,
    ),
  )
}

/** The events with those scalars marked for folding that have line breaks in `original` but had none when parsed. */
export function withLineBreaks(events: readonly Event[], original: string): readonly Event[] {
  return events.map(event => {
    if (event.type !== EVENT_ID.SCALAR || !event.fast) return event
    const hasBreak = /[\r\n]/.test(original.slice(event.valueStart, event.valueEnd))
    return hasBreak ? { ...event, fast: false } : event
  })
}
