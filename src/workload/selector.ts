import { isObject, type Json, type JsonObject } from '../json/value.ts'

/** One requirement of a label selector. */
export interface Requirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values: readonly string[]
}

/** A label selector, its two forms brought into one. No requirement selects everything, as upstream. */
export type Selector = readonly Requirement[]

/** A selector as a document writes it. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined
  readonly matchExpressions?:
    | readonly {
        readonly key: string
        readonly operator: Requirement['operator']
        readonly values?: readonly string[] | undefined
      }[]
    | undefined
}

/** Brings `matchLabels` and `matchExpressions` into one list. */
export function compileSelector(selector: LabelSelector | undefined): Selector {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'In', values: [value] }),
  )
  const expressions = (selector?.matchExpressions ?? []).map(
    ({ key, operator, values }): Requirement => ({ key, operator, values: values ?? [] }),
  )
  return [...labels, ...expressions]
}

/** Reads one label: its value, undefined where it is absent, `'unknown'` where nobody can say. */
export type LabelReader = (key: string) => { readonly value: string | undefined } | 'unknown'

/** The labels of an object's own metadata. */
export function labelsOf(object: JsonObject | null): LabelReader {
  const metadata: Json | undefined =
    object !== null && Object.hasOwn(object, 'metadata') ? object['metadata'] : undefined
  const labels = isObject(metadata) && Object.hasOwn(metadata, 'labels') ? metadata['labels'] : undefined
  return key => {
    const value = isObject(labels) && Object.hasOwn(labels, key) ? labels[key] : undefined
    return { value: typeof value === 'string' ? value : undefined }
  }
}

/**
 * Whether the labels satisfy every requirement. One requirement that is known to fail decides, whatever is unknown
 * beside it; otherwise one unknown label makes the answer unknown.
 */
export function selects(selector: Selector, read: LabelReader): boolean | 'unknown' {
  let answer: boolean | 'unknown' = true
  for (const requirement of selector) {
    const label = read(requirement.key)
    if (label === 'unknown') answer = 'unknown'
    else if (!satisfies(requirement, label.value)) return false
  }
  return answer
}

function satisfies({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}
