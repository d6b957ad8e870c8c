import { splitDocuments } from '../../../yaml/chunks.ts'
import {
  COLLECTION_STYLE,
  EVENT_ID,
  type Event,
  getScalarValue,
  SCALAR_STYLE,
  type ScalarEvent,
} from '../../../yaml/events.ts'
import { colonProblem, isMergeKey, offsetOf, taggedScalar } from '../../../yaml/nodes.ts'
import { parseNumber } from '../../../yaml/number.ts'
import { asText, plainScalar, type Scalar } from '../../../yaml/scalar.ts'
import { directivesOf, eventsOf, Problem } from '../../../yaml/syntax.ts'
import { unreadableCharacter } from '../../../yaml/unreadable.ts'
import { Fault } from './fault.ts'
import type { Call } from './functions.ts'
import {
  type MapKey,
  NIL_ITEM,
  NilInterface,
  Sized,
  TemplateList,
  TemplateMap,
  type TemplateValue,
  typeName,
} from './value.ts'

/** Levels of lists and maps, and nodes that aliases may repeat. */
const LIMITS = { depth: 50, aliasedNodes: 1000 } as const

/** `fromYaml text`: the first document as goyaml v2 decodes it into any type. Throws a Fault. */
export function fromYaml([text = null]: readonly TemplateValue[], { offset, budget }: Call): TemplateValue {
  if (typeof text !== 'string') throw new Fault(`fromYaml takes a string, not ${typeName(text)}`, offset)
  budget.parse(offset, text.length)
  const [chunk] = splitDocuments(text)
  if (chunk === undefined) return null
  const document = text.slice(chunk.start, chunk.end)
  const mayRetry = (characters: number) => {
    budget.parseAgain(offset, characters)
    return true
  }
  const events = unreadableCharacter(document) ?? eventsOf(document, LIMITS.depth, mayRetry)
  const value = events instanceof Problem ? events : new Composer(document, events).value()
  if (!(value instanceof Problem)) return value
  const before = text.slice(0, chunk.start + Math.max(0, value.offset))
  throw new Fault(`fromYaml: line ${before.split(/\r\n?|\n/).length}: ${value.message}`, offset)
}

type Anchored = { readonly value: TemplateValue; readonly key: Scalar | undefined; readonly nodes: number }

/** What is wrong, on its way out of the recursion. */
class Unreadable extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** Puts the events of one document together. */
class Composer {
  readonly #text: string
  readonly #events: readonly Event[]
  readonly #source: Parameters<typeof taggedScalar>[0]
  readonly #anchors = new Map<string, Anchored>()
  #at = 1
  #nodes = 0
  #aliased = 0

  constructor(text: string, events: readonly Event[]) {
    this.#text = text
    this.#events = events
    this.#source = { text, directives: directivesOf(events) }
  }

  value(): TemplateValue | Problem {
    try {
      const value = this.#node()
      return value instanceof NilInterface ? null : value
    } catch (error) {
      if (error instanceof Unreadable) return new Problem(error.message, error.offset)
      throw error
    }
  }

  #node(): TemplateValue {
    const event = this.#events[this.#at++]
    const first = this.#nodes++
    switch (event?.type) {
      case EVENT_ID.SCALAR: {
        const scalar = this.#scalar(event)
        return this.#anchored(event, scalarValue(scalar, this.#textOf(event)), scalar, first)
      }
      case EVENT_ID.SEQUENCE: {
        const items: TemplateValue[] = []
        const isFlow = event.style === COLLECTION_STYLE.FLOW
        while (this.#isOpen()) {
          if (isFlow) this.#refuseColon(this.#events[this.#at], 'value in brackets')
          items.push(this.#node())
        }
        this.#at++
        return this.#anchored(event, new TemplateList('[]interface {}', items), undefined, first)
      }
      case EVENT_ID.MAPPING: {
        const entries = new Entries()
        while (this.#isOpen()) this.#entry(entries, event.style === COLLECTION_STYLE.FLOW)
        this.#at++
        return this.#anchored(event, entries.map(), undefined, first)
      }
      case EVENT_ID.ALIAS:
        return this.#alias(event).value
      default:
        return NIL_ITEM
    }
  }

  #isOpen(): boolean {
    const type = this.#events[this.#at]?.type
    return type !== undefined && type !== EVENT_ID.POP
  }

