import { z } from 'zod'
import type { Segment } from '../json/pointer.ts'

/** The schema of what stands at `path` below `schema`, or undefined where the schema says nothing about it. */
function schemaAt(schema: z.core.$ZodType | undefined, path: readonly Segment[]): z.core.$ZodType | undefined {
  const bare = unwrap(schema)
  const [segment, ...rest] = path
  if (bare === undefined || segment === undefined) return bare
  if (bare instanceof z.ZodObject) return schemaAt(bare.def.shape[String(segment)], rest)
  if (bare instanceof z.ZodArray) return schemaAt(bare.def.element, rest)
  if (bare instanceof z.ZodRecord) return schemaAt(bare.def.valueType, rest)
  if (bare instanceof z.ZodUnion) {
    for (const option of bare.def.options) {
      const found = schemaAt(option, path)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return unwrap(schema.def.innerType)
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.def.in) : schema
}

/** The field names that the object at `path` may have. */
export function keysAllowedAt(schema: z.ZodType, path: readonly Segment[]): readonly string[] {
  const found = schemaAt(schema, path)
  const options = found instanceof z.ZodUnion ? found.def.options : [found]
  const keys = options
    .map(unwrap)
    .flatMap(option => (option instanceof z.ZodObject ? Object.keys(option.def.shape) : []))
  return [...new Set(keys)]
}

/** What the schema wants at `path`, as a person would say it: `a list of strings`. */
export function describeAllowed(schema: z.ZodType, path: readonly Segment[]): string {
  return describe(schemaAt(schema, path))
}

function describe(schema: z.core.$ZodType | undefined): string {
  const bare = unwrap(schema)
  if (bare instanceof z.core.$ZodString) return 'a string'
  if (bare instanceof z.ZodBoolean) return 'true or false'
  if (bare instanceof z.ZodNumber) return 'a number'
  if (bare instanceof z.ZodObject) return 'an object'
  if (bare instanceof z.ZodRecord) return 'an object'
  if (bare instanceof z.ZodLiteral) return [...bare.values].map(value => JSON.stringify(value)).join(' or ')
  if (bare instanceof z.ZodEnum) return `one of ${bare.options.map(option => JSON.stringify(option)).join(', ')}`
  if (bare instanceof z.ZodArray) return `a list of ${plural(describe(bare.def.element))}`
  if (bare instanceof z.ZodUnion) return bare.def.options.map(describe).join(' or ')
  return 'another value'
}

function plural(phrase: string): string {
  return phrase.startsWith('a') ? `${phrase.replace(/^an? /, '')}s` : phrase
}
