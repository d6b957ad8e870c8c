import type { AdmissionRequest } from '../admission/request.ts'
import { quote } from '../admission/text.ts'
import { CHECKS } from '../checks/index.ts'
import { deepEqual, get, getList, getString, type JsonObject } from '../json/value.ts'
import { suggest } from '../policy/suggest.ts'
import type { ReviewContext } from './context.ts'

/** Why an exception that is applied will cover nothing, or less than it says: its date, its namespace, names that are misspelt. */
export function exceptionDoubts(
  { namespace, oldObject }: AdmissionRequest,
  object: JsonObject,
  { set, now, ownNamespace }: ReviewContext,
): readonly string[] {
  const spec = object['spec']
  if (oldObject !== null && deepEqual(spec, get(oldObject, 'spec'))) return []
  const expires = getString(spec, 'expires')
  const isOver = expires !== undefined && Date.parse(expires) <= now()
  const misspelt = (key: string, what: string, known: readonly string[]) =>
    getList(spec, key).flatMap((value, index) => {
      const name = String(value)
      const meant = known.includes(name) ? '' : suggest(name, known)
      // Others may be meant for a policy that is applied in a moment; the status tells if it never is.
      return meant === '' ? [] : [`/spec/${key}/${index}: there is no ${what} ${quote(name)}${meant}`]
    })
  return [
    ...(ownNamespace === undefined || namespace === ownNamespace
      ? []
      : [
          `/metadata/namespace: an exception counts only in the namespace ${quote(ownNamespace)}: this one has no effect`,
        ]),
    ...(isOver ? [`/spec/expires: it ended at ${expires}: it covers nothing`] : []),
    ...misspelt(
      'policies',
      'policy',
      set.documents.map(({ name }) => name),
    ),
    ...misspelt(
      'checks',
      'check',
      CHECKS.map(({ id }) => id),
    ),
  ]
}
