import type { JsonObject } from '../json/value.ts'

/** What a request does to its object, as `AdmissionRequest.operation`. */
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** Group, version and kind of an object. The core group is `''`. */
export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Group, version and plural resource name of an endpoint. The core group is `''`. */
export interface GroupVersionResource {
  readonly group: string
  readonly version: string
  readonly resource: string
}

/** Who asks. */
export interface UserInfo {
  readonly username: string
  readonly uid: string
  readonly groups: readonly string[]
}

/**
 * The facts of one admission request, from a live AdmissionReview or made up from a manifest. What the API server
 * leaves out when it is empty (`subResource`, `name`, `namespace`) is `''` here.
 */
export interface AdmissionRequest {
  readonly uid: string
  readonly operation: Operation
  readonly kind: GroupVersionKind
  readonly resource: GroupVersionResource
  readonly subResource: string
  /** What the client asked for, before the API server converted it to the version that the webhook registered. */
  readonly requestKind: GroupVersionKind
  readonly requestResource: GroupVersionResource
  /** `''` with `generateName` and in `deletecollection`. */
  readonly name: string
  /** `''` for cluster-scoped objects. Never read from the object's own metadata. */
  readonly namespace: string
  /** Undefined where nobody asked yet: a manifest in a file. */
  readonly userInfo: UserInfo | undefined
  readonly dryRun: boolean
  /** Null for DELETE. */
  readonly object: JsonObject | null
  /** Null for CREATE and CONNECT. */
  readonly oldObject: JsonObject | null
}
