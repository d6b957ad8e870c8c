import { compareText } from '../admission/text.ts'
import type { ClusterClient } from '../cluster/client.ts'
import { pagesOf } from '../cluster/pages.ts'
import { dig, getString } from '../json/value.ts'

/**
 * The namespaces of pods that a node cannot do without (a CNI, a CSI driver): while every gateway is down and the webhook
 * fails closed they must start all the same.
 */
export async function criticalNamespaces(client: Pick<ClusterClient, 'list'>): Promise<readonly string[]> {
  const found = new Set<string>()
  for await (const pods of pagesOf(client, { group: '', version: 'v1', resource: 'pods' })) {
    for (const pod of pods) {
      if (getString(dig(pod, 'spec'), 'priorityClassName') !== 'system-node-critical') continue
      if (['Succeeded', 'Failed'].includes(getString(dig(pod, 'status'), 'phase') ?? '')) continue
      found.add(getString(dig(pod, 'metadata'), 'namespace') ?? '')
    }
  }
  return [...found].toSorted(compareText)
}
