import type { AdmissionRequest } from '../admission/request.ts'
import { get, getString, isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import { MARK } from '../workload/secrets.ts'

/** The value of a variable that comes from elsewhere: checks know that they cannot read it. */
const ELSEWHERE: JsonObject = { secretKeyRef: { name: 'redacted', key: 'redacted' } }

/**
 * A request in which variables that were redacted come from elsewhere: a check that needs one is skipped then. It would take the mark for
 * the value.
 */
export function withoutMarks(request: AdmissionRequest): AdmissionRequest {
  const { object, oldObject } = request
  return { ...request, object: object && unmarkObject(object), oldObject: oldObject && unmarkObject(oldObject) }
}

/** Why a request cannot be judged at all by who looks at it; undefined where it can. */
export function hiddenReason({ kind, object }: AdmissionRequest): string | undefined {
  if (kind.kind !== 'ConfigMap' || object === null) return undefined
  const values = ['data', 'binaryData'].flatMap(key => Object.values(get(object, key) ?? {}))
  return values.includes(MARK) ? 'what a ConfigMap holds was not recorded' : undefined
}

function unmarkObject(object: JsonObject): JsonObject {
  const unmarked = unmark(object)
  return isObject(unmarked) ? unmarked : object
}

/** What holds no mark stays the same value, and is not copied. */
function unmark(value: Json): Json {
  if (isList(value)) {
    const items = value.map(unmark)
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  if (!isObject(value)) return value
  let isChanged = false
  const entries = Object.entries(value).map(([key, child]): [string, Json] => {
    const next = key === 'env' && isList(child) ? child.map(variable) : unmark(child)
    isChanged ||= next !== child
    return [key, next]
  })
  return isChanged ? Object.fromEntries(entries) : value
}

function variable(entry: Json): Json {
  if (!isObject(entry) || getString(entry, 'value') !== MARK) return entry
  const { value: _, ...rest } = entry
  return { ...rest, valueFrom: ELSEWHERE }
}
