import type { Pointer } from '../json/pointer.ts'
import { splitDocuments } from './chunks.ts'
import { type Bounds, compose } from './compose.ts'
import type { Position, YamlDocument, YamlProblem } from './document.ts'
import { defaultYamlLimits, type YamlLimits } from './limits.ts'
import { positionsIn } from './lines.ts'
import { findPlace, placesOf } from './places.ts'
import { directivesOf, eventsOf, Problem } from './syntax.ts'
import { doubledReturn, halfCharacter, unreadableCharacter } from './unreadable.ts'

/** The documents that can be read, in order, and what is wrong with the others, in order. */
export interface ParsedYaml {
  readonly documents: readonly YamlDocument[]
  readonly problems: readonly YamlProblem[]
}

/**
 * Reads YAML (or JSON, which is YAML) as Kubernetes does: values are what `sigs.k8s.io/yaml` over goyaml v2 makes of
 * them, so `yes` is true, `0777` is 511 and `1:` is the key `"1"`. Stricter than Kubernetes where it would guess:
 * duplicate keys and unknown tags are problems.
 *
 * Each document stands for itself: one that cannot be read becomes a problem, is never returned in part, and leaves the
 * others as they are. Empty documents are left out. Never throws.
 */
export function parseYaml(text: string, limits?: Partial<YamlLimits>): ParsedYaml {
  const { size, depth, aliasedNodes, documents: most, mayRetry } = { ...defaultYamlLimits, ...limits }
  const positions = positionsIn(text)
  // The last line break may be ours.
  const positionOf = (offset: number) => positions(Math.min(offset, text.length))
  const documents: YamlDocument[] = []
  const problems: YamlProblem[] = []
  const report = (message: string, offset: number) => problems.push({ message, position: positionOf(offset) })
  if (text.length > size) {
    report(`the text has ${text.length} characters; the limit is ${size}`, 0)
    return { documents, problems }
  }
  const bounds: Bounds = { depth, aliasedNodes }
  for (const { start, end, isJson, problem } of splitDocuments(text)) {
    const part = text.slice(start, end)
    const chunk = { text: isJson || end < text.length ? part : withLastBreak(part), base: start, isJson }
    const document =
      problem === undefined
        ? readDocument(chunk, bounds, positionOf, mayRetry)
        : new Problem(problem.message, problem.offset - start)
    if (document === undefined) continue
    if (documents.length + problems.length >= most) {
      report(`the text has more than ${most} documents`, start)
      break
    }
    if (document instanceof Problem) report(document.message, start + document.offset)
    else documents.push(document)
  }
  return { documents, problems }
}

/** kubectl ends the last line of a text, which makes a difference to a block scalar. */
function withLastBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

/** The text of one document, which begins at `base` in the whole text. */
interface DocumentText {
  readonly text: string
  readonly base: number
  readonly isJson: boolean
}

/** The document in a text; undefined if it is empty. */
function readDocument(
  { text, base, isJson }: DocumentText,
  bounds: Bounds,
  positionOf: (offset: number) => Position,
  mayRetry: YamlLimits['mayRetry'],
): YamlDocument | Problem | undefined {
  const unreadable = isJson ? undefined : (unreadableCharacter(text) ?? doubledReturn(text))
  if (unreadable !== undefined) return unreadable
  const events = eventsOf(text, bounds.depth, mayRetry)
  if (events instanceof Problem) return events
  if (events.length === 0) return undefined
  const source = { text, directives: directivesOf(events) }
  const value = compose(source, events, bounds, offset => positionOf(base + offset).line)
  if (value === undefined || value instanceof Problem) return value
  const surrogate = isJson ? halfCharacter(text, value) : undefined
  if (surrogate !== undefined) return surrogate
  // The events take many times the room of the text; most documents are never asked for positions.
  let root: ReturnType<typeof placesOf> | undefined
  return {
    value,
    locate(pointer: Pointer, part: 'key' | 'value' = 'value') {
      root ??= placesOf(text, bounds.depth)
      const { start, end } = findPlace(root, pointer, part)
      return { start: positionOf(base + start), end: positionOf(base + end) }
    },
  }
}
