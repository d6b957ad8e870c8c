import type { ValueProblem } from './problems.ts'
import type { ExceptionDocument } from './schema.ts'

/** Who may be exempt: facts that the author of an object does not write into it. */
const ABOUT_THE_AUTHOR = ['namespaces', 'namespaceSelector', 'users', 'groups'] as const
/** What the author of an object chooses freely. */
const CHOSEN_IN_MATCH = ['names', 'objectSelector'] as const
const CHOSEN = ['containers', 'images'] as const

/** Kinds that live in no namespace: to make one takes rights in the whole cluster. */
const CLUSTER_SCOPED = ['PersistentVolume', 'StorageClass', 'Namespace']

/**
 * Warns of an exception that the object it exempts grants to itself: nothing but a name, a label, a container's name or
 * an image restricts it, and whoever writes the object writes those. Kinds and paths bound what is granted, not who gets
 * it: alone they say honestly that everyone does, beside a name they change nothing.
 */
export function scopeWarnings({ spec }: ExceptionDocument): readonly ValueProblem[] {
  const { match = {}, breakGlass, checks, paths } = spec
  if (breakGlass !== undefined || ABOUT_THE_AUTHOR.some(field => restricts(match[field]))) return []
  const kinds = match.kinds ?? []
  if (kinds.length > 0 && kinds.every(kind => CLUSTER_SCOPED.includes(kind))) return []
  const chosen = [
    ...CHOSEN_IN_MATCH.filter(field => restricts(match[field])).map(field => ({
      field,
      pointer: `/spec/match/${field}`,
    })),
    ...CHOSEN.filter(field => restricts(spec[field])).map(field => ({ field, pointer: `/spec/${field}` })),
  ]
  const [first] = chosen
  if (first !== undefined) {
    const fields = chosen.map(({ field }) => field).join(' and ')
    const message = `only ${fields} restricts whom it exempts, and the author of an object chooses that: the object grants the exception to itself; add namespaces, namespaceSelector, users or groups`
    return [{ pointer: first.pointer, part: 'value', message }]
  }
  if (kinds.length > 0 || restricts(checks) || restricts(paths)) return []
  const message = 'nothing restricts it: these policies no longer refuse anything, to anyone'
  return [{ pointer: '/spec/policies', part: 'value', message }]
}

/** Whether a field says anything: an empty list and an empty selector match all. */
function restricts(field: readonly string[] | Selector | undefined): boolean {
  if (field === undefined) return false
  if ('matchLabels' in field || 'matchExpressions' in field)
    return Object.keys(field.matchLabels ?? {}).length + (field.matchExpressions ?? []).length > 0
  return Array.isArray(field) && field.length > 0
}

type Selector = NonNullable<NonNullable<ExceptionDocument['spec']['match']>['objectSelector']>
