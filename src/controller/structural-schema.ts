import { isList, isObject, type Json, type JsonObject } from '../json/value.ts'

/** What may stand in for a schema that says nothing: any value, kept as it is. */
const ANYTHING: JsonObject = { 'x-kubernetes-preserve-unknown-fields': true }

/** Keywords that mean the same in a structural schema. */
const KEPT = [
  'type',
  'description',
  'enum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'required',
] as const

/**
 * Turns a JSON Schema into what Kubernetes takes for one (`structural`): every node has a type or keeps whatever it holds,
 * constants are enumerations of one, alternatives are one object of all their fields, and objects that may hold more than
 * they name keep it: what a newer Kubernetes knows is not for an older one to drop.
 */
export function structuralSchema(schema: Json | undefined): JsonObject {
  if (!isObject(schema)) return ANYTHING
  const alternatives = schema['anyOf'] ?? schema['oneOf']
  if (isList(alternatives)) return merged(alternatives, schema)
  const result: Record<string, Json> = {}
  for (const key of KEPT) {
    const value = schema[key]
    if (value !== undefined) result[key] = value
  }
  if (schema['const'] !== undefined) result['enum'] = [schema['const']]
  if (result['type'] === undefined && isList(result['enum'])) result['type'] = typeof result['enum'][0]
  // Go's regular expressions know no look-around; what only JavaScript can say is said when the document is compiled.
  const { pattern } = schema
  if (typeof pattern === 'string' && !/\(\?[=!<]/.test(pattern)) result['pattern'] = pattern
  // The one format here that Kubernetes knows; it says more than the pattern that stands for it.
  if (schema['format'] === 'date-time') {
    result['format'] = 'date-time'
    delete result['pattern']
  }
  const items = schema['items']
  if (result['type'] === 'array') result['items'] = structuralSchema(items)
  if (result['type'] === 'object') addFields(result, schema)
  // The largest safe integer is nobody's bound.
  for (const bound of ['minimum', 'maximum']) {
    if (Math.abs(Number(result[bound] ?? 0)) === Number.MAX_SAFE_INTEGER) delete result[bound]
  }
  return result['type'] === undefined ? { ...result, ...ANYTHING } : result
}

function addFields(result: Record<string, Json>, schema: JsonObject): void {
  const { properties, additionalProperties } = schema
  if (isObject(properties)) {
    result['properties'] = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, structuralSchema(value)]),
    )
    if (additionalProperties !== false) result['x-kubernetes-preserve-unknown-fields'] = true
  } else if (isObject(additionalProperties) && Object.keys(additionalProperties).length > 0) {
    result['additionalProperties'] = structuralSchema(additionalProperties)
  } else result['x-kubernetes-preserve-unknown-fields'] = true
}

/** Alternatives of objects as one object; which fields go together is left to the compiler of the document. */
function merged(alternatives: readonly Json[], { description }: JsonObject): JsonObject {
  const schemas = alternatives.map(structuralSchema)
  if (!schemas.every(schema => schema['type'] === 'object')) return ANYTHING
  const properties = Object.assign({}, ...schemas.map(schema => schema['properties'] ?? {})) as JsonObject
  return { type: 'object', ...(description !== undefined && { description }), properties }
}
