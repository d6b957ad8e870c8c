import type { ClusterClient } from '../../cluster/client.ts'
import { pagesOf } from '../../cluster/pages.ts'
import { RECORD_KEY, readRecords } from '../../injection/record.ts'
import { dig, getList, getString, type JsonObject } from '../../json/value.ts'

/**
 * The share of the pods with a revision of an injection whose containers were restarted since a moment; 0 where there are none.
 *
 * @param since milliseconds since 1970.
 */
export async function injectedRestarts(
  client: Pick<ClusterClient, 'list'>,
  injection: { readonly name: string; readonly revision: string },
  since: number,
): Promise<number> {
  let [injected, restarted] = [0, 0]
  for await (const pods of pagesOf(client, { group: '', version: 'v1', resource: 'pods' })) {
    for (const pod of pods) {
      const records = readRecords(dig(pod, 'metadata', 'annotations', RECORD_KEY))
      if (!records.some(({ name, revision }) => name === injection.name && revision === injection.revision)) continue
      injected++
      if (isRestarted(pod, since)) restarted++
    }
  }
  return injected === 0 ? 0 : restarted / injected
}

function isRestarted({ status }: JsonObject, since: number): boolean {
  return ['containerStatuses', 'initContainerStatuses'].some(list =>
    getList(status, list).some(container => {
      if (Number(dig(container, 'restartCount') ?? 0) === 0) return false
      const ended = Date.parse(getString(dig(container, 'lastState', 'terminated'), 'finishedAt') ?? '')
      // What ended before has another reason; of what does not say when, the worst is believed.
      return Number.isNaN(ended) || ended >= since
    }),
  )
}
