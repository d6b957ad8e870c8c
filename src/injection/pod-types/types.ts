/** What a field of the API holds, as far as it matters for writing it right. */
export type FieldType =
  | { readonly kind: 'string' | 'int' | 'bool' | 'quantity' | 'intOrString' | 'any' }
  | { readonly kind: 'list'; readonly of: FieldType }
  /** Keys are free. */
  | { readonly kind: 'map'; readonly of: FieldType }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, FieldType> }

export type ScalarKind = Exclude<FieldType['kind'], 'list' | 'map' | 'object' | 'any'>

export const string: FieldType = { kind: 'string' }
export const int: FieldType = { kind: 'int' }
export const bool: FieldType = { kind: 'bool' }
export const quantity: FieldType = { kind: 'quantity' }
export const intOrString: FieldType = { kind: 'intOrString' }
/** Passed through unread. */
export const any: FieldType = { kind: 'any' }

export function list(of: FieldType): FieldType {
  return { kind: 'list', of }
}

export function map(of: FieldType): FieldType {
  return { kind: 'map', of }
}

export function object(fields: Readonly<Record<string, FieldType>>): FieldType {
  return { kind: 'object', fields: new Map(Object.entries(fields)) }
}

export const strings = list(string)

/** The type of what stands under `key`; unknown fields hold anything. */
export function typeAt(type: FieldType, key: string): FieldType {
  if (type.kind === 'map') return type.of
  return type.kind === 'object' ? (type.fields.get(key) ?? any) : any
}
