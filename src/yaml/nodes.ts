import { type DocumentDirective, EVENT_ID, type Event, getScalarValue, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'
import { asText, plainKey, plainScalar, resolveTagged, type Scalar } from './scalar.ts'
import { Problem } from './syntax.ts'

/** The text of one document and what is needed to read its events. Offsets count from the start of `text`. */
export interface Source {
  readonly text: string
  readonly directives: readonly DocumentDirective[]
}

const CORE = 'tag:yaml.org,2002:'

interface TagRange {
  readonly tagStart: number
  readonly tagEnd: number
}

/** The tag of a node in full (`tag:yaml.org,2002:str` for `!!str`), or undefined where it has none. */
function tagOf(source: Source, event: TagRange): string | undefined {
  if (event.tagStart < 0) return undefined
  const raw = source.text.slice(event.tagStart, event.tagEnd)
  if (raw.startsWith('!<')) return raw.slice(2, -1)
  const handle = raw.slice(0, raw.indexOf('!', 1) + 1) || '!'
  const rest = raw.slice(handle.length)
  for (const directive of source.directives) {
    if (directive.kind === 'tag' && directive.handle === handle) return directive.prefix + rest
  }
  return handle === '!!' ? CORE + rest : raw
}

/** The offset of a node, its tag or anchor included; undefined for an empty node, which stands nowhere. */
export function offsetOf(event: Event): number | undefined {
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart - 1
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) return undefined
  const starts = [event.tagStart, event.anchorStart - 1, valueOffset(event)]
  const present = starts.filter(start => start >= 0)
  return present.length === 0 ? undefined : Math.min(...present)
}

function valueOffset(event: Exclude<Event, { type: 1 | 5 | 6 }>): number {
  if (event.type !== EVENT_ID.SCALAR) return event.start
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
  return quoted ? event.valueStart - 1 : event.valueStart
}

/** Whether a key is the merge key: `<<` plain, or tagged `!!merge`. Quoted it is a key like any other. */
export function isMergeKey(source: Source, event: ScalarEvent): boolean {
  if (event.valueEnd - event.valueStart !== 2 || !source.text.startsWith('<<', event.valueStart)) return false
  return event.tagStart < 0 ? event.style === SCALAR_STYLE.PLAIN : tagOf(source, event) === `${CORE}merge`
}

/** The JSON object key that a scalar becomes, as sigs.k8s.io/yaml converts it, or why it cannot be one. */
export function keyOf(source: Source, event: ScalarEvent): string | Problem {
  const text = getScalarValue(source.text, event)
  if (event.tagStart < 0) {
    const key = event.style === SCALAR_STYLE.PLAIN ? plainKey(text) : text
    return key ?? notAKey(plainScalar(text), text, event)
  }
  const scalar = taggedScalar(source, event, text)
  return scalar instanceof Problem ? scalar : (scalar.key ?? notAKey(scalar, text, event))
}

function notAKey(scalar: Scalar, text: string, event: ScalarEvent): Problem {
  const what = scalar.kind === 'null' ? 'null' : `${text}, an integer beyond 64 bits,`
  return new Problem(`${what} cannot be a key; Kubernetes takes text, numbers and booleans`, offsetOf(event) ?? -1)
}

/** A scalar that carries a tag, or why Kubernetes would not read it. The tag `!` means text. */
export function taggedScalar(source: Source, event: ScalarEvent, text: string): Scalar | Problem {
  const tag = tagOf(source, event) ?? '!'
  if (tag === '!') return asText(text)
  const scalar = tag.startsWith(CORE) ? resolveTagged(tag.slice(CORE.length), text) : undefined
  if (scalar === undefined) return unknownTag(source, event)
  return typeof scalar === 'string' ? new Problem(scalar, event.tagStart) : scalar
}

/** Why a list (`seq`) or mapping (`map`) with this tag is not read; undefined where its tag, if any, fits. */
export function collectionTagProblem(source: Source, event: TagRange, kind: 'seq' | 'map'): Problem | undefined {
  const tag = tagOf(source, event)
  return tag === undefined || tag === '!' || tag === CORE + kind ? undefined : unknownTag(source, event)
}

function unknownTag(source: Source, event: TagRange): Problem {
  const tag = source.text.slice(event.tagStart, event.tagEnd)
  return new Problem(`the tag ${tag} is not one that Kubernetes reads here`, event.tagStart)
}

const FLOW_INDICATORS = ',[]{}'

/**
 * Why Kubernetes would read a plain scalar in brackets that begins with `?` otherwise than YAML 1.2 does: to libyaml it marks
 * a key there, whatever follows, so `{?a: 1}` has the key `a`.
 */
export function questionMarkProblem({ text }: Source, event: ScalarEvent): Problem | undefined {
  if (event.style !== SCALAR_STYLE.PLAIN || event.valueStart < 0 || text[event.valueStart] !== '?') return undefined
  const message = 'Kubernetes takes this question mark for the mark of a key; put quotes around the text'
  return new Problem(message, event.valueStart)
}

/**
 * Why Kubernetes would read a plain scalar in brackets otherwise than YAML 1.2 does: to libyaml a colon at its end needs
 * white space to be an indicator (`{a:}` is the key `a:`), and one at its beginning never is text (`[:a]`).
 */
export function colonProblem(
  source: Source,
  event: ScalarEvent,
  role: 'key' | 'value in brackets',
): Problem | undefined {
  const { text } = source
  const { valueStart, valueEnd } = event
  if (event.style !== SCALAR_STYLE.PLAIN || valueStart < 0) return undefined
  let colon = valueEnd
  while (' \t\r\n'.includes(text[colon] ?? '.')) colon++
  const leading = role === 'value in brackets' && text[valueStart] === ':'
  const trailing = role === 'key' && text[colon] === ':' && FLOW_INDICATORS.includes(text[colon + 1] ?? ' ')
  if (!leading && !trailing) return undefined
  const message =
    'Kubernetes reads this colon otherwise than YAML 1.2 does; put a space after it, or quotes around the text'
  return new Problem(message, leading ? valueStart : colon)
}
