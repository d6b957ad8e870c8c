import { type DocumentDirective, EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml'
import { isConsistent, type Relaxed, relaxIndentation, withLineBreaks } from './indentation.ts'

/** What is wrong, and at which offset; -1 where the node stands nowhere. */
export class Problem {
  readonly message: string
  readonly offset: number
  constructor(message: string, offset: number) {
    this.message = message
    this.offset = offset
  }

  /** The same problem at another offset. */
  at(offset: number): Problem {
    return new Problem(this.message, offset)
  }
}

/** js-yaml's parser recurses; beyond this many levels its stack could run out, whatever the limits allow. */
const SAFE_DEPTH = 1000

/** Characters that may be parsed again in search of indentation that only js-yaml minds. */
const RETRY_BUDGET = 32 * 1024 * 1024

/** js-yaml's events of one document's text, or what is wrong with its syntax. */
export function eventsOf(text: string, depth: number, mayRetry = retries()): readonly Event[] | Problem {
  const first = tryEvents(text, depth)
  if (!(first instanceof YAMLException)) return first
  const events = isIndentation(first) ? relaxedEvents(text, depth, first, mayRetry) : first
  return events instanceof YAMLException ? problemOf(text, events, depth) : events
}

function tryEvents(text: string, depth: number): readonly Event[] | YAMLException {
  try {
    // Two more than the levels of collections: a scalar in the innermost, and a collection that is tried as a key first.
    return parseEvents(text, { maxDepth: Math.min(depth, SAFE_DEPTH) + 2 })
  } catch (error) {
    if (error instanceof YAMLException) return error
    throw error
  }
}

function isIndentation(error: YAMLException): boolean {
  return error.reason === 'deficient indentation'
}

function retries(): (characters: number) => boolean {
  let budget = RETRY_BUDGET
  return characters => {
    budget -= characters
    return budget + characters > 0
  }
}

function relaxedEvents(
  text: string,
  depth: number,
  first: YAMLException,
  mayRetry: (characters: number) => boolean,
): readonly Event[] | YAMLException {
  let relaxed: Relaxed = { text, comments: [] }
  let result: readonly Event[] | YAMLException = first
  while (result instanceof YAMLException && isIndentation(result) && mayRetry(text.length + 1000)) {
    const next = relaxIndentation(relaxed, result.mark?.position ?? 0)
    if (next === undefined) return result
    relaxed = next
    result = tryEvents(relaxed.text, depth)
  }
  if (result instanceof YAMLException) return result
  return isConsistent(result, relaxed.comments) ? withLineBreaks(result, text) : first
}

function problemOf(text: string, error: YAMLException, depth: number): Problem {
  const offset = error.mark?.position ?? 0
  const line = text.slice(offset - (error.mark?.column ?? 0), offset)
  // A tab ends the indentation, so the complaint is often about what follows it.
  const tab = /document separator|indentation/.test(error.reason) ? /^ *(?=\t)/.exec(line)?.[0].length : undefined
  if (tab !== undefined) return new Problem(TAB, offset - line.length + tab)
  return new Problem(explain(error.reason, depth), offset)
}

export function tooDeep(depth: number): string {
  return `the document nests deeper than ${depth} levels`
}

const TAB = 'a tab is used for indentation; YAML allows only spaces there'

/** js-yaml's reasons that a reader of the file would not understand, or that speak of the whole text. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [/^tab characters must not be used in indentation$/, TAB],
  [
    /^unexpected end of the (?:stream|document) within a (single|double) quoted scalar$/,
    'a $1-quoted text is not closed',
  ],
  [/^unexpected end of the stream within a flow collection$/, 'a list or mapping in brackets is not closed'],
  [/^end of the stream or a document separator is expected$/, 'this does not belong to the document before it'],
  [/^deficient indentation$/, 'this line must be indented further than the key or dash it belongs to'],
  [/^expected valid JSON character$|non-printable/, 'a control character stands here; escape it in double quotes'],
  [/^null byte is not allowed in input$/, 'a NUL character stands here'],
]

function explain(reason: string, depth: number): string {
  if (reason.startsWith('nesting exceeded')) return tooDeep(Math.min(depth, SAFE_DEPTH))
  for (const [pattern, message] of explanations) if (pattern.test(reason)) return reason.replace(pattern, message)
  return reason
}

/** The directives of a document that begins with its document event. */
export function directivesOf(events: readonly Event[]): readonly DocumentDirective[] {
  const [first] = events
  return first?.type === EVENT_ID.DOCUMENT ? first.directives : []
}
