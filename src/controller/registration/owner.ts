import type { ClusterClient } from '../../cluster/client.ts'
import { isApiError } from '../../cluster/http.ts'
import { dig, getList, getString, type JsonObject } from '../../json/value.ts'
import { INSTALLATION } from '../installation.ts'

const ROLES = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' } as const

/** What the webhook configurations go with; `'leaving'` while the gateway's namespace is being deleted. */
export type Owner = readonly JsonObject[] | 'leaving'

/**
 * Finds what the webhook configurations belong to, so that the API server's garbage collector removes them when Portcullis is removed
 * by whatever tool: an empty ClusterRole of the chart, which goes with the release and which is tied here to the gateway's namespace,
 * or without the chart the namespace itself. Only cluster-scoped objects can own them.
 *
 * @returns no owners if neither is there, or may be read.
 */
export async function registrationOwner(
  client: Pick<ClusterClient, 'read' | 'merge'>,
  namespace: string,
): Promise<Owner> {
  const [anchor, own] = await Promise.all([
    unlessForbidden(client.read({ ...ROLES, name: INSTALLATION })),
    unlessForbidden(client.read({ group: '', version: 'v1', resource: 'namespaces', name: namespace })),
  ])
  if (dig(own, 'metadata', 'deletionTimestamp') !== undefined) return 'leaving'
  const toNamespace = own && referenceTo('v1', 'Namespace', own)
  if (anchor === undefined) return toNamespace === undefined ? [] : [toNamespace]
  const isTied = getList(anchor['metadata'], 'ownerReferences').some(
    owner => getString(owner, 'uid') === toNamespace?.['uid'],
  )
  if (toNamespace !== undefined && !isTied)
    await client.merge({ ...ROLES, name: INSTALLATION }, { metadata: { ownerReferences: [toNamespace] } })
  return [referenceTo('rbac.authorization.k8s.io/v1', 'ClusterRole', anchor)]
}

function referenceTo(apiVersion: string, kind: string, { metadata }: JsonObject): JsonObject {
  return { apiVersion, kind, name: getString(metadata, 'name') ?? '', uid: getString(metadata, 'uid') ?? '' }
}

async function unlessForbidden(read: Promise<JsonObject | undefined>): Promise<JsonObject | undefined> {
  return read.catch(error => {
    if (isApiError(error, 403)) return undefined
    throw error
  })
}
