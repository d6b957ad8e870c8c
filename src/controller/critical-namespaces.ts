import { compareText } from '../admission/text.ts'
import type { ClusterClient } from '../cluster/client.ts'
import { dig, getString } from '../json/value.ts'

const PAGE = 500

/**
 * The namespaces of pods that a node cannot do without (a CNI, a CSI driver): while every gateway is down and the webhook
 * fails closed they must start all the same.
 */
export async function criticalNamespaces(client: Pick<ClusterClient, 'list'>): Promise<readonly string[]> {
  const found = new Set<string>()
  let next = ''
  do {
    const page = await client.list(
      { group: '', version: 'v1', resource: 'pods' },
      { limit: PAGE, ...(next !== '' && { continue: next }) },
    )
    for (const pod of page.items) {
      if (getString(dig(pod, 'spec'), 'priorityClassName') !== 'system-node-critical') continue
      if (['Succeeded', 'Failed'].includes(getString(dig(pod, 'status'), 'phase') ?? '')) continue
      found.add(getString(dig(pod, 'metadata'), 'namespace') ?? '')
    }
    next = page.continue
  } while (next !== '')
  return [...found].toSorted(compareText)
}
