import type { JsonObject } from '../../json/value.ts'

/** Kinds whose template and selector are all that a check reads of them; the rest of the spec is how many and how. */
const SCALED = ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'replicationcontrollers']

const IS_SCALED = `((!has(request.resource.group) || request.resource.group in ['', 'apps']) && request.resource.resource in [${SCALED.map(name => `'${name}'`).join(', ')}])`

/** `subResource` is absent where there is none, and an absent key is an error, which refuses the request. */
const IS_NEW = "request.operation != 'UPDATE' || (has(request.subResource) && request.subResource != '')"

/**
 * What lets an update pass without a call, where the checks read the spec alone: with every gateway down a finalizer can
 * still be removed, a label set, and a Deployment scales its ReplicaSets. Both must hold for a webhook to be called.
 */
export const ONLY_CHANGED: readonly JsonObject[] = [
  {
    name: 'spec-changed',
    expression: `${IS_NEW} || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec`,
  },
  {
    name: 'template-changed',
    expression:
      `${IS_NEW} || !${IS_SCALED} || !has(object.spec) || !has(oldObject.spec)` +
      ' || !has(object.spec.template) || !has(oldObject.spec.template) || object.spec.template != oldObject.spec.template' +
      ' || has(object.spec.selector) != has(oldObject.spec.selector)' +
      ' || (has(object.spec.selector) && object.spec.selector != oldObject.spec.selector)',
  },
]
