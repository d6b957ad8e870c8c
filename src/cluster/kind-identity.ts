import { setTimeout as sleep } from 'node:timers/promises'
import { dig, getString } from '../json/value.ts'
import type { ClusterClient, ResourcePath } from './client.ts'
import { isApiError } from './http.ts'

const SETTLE_MS = 5000

/**
 * Names the definition of a custom kind: its uid; undefined if it is gone, or about to go. Its deletion is marked before the first of
 * its objects goes, so this is never too early. Whoever may not read definitions sees whether the kind can still be listed a moment
 * later.
 *
 * @throws if the API does not say.
 */
export async function identityOf(
  client: Pick<ClusterClient, 'read' | 'list'>,
  kind: ResourcePath,
): Promise<string | undefined> {
  try {
    const definition = await client.read({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      resource: 'customresourcedefinitions',
      name: `${kind.resource}.${kind.group}`,
    })
    return definition === undefined || dig(definition, 'metadata', 'deletionTimestamp') !== undefined
      ? undefined
      : (getString(dig(definition, 'metadata'), 'uid') ?? '')
  } catch (error) {
    if (!isApiError(error, 401, 403)) throw error
    await sleep(SETTLE_MS, undefined, { ref: false })
    try {
      await client.list(kind, { limit: 1 })
      return ''
    } catch (failure) {
      if (isApiError(failure, 404)) return undefined
      throw failure
    }
  }
}