  #entry(entries: Entries, isFlow: boolean): void {
    const event = this.#events[this.#at]
    if (isFlow && event !== undefined && offsetOf(event) === undefined) {
      throw new Unreadable('a key is missing before ":"', 0)
    }
    if (event?.type === EVENT_ID.SCALAR && isMergeKey(this.#source, event)) {
      this.#at++
      this.#merge(entries, event)
      return
    }
    this.#refuseColon(event, 'key')
    const key = this.#node()
    const value = this.#node()
    entries.set(keyOf(key, event), value)
  }

  /** Colons that goyaml v2 reads otherwise than YAML 1.2 has it. */
  #refuseColon(event: Event | undefined, role: 'key' | 'value in brackets'): void {
    const problem = event?.type === EVENT_ID.SCALAR ? colonProblem(this.#source, event, role) : undefined
    const first = event?.type === EVENT_ID.SCALAR ? this.#text[event.valueStart] : undefined
    const isBare = event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && first === ':'
    if (problem !== undefined) throw new Unreadable(problem.message, problem.offset)
    if (isBare) throw new Unreadable('a plain text cannot begin with ":" here', event.valueStart)
  }

  /** `<<`: of several maps the earlier ones win, and all of them over what came before, as goyaml v2 has it. */
  #merge(entries: Entries, at: ScalarEvent): void {
    const value = this.#node()
    const maps = value instanceof TemplateList ? [...value.items].reverse() : [value]
    for (const map of maps) {
      if (!(map instanceof TemplateMap))
        throw new Unreadable('<< takes a mapping, or a list of mappings', at.valueStart)
      for (const [key, item] of map.entries) entries.set(key, item)
    }
  }

  #scalar(event: ScalarEvent): Scalar {
    const text = getScalarValue(this.#text, event)
    if (event.tagStart < 0) return event.style === SCALAR_STYLE.PLAIN ? plainScalar(text) : asText(text)
    const scalar = taggedScalar(this.#source, event, text)
    if (scalar instanceof Problem) throw new Unreadable(scalar.message, scalar.offset)
    return scalar
  }

  #textOf(event: ScalarEvent): string {
    return getScalarValue(this.#text, event)
  }

  #anchored(
    event: Extract<Event, { type: 2 | 3 | 4 }>,
    value: TemplateValue,
    key: Scalar | undefined,
    first: number,
  ): TemplateValue {
    if (event.anchorStart >= 0) {
      const name = this.#text.slice(event.anchorStart, event.anchorEnd)
      // goyaml v2 takes no others.
      if (!/^[-\w]+$/.test(name)) {
        throw new Unreadable('the name of an anchor holds letters, digits, "-" and "_" only', event.anchorStart)
      }
      this.#anchors.set(name, { value, key, nodes: this.#nodes - first })
    }
    return value
  }

  #alias(event: Extract<Event, { type: 5 }>): Anchored {
    const name = this.#text.slice(event.anchorStart, event.anchorEnd)
    const anchor = this.#anchors.get(name)
    if (anchor === undefined)
      throw new Unreadable(`there is no anchor &${name} before this alias`, event.anchorStart - 1)
    this.#nodes += anchor.nodes
    this.#aliased += anchor.nodes
    if (this.#aliased > LIMITS.aliasedNodes) {
      throw new Unreadable('aliases repeat too much; write the values out', event.anchorStart - 1)
    }
    return anchor
  }
}

/** The entries of a map: a key that comes again replaces the earlier one. */
class Entries {
  readonly #byIdentity = new Map<string, readonly [MapKey, TemplateValue]>()

  set(key: MapKey, value: TemplateValue): void {
    const identity = key instanceof Sized ? `${key.type} ${key.value}` : `${typeof key} ${String(key)}`
    this.#byIdentity.set(identity, [key, value])
  }

  map(): TemplateMap {
    return new TemplateMap('map[interface {}]interface {}', this.#byIdentity.values())
  }
}

function keyOf(value: TemplateValue, event: Event | undefined): MapKey {
  if (value instanceof NilInterface) return null
  if (value === null || typeof value !== 'object' || value instanceof Sized) return value
  throw new Unreadable('a list or mapping cannot be a key', event !== undefined && 'start' in event ? event.start : 0)
}

function scalarValue({ kind, value }: Scalar, text: string): TemplateValue {
  if (value === null) return NIL_ITEM
  if (kind === 'int' || kind === 'uint') {
    const integer = BigInt(parseNumber(text)?.digits ?? String(value))
    return kind === 'int' ? integer : new Sized('uint64', integer)
  }
  return value
}
