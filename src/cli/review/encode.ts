import type { AdmissionRequest } from '../../admission/request.ts'

/** What Go's encoder writes as `\u003c` and so on, and JavaScript's does not. */
const ESCAPED = /[<>&\u2028\u2029]/g

/** An AdmissionReview of this request, as kube-apiserver writes it. */
export function encodeReview(request: AdmissionRequest): string {
  const { uid, kind, resource, subResource, name, namespace, operation, userInfo, object, oldObject, dryRun } = request
  const isNamed = <T extends string>(key: T, value: string) => (value === '' ? {} : { [key]: value })
  const review = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind,
      resource,
      ...isNamed('subResource', subResource),
      requestKind: request.requestKind,
      requestResource: request.requestResource,
      ...isNamed('requestSubResource', subResource),
      ...isNamed('name', name),
      ...isNamed('namespace', namespace),
      operation,
      userInfo: userOf(userInfo),
      object,
      oldObject,
      dryRun,
      options: optionsOf(operation),
    },
  }
  const text = JSON.stringify(review).replace(
    ESCAPED,
    character => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
  return `${text}\n`
}

/** Go leaves out what is empty. */
function userOf(user: AdmissionRequest['userInfo']) {
  const { username = '', uid = '', groups = [] } = user ?? {}
  return { ...(username && { username }), ...(uid && { uid }), ...(groups.length > 0 && { groups }) }
}

function optionsOf(operation: AdmissionRequest['operation']) {
  if (operation === 'CONNECT') return null
  const kind = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' }[operation]
  return { kind, apiVersion: 'meta.k8s.io/v1' }
}
