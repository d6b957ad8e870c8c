import { dig, get, getList, getString, isObject, type Json, type JsonObject } from '../json/value.ts'
import type { AdmissionRequest, GroupVersionKind, GroupVersionResource, Operation, UserInfo } from './request.ts'
import { quote } from './text.ts'

/** The only version that is answered; API servers have sent it since 1.16. */
export const REVIEW_VERSION = 'admission.k8s.io/v1'

/** The parts of an AdmissionReview that an answer repeats. */
export interface ReviewIdentity {
  readonly uid: string
  readonly apiVersion: string
  readonly kind: string
}

export type ParsedReview =
  | { readonly kind: 'request'; readonly identity: ReviewIdentity; readonly request: AdmissionRequest }
  /** It has a uid, so it gets an answer, but it cannot be judged. */
  | { readonly kind: 'refused'; readonly identity: ReviewIdentity; readonly reason: string }
  /** Without a uid there is nothing to answer to. */
  | { readonly kind: 'unanswerable'; readonly reason: string }

const OPERATIONS: readonly string[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] satisfies Operation[]

/** Reads an AdmissionReview. Fields that are not known are left alone; fields that are needed and missing refuse it. */
export function parseReview(review: Json): ParsedReview {
  const request = get(review, 'request')
  const uid = getString(request, 'uid')
  if (uid === undefined || uid === '') {
    return { kind: 'unanswerable', reason: 'the body is no AdmissionReview: it has no request.uid' }
  }
  const identity = {
    uid,
    apiVersion: getString(review, 'apiVersion') ?? REVIEW_VERSION,
    kind: getString(review, 'kind') ?? 'AdmissionReview',
  }
  if (identity.kind !== 'AdmissionReview' || identity.apiVersion !== REVIEW_VERSION) {
    const got = `${quote(identity.kind)} of ${quote(identity.apiVersion)}`
    const reason = `this gateway answers AdmissionReview of ${REVIEW_VERSION}, not ${got}: set admissionReviewVersions: [v1] in the webhook configuration`
    return { kind: 'refused', identity, reason }
  }
  return parseRequest(identity, request)
}

function parseRequest(identity: ReviewIdentity, request: Json | undefined): ParsedReview {
  const operation = getString(request, 'operation') ?? ''
  const kind = kindOf(get(request, 'kind'))
  const resource = resourceOf(get(request, 'resource'))
  const object = objectOf(request, 'object')
  const oldObject = objectOf(request, 'oldObject')
  const reason = missing(operation, kind, resource, object, oldObject)
  if (reason !== undefined || kind === undefined || resource === undefined) {
    return { kind: 'refused', identity, reason: reason ?? 'request.kind or request.resource is missing' }
  }
  return {
    kind: 'request',
    identity,
    request: {
      uid: identity.uid,
      operation: operation as Operation,
      kind,
      resource,
      subResource: getString(request, 'subResource') ?? '',
      requestKind: kindOf(get(request, 'requestKind')) ?? kind,
      requestResource: resourceOf(get(request, 'requestResource')) ?? resource,
      name: getString(request, 'name') ?? '',
      namespace: getString(request, 'namespace') ?? '',
      userInfo: userOf(get(request, 'userInfo')),
      dryRun: get(request, 'dryRun') === true,
      object: object ?? null,
      oldObject: oldObject ?? null,
    },
  }
}

/** What keeps the request from being judged; undefined where nothing does. An object of `undefined` is no object. */
function missing(
  operation: string,
  kind: GroupVersionKind | undefined,
  resource: GroupVersionResource | undefined,
  object: JsonObject | null | undefined,
  oldObject: JsonObject | null | undefined,
): string | undefined {
  if (!OPERATIONS.includes(operation))
    return `request.operation must be one of ${OPERATIONS.join(', ')}, not ${quote(operation)}`
  if (kind === undefined) return 'request.kind must name group, version and kind'
  if (resource === undefined) return 'request.resource must name group, version and resource'
  if (object === undefined || oldObject === undefined)
    return 'request.object and request.oldObject must be objects or null'
  if (object === null && operation !== 'DELETE') return `request.object is missing from a ${operation}`
  return undefined
}

function kindOf(value: Json | undefined): GroupVersionKind | undefined {
  const [group, version, kind] = ['group', 'version', 'kind'].map(key => getString(value, key))
  return group === undefined || version === undefined || !kind ? undefined : { group, version, kind }
}

function resourceOf(value: Json | undefined): GroupVersionResource | undefined {
  const [group, version, resource] = ['group', 'version', 'resource'].map(key => getString(value, key))
  return group === undefined || version === undefined || !resource ? undefined : { group, version, resource }
}

/** Null where there is none; undefined where there is something, and it is no object. */
function objectOf(request: Json | undefined, key: string): JsonObject | null | undefined {
  const value = get(request, key) ?? null
  if (value === null) return null
  return isObject(value) ? value : undefined
}

function userOf(value: Json | undefined): UserInfo {
  return {
    username: getString(value, 'username') ?? '',
    uid: getString(value, 'uid') ?? '',
    groups: getList(value, 'groups').filter(group => typeof group === 'string'),
  }
}

/** `Pod "shop/checkout"`: the object of a request as a message names it; with `generateName` by what it begins with. */
export function describeObject({ kind, namespace, name, object, oldObject }: AdmissionRequest): string {
  const metadata = dig(object ?? oldObject ?? undefined, 'metadata')
  const own = name || getString(metadata, 'name')
  const prefix = getString(metadata, 'generateName')
  const shown = own || (prefix ? `${prefix}…` : '(without a name)')
  return `${kind.kind} ${quote(namespace === '' || kind.kind === 'Namespace' ? shown : `${namespace}/${shown}`)}`
}
