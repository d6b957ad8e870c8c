import { getList, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'

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

/** Says why no labels can satisfy a selector; undefined if some can. */
export function contradictionIn(selector: Selector): string | undefined {
  for (const [key, requirements] of Map.groupBy(selector, requirement => requirement.key)) {
    const isAbsent = requirements.some(({ operator }) => operator === 'DoesNotExist')
    const isPresent = requirements.some(({ operator }) => operator === 'Exists' || operator === 'In')
    if (isAbsent && isPresent) {
      return `can never select anything: the label ${JSON.stringify(key)} must be there and must not be there`
    }
    const lists = requirements.filter(({ operator }) => operator === 'In').map(({ values }) => values)
    // An empty list is a fault of its own.
    if (lists.length === 0 || lists.some(values => values.length === 0)) continue
    const refused = new Set(requirements.filter(({ operator }) => operator === 'NotIn').flatMap(({ values }) => values))
    const left = lists
      .reduce((all, values) => all.filter(value => values.includes(value)))
      .filter(value => !refused.has(value))
    if (left.length === 0) {
      return `can never select anything: no value of the label ${JSON.stringify(key)} satisfies all its requirements`
    }
  }
  return undefined
}

const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'] satisfies Requirement['operator'][]

/**
 * Reads a selector as an object has it: a LabelSelector or, as a ReplicationController's, the labels themselves.
 *
 * @returns undefined where it is neither.
 */
export function readSelector(value: Json | undefined): Selector | undefined {
  if (!isObject(value)) return undefined
  const { matchLabels, matchExpressions } = value
  const isLabelSelector = isObject(matchLabels) || isList(matchExpressions)
  const labels = isLabelSelector ? (matchLabels ?? {}) : value
  if (!isObject(labels)) return undefined
  const requirements: Requirement[] = []
  for (const [key, label] of Object.entries(labels)) {
    if (typeof label !== 'string') return undefined
    requirements.push({ key, operator: 'In', values: [label] })
  }
  if (!isLabelSelector) return requirements
  for (const expression of isList(matchExpressions) ? matchExpressions : []) {
    const [key, operator] = [getString(expression, 'key'), getString(expression, 'operator')]
    const values = getList(expression, 'values')
    if (key === undefined || operator === undefined || !OPERATORS.includes(operator)) return undefined
    if (!values.every(item => typeof item === 'string')) return undefined
    requirements.push({ key, operator: operator as Requirement['operator'], values })
  }
  return requirements
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

/** The requirements that the labels do not satisfy. */
export function unsatisfied(selector: Selector, read: LabelReader): Selector {
  return selector.filter(requirement => {
    const label = read(requirement.key)
    return label !== 'unknown' && !satisfies(requirement, label.value)
  })
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

/** The labels of an object that are texts. */
export function labelsIn(labels: Json | undefined): Readonly<Record<string, string>> {
  const entries = Object.entries(isObject(labels) ? labels : {})
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
