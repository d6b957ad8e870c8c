import { dig, getList, getString, type Json, type JsonObject } from '../../../src/json/value.ts'
import type { Access } from './api-audit.ts'

/** One verb on one resource, as RBAC grants it. */
export interface Right {
  readonly apiGroup: string
  readonly resource: string
  readonly verb: string
  /** Undefined: objects of any name. */
  readonly name: string | undefined
  /** Undefined: in every namespace. */
  readonly namespace: string | undefined
}

/** Every right that a service account has by the roles that are bound to it among these objects. */
export function rightsOf(objects: readonly JsonObject[], account: string): readonly Right[] {
  const bindings = objects.filter(object => /^(?:Cluster)?RoleBinding$/.test(getString(object, 'kind') ?? ''))
  return bindings.flatMap(binding => {
    if (!getList(binding, 'subjects').some(subject => getString(subject, 'name') === account)) return []
    const namespace = getString(dig(binding, 'metadata'), 'namespace')
    const reference = dig(binding, 'roleRef')
    const role = objects.find(
      object =>
        getString(object, 'kind') === getString(reference, 'kind') &&
        getString(dig(object, 'metadata'), 'name') === getString(reference, 'name') &&
        getString(dig(object, 'metadata'), 'namespace') === namespace,
    )
    return getList(role, 'rules').flatMap(rule => rightsIn(rule, namespace))
  })
}

function rightsIn(rule: Json, namespace: string | undefined): readonly Right[] {
  const words = (key: string) => getList(rule, key).map(String)
  const names = words('resourceNames')
  return words('apiGroups').flatMap(apiGroup =>
    words('resources').flatMap(resource =>
      words('verbs').flatMap(verb =>
        (names.length === 0 ? [undefined] : names).map(name => ({ apiGroup, resource, verb, name, namespace })),
      ),
    ),
  )
}

/** Whether a request needed this right: without it, it would have been forbidden. */
export function needs(access: Access, right: Right): boolean {
  return (
    access.apiGroup === right.apiGroup &&
    access.resource === right.resource &&
    access.verb === right.verb &&
    (right.name === undefined || access.name === right.name) &&
    (right.namespace === undefined || access.namespace === right.namespace)
  )
}

/** `get secrets/portcullis-ca`. */
export function describeRight({ apiGroup, resource, verb, name }: Right): string {
  return `${verb} ${resource}${apiGroup === '' ? '' : `.${apiGroup}`}${name === undefined ? '' : `/${name}`}`
}
