import { quote, shorten } from '../../admission/text.ts'
import { isList, isObject, type Json } from '../../json/value.ts'
import { type MutableObject, setMember } from '../../yaml/members.ts'
import { parseYaml } from '../../yaml/parse.ts'
import { plainValue } from '../../yaml/scalar.ts'
import { conform } from '../pod-types/conform.ts'
import { expected, mismatch } from '../pod-types/mismatch.ts'
import { type FieldType, typeAt } from '../pod-types/types.ts'
import { Fault } from './template/fault.ts'

/** What the templates in a string give for a pod. */
export interface RenderedText {
  readonly text: string
  /** The offset of the first of them in the file. */
  readonly offset: number
  /** Told of characters before they are read as YAML. Throws a Fault where they are too many. */
  readonly beforeParse: (characters: number) => void
}

/** Renders the templates in a string; undefined for a string without any. */
export type Render = (text: string) => RenderedText | undefined

/**
 * Renders the templates in `value`; undefined if nothing is left of it. What a template gives stays in its place: text
 * where a string belongs, whatever it looks like; elsewhere what YAML makes of it, which must be of the type that belongs
 * there, and nothing if it is empty. Throws a Fault.
 */
export function fill(value: Json, type: FieldType, render: Render): Json | undefined {
  if (typeof value === 'string') {
    const rendered = render(value)
    return rendered === undefined ? value : renderedValue(rendered, type)
  }
  if (isList(value)) {
    const of = type.kind === 'list' ? type.of : ({ kind: 'any' } as const)
    return value.flatMap((item): Json[] => {
      const filled = fill(item, of, render)
      return filled === undefined ? [] : [filled]
    })
  }
  if (!isObject(value)) return value
  const result: MutableObject = {}
  for (const key of Object.keys(value)) {
    const filled = fill(value[key] ?? null, typeAt(type, key), render)
    // A key of a map is as free as a value of it; the fields of an object are not.
    const name = type.kind === 'map' ? (render(key)?.text ?? key) : key
    if (filled !== undefined) setMember(result, name, filled)
  }
  return result
}

function renderedValue(rendered: RenderedText, type: FieldType): Json | undefined {
  const { text, offset } = rendered
  if (type.kind === 'string' || type.kind === 'any') return text
  if (type.kind === 'list' || type.kind === 'map' || type.kind === 'object') return collectionOf(rendered, type)
  const value = plainValue(text.trim())
  if (value === null) return undefined
  const isNumberOrText = type.kind === 'quantity' || (type.kind === 'intOrString' && !Number.isInteger(value))
  const scalar = isNumberOrText ? text : value
  const message = mismatch(scalar, type)
  if (message !== undefined) throw new Fault(`the template gives ${quote(text)}: ${message}`, offset)
  return scalar
}

/** A list or map in place of a template: read by itself, so that it cannot reach out of its place. */
function collectionOf({ text, offset, beforeParse }: RenderedText, type: FieldType): Json | undefined {
  beforeParse(text.length)
  const { documents, problems } = parseYaml(text, { depth: 50, aliasedNodes: 1000, documents: 1 })
  const value = documents[0]?.value ?? null
  const problem = problems[0]?.message ?? conformedProblem(value, type)
  if (problem !== undefined) {
    throw new Fault(
      `${expected(type)} belongs here, and the template gives ${quote(shorten(text, 100))}: ${problem}`,
      offset,
    )
  }
  return value === null ? undefined : conform(value, type).value
}

function conformedProblem(value: Json, type: FieldType): string | undefined {
  const [problem] = conform(value, type).problems
  return problem && `${problem.pointer} ${problem.message}`.trim()
}
