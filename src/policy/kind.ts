import { quote } from '../admission/text.ts'
import { pointerOf, type Segment } from '../json/pointer.ts'
import { isList, isObject } from '../json/value.ts'
import type { SourceDocument, ValueProblem } from './problems.ts'
import { suggest } from './suggest.ts'

const UPSTREAM_KINDS = [
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
]

/** Where each kind belongs. */
const FOLDERS: Readonly<Record<string, string>> = {
  Policy: '--policies',
  PolicyException: '--exceptions',
  SidecarInjection: '--injections',
  PolicyTest: 'policy-lint test (tests/ beside the policies)',
}

/** The kind of a document; undefined where it has none. */
export function kindOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'kind')) return undefined
  const { kind } = value as { kind: unknown }
  return typeof kind === 'string' ? kind : undefined
}

/** What is wrong with the kind of a document, or undefined where its folder may hold it. */
export function misplacedKind({ value, kinds }: SourceDocument): ValueProblem | undefined {
  const kind = kindOf(value)
  if (kind !== undefined && kinds.includes(kind)) return undefined
  return { pointer: kind === undefined ? '' : '/kind', part: 'value', message: describeKind(kind, kinds) }
}

/**
 * How many values a document may have. The largest that people write have some hundreds; each that is wrong is told with what
 * may have been meant, and a megabyte has room for a third of a million.
 */
const MOST_VALUES = 5000

/** What keeps a document from being compiled at all, or undefined. */
export function unreadableDocument(source: SourceDocument): ValueProblem | undefined {
  const misplaced = misplacedKind(source)
  if (misplaced !== undefined || !isObject(source.value)) return misplaced
  const { metadata, spec } = source.value
  const { managedFields: _, ...own } = isObject(metadata) ? metadata : {}
  if (left(spec, left(own, MOST_VALUES)) < 0) {
    return { pointer: '', part: 'value', message: `the document has more than ${MOST_VALUES} values: split it up` }
  }
  return lostKey({ ...source.value, metadata: own })
}

/**
 * A key that no schema keeps: a selector would lose the requirement that stands under it, and then match more than it
 * says. Kubernetes has no field and takes no label of that name.
 */
export function lostKey(value: unknown, at: readonly Segment[] = []): ValueProblem | undefined {
  if (isList(value)) return firstOf(value.entries(), ([index, item]) => lostKey(item, [...at, index]))
  if (!isObject(value)) return undefined
  if (Object.hasOwn(value, '__proto__')) {
    const message = 'the key "__proto__" is neither a field nor a label: remove it'
    return { pointer: pointerOf([...at, '__proto__']), part: 'key', message }
  }
  return firstOf(Object.entries(value), ([key, item]) => lostKey(item, [...at, key]))
}

function firstOf<Item, Found>(items: Iterable<Item>, find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}

/** What is left of `most` when the values in `value` are taken off; below zero when there are more, which are not counted. */
function left(value: unknown, most: number): number {
  let count = most - 1
  const children = isList(value) ? value : isObject(value) ? Object.keys(value).map(key => value[key]) : []
  for (const child of children) {
    if (count < 0) break
    count = left(child, count)
  }
  return count
}

function describeKind(kind: string | undefined, allowedKinds: readonly string[]): string {
  const allowed = `allowed here: ${allowedKinds.join(', ')}`
  if (kind === undefined) return `is no policy document: it has no kind; ${allowed}`
  if (UPSTREAM_KINDS.includes(kind)) return `${kind} is not supported yet: this version evaluates no CEL; ${allowed}`
  const folder = FOLDERS[kind]
  if (folder !== undefined) return `a ${kind} does not belong here: put it in the folder of ${folder}; ${allowed}`
  return `unknown kind ${quote(kind)}${suggest(kind, allowedKinds)}; ${allowed}`
}
