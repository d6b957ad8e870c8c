import type { JsonObject } from '../json/value.ts'
import type { ClusterClient, CollectionPath, ListOptions } from './client.ts'

/** Objects in a page: of pods about 5 MB of JSON. */
const PAGE = 500

/** All objects of a collection, a page at a time: no more than one is in memory, unless it is kept. Rejects as `list` does. */
export async function* pagesOf(
  client: Pick<ClusterClient, 'list'>,
  collection: CollectionPath,
  options: Omit<ListOptions, 'limit' | 'continue'> = {},
): AsyncGenerator<readonly JsonObject[]> {
  let next = ''
  do {
    const page = await client.list(collection, { ...options, limit: PAGE, ...(next !== '' && { continue: next }) })
    yield page.items
    next = page.continue
  } while (next !== '')
}
