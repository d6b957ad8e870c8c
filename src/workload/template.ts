import { type Pointer, parsePointer, pointerOf, resolvePointer } from '../json/pointer.ts'
import { dig, get, getList, getString, isObject, type JsonObject } from '../json/value.ts'

/** The object that a template's controller reads beside it: the `spec` of a Deployment, that of a CronJob's jobTemplate. */
function besideTemplate(object: JsonObject, template: Pointer): JsonObject | undefined {
  const parent = resolvePointer(object, pointerOf((parsePointer(template) ?? []).slice(0, -1)))
  return isObject(parent) ? parent : undefined
}

/** The label keys by which the controller of a template finds its pods; none where it says nothing. */
export function selectorKeys(object: JsonObject, template: Pointer): ReadonlySet<string> {
  const selector = get(besideTemplate(object, template), 'selector')
  if (!isObject(selector)) return new Set()
  // A ReplicationController's selector is the labels themselves.
  const isPlain = get(object, 'kind') === 'ReplicationController'
  const labels = isPlain ? selector : get(selector, 'matchLabels')
  const expressions = isPlain ? [] : getList(selector, 'matchExpressions')
  return new Set([
    ...(isObject(labels) ? Object.keys(labels) : []),
    ...expressions.flatMap(expression => getString(expression, 'key') ?? []),
  ])
}

/** The volumes that the pods of a template get although it does not name them: the claims of a StatefulSet. */
export function claimedVolumes(object: JsonObject, template: Pointer): ReadonlySet<string> {
  const claims = getList(besideTemplate(object, template), 'volumeClaimTemplates')
  return new Set(claims.flatMap(claim => getString(dig(claim, 'metadata'), 'name') ?? []))
}
