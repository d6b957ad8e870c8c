import type { ClusterClient } from '../../cluster/client.ts'
import { CLIENT_AUTH_LABELS, CLIENT_AUTH_SELECTOR, REVISIONS } from '../../cluster/documents.ts'
import { isApiError } from '../../cluster/http.ts'
import { dig, getList, getString } from '../../json/value.ts'
import type { Installation } from '../installation.ts'

const NAME = 'portcullis-client-auth'

/**
 * Whether client certificates can be demanded in this installation. A record of an earlier one is removed: the API servers may have
 * other certificates by now, or none.
 */
export async function readReady(
  client: Pick<ClusterClient, 'list' | 'remove'>,
  namespace: string,
  { uid }: Installation,
): Promise<boolean> {
  const { items } = await client.list({ ...REVISIONS, namespace }, { labelSelector: CLIENT_AUTH_SELECTOR })
  const isOwn = (item: (typeof items)[number]) =>
    (getString(getList(item['metadata'], 'ownerReferences')[0], 'uid') ?? '') === uid
  for (const item of items) {
    const name = getString(dig(item, 'metadata'), 'name') ?? ''
    if (!isOwn(item)) await client.remove({ ...REVISIONS, namespace, name })
  }
  return items.some(isOwn)
}

/** Says once and for all of this installation that client certificates can be demanded: every gateway follows the record. */
export async function writeReady(
  client: Pick<ClusterClient, 'create'>,
  namespace: string,
  { ownerReferences }: Installation,
): Promise<void> {
  const record = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: NAME, labels: CLIENT_AUTH_LABELS, ownerReferences: [...ownerReferences] },
    data: { kind: 'ClientAuth', state: 'ready' },
    revision: 1,
  }
  try {
    await client.create({ ...REVISIONS, namespace }, record)
  } catch (error) {
    // Another controller has found the same.
    if (!isApiError(error, 409)) throw error
  }
}
