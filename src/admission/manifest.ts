import { dig, getString, type JsonObject } from '../json/value.ts'
import type { AdmissionRequest, GroupVersionKind, Operation, UserInfo } from './request.ts'
import { kindOfManifest, servedAs } from './resources.ts'

/** What a manifest alone does not say about the request that would bring it. */
export interface RequestOptions {
  readonly uid: string
  readonly operation: Operation
  /** Where a namespaced object goes that names no namespace. */
  readonly defaultNamespace: string
  readonly subResource: string
  readonly userInfo: UserInfo | undefined
  readonly dryRun: boolean
  readonly oldObject: JsonObject | null
  /** Plural resource names by `group/kind`, of kinds whose plural may not follow from the word. */
  readonly plurals?: ReadonlyMap<string, string>
}

/**
 * The request that would bring a manifest to the API server.
 *
 * @returns undefined where the manifest has no apiVersion and kind.
 */
export function requestOfManifest(manifest: JsonObject, options: RequestOptions): AdmissionRequest | undefined {
  const kind: GroupVersionKind | undefined = kindOfManifest(
    getString(manifest, 'apiVersion'),
    getString(manifest, 'kind'),
  )
  if (kind === undefined) return undefined
  const { resource: guessed, isNamespaced } = servedAs(kind)
  const plural = options.plurals?.get(`${kind.group}/${kind.kind}`) ?? guessed
  const resource = { group: kind.group, version: kind.version, resource: plural }
  const metadata = dig(manifest, 'metadata')
  const name = getString(metadata, 'name') ?? ''
  const isDelete = options.operation === 'DELETE'
  // The API server files a Namespace under its own name.
  const own = kind.kind === 'Namespace' && kind.group === '' ? name : ''
  return {
    uid: options.uid,
    operation: options.operation,
    kind,
    resource,
    subResource: options.subResource,
    requestKind: kind,
    requestResource: resource,
    name,
    namespace: isNamespaced ? getString(metadata, 'namespace') || options.defaultNamespace : own,
    userInfo: options.userInfo,
    dryRun: options.dryRun,
    object: isDelete ? null : manifest,
    oldObject: isDelete ? manifest : options.oldObject,
  }
}
