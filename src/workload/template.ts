import { type Pointer, parsePointer, pointerOf, resolvePointer } from '../json/pointer.ts'
import { dig, get, getList, getString, isObject, type JsonObject } from '../json/value.ts'
import { readSelector, type Selector } from './selector.ts'

/** The object that a template's controller reads beside it: the `spec` of a Deployment, that of a CronJob's jobTemplate. */
function besideTemplate(object: JsonObject, template: Pointer): JsonObject | undefined {
  const parent = resolvePointer(object, pointerOf((parsePointer(template) ?? []).slice(0, -1)))
  return isObject(parent) ? parent : undefined
}

/** The selector by which the controller of a template finds its pods; undefined where it has none that can be read. */
export function selectorBeside(object: JsonObject, template: Pointer): Selector | undefined {
  return readSelector(get(besideTemplate(object, template), 'selector'))
}

/** The volumes that the pods of a template get although it does not name them: the claims of a StatefulSet. */
export function claimedVolumes(object: JsonObject, template: Pointer): ReadonlySet<string> {
  const claims = getList(besideTemplate(object, template), 'volumeClaimTemplates')
  return new Set(claims.flatMap(claim => getString(dig(claim, 'metadata'), 'name') ?? []))
}
