import type { z } from 'zod'
import { oneLine, quote, shorten } from '../admission/text.ts'
import { type Pointer, pointerOf, type Segment } from '../json/pointer.ts'
import type { Range } from '../yaml/document.ts'
import { describeAllowed, keysAllowedAt } from './schema-facts.ts'
import { suggest } from './suggest.ts'

/** A fault in a value, before anyone knows which file it came from. */
export interface ValueProblem {
  readonly pointer: Pointer
  /** Whether the key itself is at fault, or what stands under it. */
  readonly part: 'key' | 'value'
  readonly message: string
}

/** What is wrong with a document, where, and what would be right. */
export interface Problem {
  readonly file: string
  /** Lines and columns count from 1. */
  readonly line: number
  readonly column: number
  readonly pointer: Pointer
  readonly message: string
  /** The option that named the path, such as `--policies`, where it cannot be read at all: no place in it is at fault. */
  readonly option?: string
}

/** One document of a policy folder, as its reader hands it over. */
export interface SourceDocument {
  readonly file: string
  readonly value: unknown
  /** The kinds that its folder may hold. */
  readonly kinds: readonly string[]
  /** A hash of the document's text: equal texts have equal revisions. */
  readonly revision: string
  locate(pointer: Pointer, part?: 'key' | 'value'): Range
}

/** Puts a fault where it stands in its file. */
export function locateProblem(document: SourceDocument, { pointer, part, message }: ValueProblem): Problem {
  const { start } = document.locate(pointer, part)
  return { file: document.file, line: start.line, column: start.column, pointer, message }
}

/** `policies/a.yaml:3:7: /spec/failurePolicy: must be one of …` or `--policies nope: no such file or folder`, on one line. */
export function describeProblem({ file, line, column, pointer, message, option }: Problem): string {
  if (option !== undefined) return `${option} ${oneLine(file)}: ${message}`
  // A pointer holds keys as the document writes them.
  const place = pointer === '' ? '' : `${shorten(oneLine(pointer), 256)}: `
  return `${file}:${line}:${column}: ${place}${message}`
}

/**
 * Says in plain words what a schema found wrong.
 *
 * @param schema what the value was parsed with; it knows which fields are allowed where.
 * @param base the segments that lead to the value.
 */
export function problemsOf(
  error: z.ZodError,
  schema: z.ZodType,
  base: readonly Segment[] = [],
): readonly ValueProblem[] {
  return error.issues.flatMap(issue => describeIssue(issue, schema, base))
}

function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, base: readonly Segment[]): readonly ValueProblem[] {
  const path = issue.path.map(segment => (typeof segment === 'symbol' ? String(segment) : segment))
  const pointer = pointerOf([...base, ...path])
  switch (issue.code) {
    case 'unrecognized_keys': {
      const allowed = keysAllowedAt(schema, path)
      return issue.keys.map(key => ({
        pointer: pointerOf([...base, ...path, key]),
        part: 'key',
        message: `unknown field ${quote(key)}${suggest(key, allowed)}; allowed: ${allowed.join(', ')}`,
      }))
    }
    case 'invalid_type':
      return [{ pointer, part: 'value', message: describeType(issue, path, schema) }]
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      const input =
        typeof issue.input === 'string' ? `${quote(issue.input)} is not allowed${suggest(issue.input, allowed)}; ` : ''
      const must =
        allowed.length === 1 ? `must be ${allowed.map(quote)}` : `must be one of ${allowed.map(quote).join(', ')}`
      const field = issue.input === undefined ? missingField(path) : ''
      return [{ pointer, part: 'value', message: `${field}${input}${must}` }]
    }
    case 'invalid_union':
      return [{ pointer, part: 'value', message: unionMessage(issue.message, schema, path) }]
    default:
      return [{ pointer, part: 'value', message: issue.message }]
  }
}

/** What zod says of a union that has no words of its own. */
const NO_WORDS = 'Invalid input'

function unionMessage(message: string, schema: z.ZodType, path: readonly Segment[]): string {
  return message === NO_WORDS ? `must be ${describeAllowed(schema, path)}` : message
}

function describeType(issue: z.core.$ZodIssueInvalidType, path: readonly Segment[], schema: z.ZodType): string {
  const expected = describeAllowed(schema, path)
  if (issue.input !== undefined) return `must be ${expected}, not ${nameOfType(issue.input)}`
  return path.length === 0 ? `must be ${expected}` : `${missingField(path)}${expected}`
}

function missingField(path: readonly Segment[]): string {
  return `required field ${quote(String(path.at(-1) ?? ''))} is missing: `
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
