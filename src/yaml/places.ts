import { COLLECTION_STYLE, EVENT_ID, type Event, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'
import { type Pointer, parseIndex, parsePointer } from '../json/pointer.ts'
import { isMergeKey, keyOf, type Source } from './nodes.ts'
import { directivesOf, eventsOf, Problem } from './syntax.ts'

/** A stretch of a document's text, as offsets; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Where a node and what is in it stand. What came through an alias stands at the alias and has nothing in it. */
export interface Place extends Span {
  readonly key?: Span
  readonly members?: ReadonlyMap<string, Place>
  readonly elements?: readonly Place[]
  /** What an alias refers to. */
  readonly target?: Place
}

/** The place of the node at `pointer` or of its nearest parent, or that of its key where `part` asks and it has one. */
export function findPlace(root: Place, pointer: Pointer, part: 'key' | 'value'): Span {
  let at = root
  for (const segment of parsePointer(pointer) ?? []) {
    const index = at.elements === undefined ? undefined : parseIndex(segment)
    const child = at.members?.get(segment) ?? (index === undefined ? undefined : at.elements?.[index])
    if (child === undefined) break
    at = child
  }
  return part === 'key' ? (at.key ?? at) : at
}

/** The places in `text`, one document that was composed without a problem. */
export function placesOf(text: string, depth: number): Place {
  const events = eventsOf(text, depth)
  if (events instanceof Problem) throw new Error(`a document that was read before cannot be read: ${events.message}`)
  return new PlaceReader({ text, directives: directivesOf(events) }, events).document()
}

class PlaceReader {
  readonly #source: Source
  readonly #events: readonly Event[]
  readonly #anchors = new Map<string, { readonly place: Place; readonly event: Event }>()
  #next = 0
  /** Everything before this offset has been accounted for. */
  #cursor = 0

  constructor(source: Source, events: readonly Event[]) {
    this.#source = source
    this.#events = events
  }

  document(): Place {
    const event = this.#events[this.#next++]
    if (event?.type === EVENT_ID.DOCUMENT && event.explicitStart) {
      const marker = /(?<=^|[\r\n])\uFEFF?---/.exec(this.#source.text)
      this.#cursor = marker === null ? 0 : marker.index + marker[0].length
    }
    return this.#node()
  }

  #node(): Place {
    const event = this.#events[this.#next++]
    const place = event === undefined ? this.#empty() : this.#place(event)
    if (event !== undefined && event.type !== EVENT_ID.ALIAS && 'anchorStart' in event && event.anchorStart >= 0) {
      this.#anchors.set(this.#source.text.slice(event.anchorStart, event.anchorEnd), { place, event })
    }
    return place
  }

  #place(event: Event): Place {
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return this.#advance(this.#scalar(event))
      case EVENT_ID.ALIAS: {
        const target = this.#anchors.get(this.#source.text.slice(event.anchorStart, event.anchorEnd))?.place
        const span = { start: event.anchorStart - 1, end: event.anchorEnd }
        return this.#advance(target === undefined ? span : { ...span, target })
      }
      case EVENT_ID.SEQUENCE:
        this.#cursor = event.start + (event.style === COLLECTION_STYLE.FLOW ? 1 : 0)
        return { elements: this.#elements(), ...this.#closed(event) }
      case EVENT_ID.MAPPING:
        this.#cursor = event.start + (this.#source.text[event.start] === '{' ? 1 : 0)
        return { members: this.#members(), ...this.#closed(event) }
      default:
        return this.#empty()
    }
  }

  #advance<P extends Span>(place: P): P {
    this.#cursor = place.end
    return place
  }

  #atEnd(): boolean {
    return this.#events[this.#next]?.type === EVENT_ID.POP
  }

  #elements(): readonly Place[] {
    const elements: Place[] = []
    while (!this.#atEnd()) elements.push(this.#node())
    return elements
  }

  #members(): ReadonlyMap<string, Place> {
    const members = new Map<string, Place>()
    while (!this.#atEnd()) {
      const event = this.#events[this.#next]
      const { start, end } = this.#node()
      const key = { start, end }
      // Before the value, which may give the name of an alias to something else.
      const name = this.#nameOf(event)
      const value = this.#node()
      if (name === undefined) merge(members, key, value)
      else members.set(name, { ...value, key })
    }
    return members
  }

  /** The name that a key's event stands for; undefined for the merge key. */
  #nameOf(event: Event | undefined): string | undefined {
    if (event?.type === EVENT_ID.ALIAS) {
      const target = this.#anchors.get(this.#source.text.slice(event.anchorStart, event.anchorEnd))?.event
      return target?.type === EVENT_ID.SCALAR ? this.#keyText(target) : undefined
    }
    return event?.type !== EVENT_ID.SCALAR || isMergeKey(this.#source, event) ? undefined : this.#keyText(event)
  }

  #keyText(event: ScalarEvent): string | undefined {
    const key = keyOf(this.#source, event)
    return typeof key === 'string' ? key : undefined
  }

  #scalar(event: ScalarEvent): Span {
    const properties = Math.max(event.tagEnd, event.anchorEnd)
    if (event.valueStart < 0) return properties < 0 ? this.#empty() : propertiesOf(event)
    switch (event.style) {
      case SCALAR_STYLE.SINGLE_QUOTED:
      case SCALAR_STYLE.DOUBLE_QUOTED:
        return { start: event.valueStart - 1, end: event.valueEnd + 1 }
      case SCALAR_STYLE.LITERAL_BLOCK:
      case SCALAR_STYLE.FOLDED_BLOCK: {
        const start = this.#skip(Math.max(this.#cursor, properties), ':-?')
        const text = this.#source.text.slice(start, event.valueEnd)
        return { start, end: start + text.trimEnd().length }
      }
      default:
        return { start: event.valueStart, end: event.valueEnd }
    }
  }

  /** A value that is not written stands right after its `:` or `-`, or after what is before it. */
  #empty(): Span {
    const at = this.#skip(this.#cursor, '')
    const indicator = this.#source.text[at]
    const end = indicator === ':' || indicator === '-' ? at + 1 : this.#cursor
    return { start: end, end }
  }

  /** The span of a list or mapping whose children have been read; moves past its end. */
  #closed(event: Extract<Event, { type: 2 | 3 }>): Span {
    this.#next++
    const bracket = this.#source.text[event.start]
    if (event.style === COLLECTION_STYLE.FLOW && (bracket === '[' || bracket === '{')) {
      this.#cursor = this.#skip(this.#cursor, ',:?') + 1
    }
    return { start: event.start, end: this.#cursor }
  }

  /** The first offset from `from` that is not white space, a comment or one of `indicators`. */
  #skip(from: number, indicators: string): number {
    const { text } = this.#source
    let at = from
    for (; at < text.length; at++) {
      const c = text.charAt(at)
      if (c === '#') while (at + 1 < text.length && !'\r\n'.includes(text.charAt(at + 1))) at++
      else if (!' \t\r\n'.includes(c) && !indicators.includes(c)) break
    }
    return at
  }
}

/** Where the tag and anchor of an empty node stand. */
function propertiesOf(event: ScalarEvent): Span {
  const starts = [event.tagStart, event.anchorStart - 1].filter(start => start >= 0)
  return { start: Math.min(...starts), end: Math.max(event.tagEnd, event.anchorEnd) }
}

/** Members that a merge brings: those of an alias stand at the alias, those of a mapping written there where they are. */
function merge(members: Map<string, Place>, key: Span, value: Place): void {
  for (const part of value.elements?.toReversed() ?? [value]) {
    for (const [name, member] of part.members ?? []) members.set(name, member)
    for (const name of part.target?.members?.keys() ?? []) members.set(name, { start: part.start, end: part.end, key })
  }
}
