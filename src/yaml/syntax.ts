import { type DocumentDirective, EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml'

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

/** js-yaml's events of one document's text, or what is wrong with its syntax. */
export function eventsOf(text: string, depth: number): readonly Event[] | Problem {
  try {
    // One more than the levels of collections, for the scalars in the innermost.
    return parseEvents(text, { maxDepth: Math.min(depth, SAFE_DEPTH) + 1 })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    return new Problem(explain(error.reason, depth), error.mark?.position ?? 0)
  }
}

export function tooDeep(depth: number): string {
  return `the document nests deeper than ${depth} levels`
}

/** js-yaml's reasons that a reader of the file would not understand, or that speak of the whole text. */
const explanations: readonly (readonly [RegExp, string])[] = [
  [/^tab characters must not be used in indentation$/, 'a tab is used for indentation; YAML allows only spaces there'],
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
