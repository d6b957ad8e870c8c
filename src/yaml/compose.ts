import { COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'
import { isList, type Json } from '../json/value.ts'
import { keyEvents, type Members, type MutableObject, mergeInto, setMember } from './members.ts'
import {
  collectionTagProblem,
  colonProblem,
  isMergeKey,
  keyOf,
  offsetOf,
  questionMarkProblem,
  type Source,
  taggedScalar,
} from './nodes.ts'
import { plainValue } from './scalar.ts'
import { Problem, tooDeep } from './syntax.ts'

/** What the composer needs beyond the events of one document. */
export interface Bounds {
  readonly depth: number
  /** How many more nodes aliases may stand for; counts down over all documents of a text. */
  aliasedNodes: number
}

/** What an alias refers to. `height` is 0 for a scalar, 1 for an empty list; `nodes` counts the aliases inside in full. */
interface Anchor {
  value: Json
  nodes: number
  height: number
  open: boolean
  readonly event: Event
}

/** A list or mapping that is not closed yet. */
interface Frame extends Members {
  readonly list: Json[] | undefined
  readonly anchor: Anchor | undefined
  readonly firstNode: number
  readonly eventIndex: number
  /** The key that waits for its value. */
  key: string | undefined
  /** True while the value of a merge key is awaited. */
  merging: boolean
  height: number
}

/**
 * The value of the one document in `events`, as Kubernetes reads it; undefined where the document is empty. `lineOf`
 * names the line of an offset in messages. Aliased values are shared, not copied.
 */
export function compose(
  source: Source,
  events: readonly Event[],
  bounds: Bounds,
  lineOf: (offset: number) => number,
): Json | Problem | undefined {
  const composer = new Composer(source, events, bounds, lineOf)
  for (let index = 1; index < events.length - 1; index++) {
    const problem = composer.take(index)
    if (problem !== undefined) return problem.offset < 0 ? problem.at(nearestOffset(events, index)) : problem
  }
  return isEmptyDocument(events) ? undefined : composer.root
}

/** A document event, a node that stands nowhere and has no tag or anchor, and the end. */
function isEmptyDocument(events: readonly Event[]): boolean {
  const [, node] = events
  return events.length === 3 && node?.type === EVENT_ID.SCALAR && offsetOf(node) === undefined
}

function nearestOffset(events: readonly Event[], index: number): number {
  for (let i = index; i >= 0; i--) {
    const event = events[i]
    const offset = event === undefined ? undefined : offsetOf(event)
    if (offset !== undefined) return offset
  }
  return 0
}

class Composer {
  root: Json = null
  readonly #source: Source
  readonly #events: readonly Event[]
  readonly #bounds: Bounds
  readonly #lineOf: (offset: number) => number
  readonly #frames: Frame[] = []
  readonly #anchors = new Map<string, Anchor>()
  #frame: Frame | undefined
  #nodes = 0

  constructor(source: Source, events: readonly Event[], bounds: Bounds, lineOf: (offset: number) => number) {
    this.#source = source
    this.#events = events
    this.#bounds = bounds
    this.#lineOf = lineOf
  }

  /** Takes the event at `index`. */
  take(index: number): Problem | undefined {
    const event = this.#events[index]
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        this.#nodes++
        return this.#anyScalar(event)
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        this.#nodes++
        return this.#open(event, index)
      case EVENT_ID.ALIAS:
        return this.#alias(event)
      case EVENT_ID.POP:
        return this.#close()
      default:
        // A text is split at its markers, so a second document cannot follow; if it does, it must not get lost.
        return new Problem('a document begins here without ---', -1)
    }
  }

  #awaitsKey(): boolean {
    const frame = this.#frame
    return frame?.object !== undefined && frame.key === undefined && !frame.merging
  }

  /** Takes a scalar that is a key or a value. */
  #anyScalar(event: ScalarEvent): Problem | undefined {
    const question = this.#isFlow() ? questionMarkProblem(this.#source, event) : undefined
    return question ?? (this.#awaitsKey() ? this.#scalarKey(event) : this.#scalar(event))
  }

  #scalar(event: ScalarEvent): Problem | undefined {
    const value = this.#scalarValue(event)
    if (value instanceof Problem) return value
    if (event.anchorStart >= 0) this.#anchor(event, value)
    return this.#add(value, 0)
  }

  #scalarValue(event: ScalarEvent): null | boolean | number | string | Problem {
    const text = getScalarValue(this.#source.text, event)
    let value: null | boolean | number | string
    if (event.tagStart >= 0) {
      const scalar = taggedScalar(this.#source, event, text)
      if (scalar instanceof Problem) return scalar
      value = scalar.value
    } else value = event.style === SCALAR_STYLE.PLAIN ? plainValue(text) : text
    if (text.startsWith(':') && this.#isFlow()) {
      const problem = colonProblem(this.#source, event, 'value in brackets')
      if (problem !== undefined) return problem
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return new Problem(`JSON has no number ${text}`, offsetOf(event) ?? -1)
    }
    return value
  }

  #anchor(event: Extract<Event, { type: 2 | 3 | 4 }>, value: Json): Anchor {
    const anchor = { value, nodes: 1, height: 0, open: false, event }
    this.#anchors.set(this.#nameOf(event), anchor)
    return anchor
  }

  #scalarKey(event: ScalarEvent): Problem | undefined {
    if (event.anchorStart >= 0) {
      const value = this.#scalarValue(event)
      if (value instanceof Problem) return value
      this.#anchor(event, value)
    }
    if (isMergeKey(this.#source, event)) {
      if (this.#frame !== undefined) this.#frame.merging = true
      return undefined
    }
    return colonProblem(this.#source, event, 'key') ?? this.#setKey(keyOf(this.#source, event), event)
  }

  #isFlow(): boolean {
    const opening = this.#frame === undefined ? undefined : this.#events[this.#frame.eventIndex]
    return (
      opening?.type !== EVENT_ID.DOCUMENT &&
      opening !== undefined &&
      'style' in opening &&
      opening.style === COLLECTION_STYLE.FLOW
    )
  }

  #setKey(key: string | Problem, event: Event): Problem | undefined {
    if (key instanceof Problem) return key
    const frame = this.#frame
    if (frame?.object === undefined) return undefined
    if (Object.hasOwn(frame.object, key) && frame.merged?.delete(key) !== true)
      return this.#duplicate(frame, key, event)
    frame.key = key
    return undefined
  }

  #duplicate(frame: Frame, key: string, event: Event): Problem {
    const second = offsetOf(event) ?? 0
    const first = keyEvents(this.#events, frame.eventIndex).find(earlier => this.#keyText(earlier) === key)
    const lines = [first === undefined ? second : (offsetOf(first) ?? 0), second].map(this.#lineOf)
    return new Problem(
      `the key ${JSON.stringify(key)} is set twice, in line ${lines[0]} and in line ${lines[1]}`,
      second,
    )
  }

  /** The text of a key; of an alias, the text of the scalar that its name stands for now. */
  #keyText(event: Event): string | Problem | undefined {
    if (event.type === EVENT_ID.SCALAR) return isMergeKey(this.#source, event) ? undefined : keyOf(this.#source, event)
    const target = event.type === EVENT_ID.ALIAS ? this.#anchors.get(this.#nameOf(event)) : undefined
    return target?.event.type === EVENT_ID.SCALAR ? keyOf(this.#source, target.event) : undefined
  }

  #nameOf(event: { anchorStart: number; anchorEnd: number }): string {
    return this.#source.text.slice(event.anchorStart, event.anchorEnd)
  }

  #open(event: Extract<Event, { type: 2 | 3 }>, eventIndex: number): Problem | undefined {
    const isMapping = event.type === EVENT_ID.MAPPING
    if (this.#awaitsKey()) {
      return new Problem(`a ${isMapping ? 'mapping' : 'list'} cannot be a key; Kubernetes takes text`, event.start)
    }
    if (this.#frames.length >= this.#bounds.depth) return new Problem(tooDeep(this.#bounds.depth), event.start)
    const problem = collectionTagProblem(this.#source, event, isMapping ? 'map' : 'seq')
    if (problem !== undefined) return problem
    const list: Json[] | undefined = isMapping ? undefined : []
    const object: MutableObject | undefined = isMapping ? {} : undefined
    const anchor = event.anchorStart >= 0 ? this.#anchor(event, list ?? object ?? null) : undefined
    if (anchor !== undefined) anchor.open = true
    this.#frame = {
      list,
      object,
      anchor,
      firstNode: this.#nodes,
      eventIndex,
      key: undefined,
      merging: false,
      merged: undefined,
      height: 1,
    }
    this.#frames.push(this.#frame)
    return undefined
  }

  #close(): Problem | undefined {
    const frame = this.#frames.pop()
    if (frame === undefined) return undefined
    if (frame.anchor !== undefined) {
      frame.anchor.open = false
      frame.anchor.height = frame.height
      frame.anchor.nodes = this.#nodes - frame.firstNode + 1
    }
    this.#frame = this.#frames.at(-1)
    return this.#add(frame.list ?? frame.object ?? null, frame.height)
  }

  #alias(event: Extract<Event, { type: 5 }>): Problem | undefined {
    const offset = event.anchorStart - 1
    const name = this.#nameOf(event)
    const anchor = this.#anchors.get(name)
    if (anchor === undefined) return new Problem(`there is no anchor &${name} before this alias`, offset)
    if (anchor.open) return new Problem(`the alias *${name} stands inside the value that it refers to`, offset)
    this.#nodes += anchor.nodes
    this.#bounds.aliasedNodes -= anchor.nodes
    if (this.#bounds.aliasedNodes < 0) return new Problem('aliases repeat too much; write the values out', offset)
    if (this.#frames.length + anchor.height > this.#bounds.depth)
      return new Problem(tooDeep(this.#bounds.depth), offset)
    if (!this.#awaitsKey()) return this.#add(anchor.value, anchor.height, offset)
    if (anchor.event.type === EVENT_ID.SCALAR) return this.#setKey(keyOf(this.#source, anchor.event), event)
    return new Problem('a list or mapping cannot be a key; Kubernetes takes text', offset)
  }

  /** Puts a complete value where it belongs. `alias` is the offset of the alias that stands for it. */
  #add(value: Json, height: number, alias?: number): Problem | undefined {
    const frame = this.#frame
    if (frame === undefined) this.root = value
    else if (frame.merging) {
      frame.merging = false
      frame.height = Math.max(frame.height, isList(value) ? height - 1 : height)
      if (!mergeInto(frame, value, alias !== undefined))
        return new Problem('<< takes a mapping, or a list of mappings', alias ?? -1)
    } else {
      if (frame.height <= height) frame.height = height + 1
      if (frame.list !== undefined) frame.list.push(value)
      else if (frame.object !== undefined && frame.key !== undefined) setMember(frame.object, frame.key, value)
      frame.key = undefined
    }
    return undefined
  }
}
