import { dig } from '../json/value.ts'
import type { Labels, NamespaceLookUp } from '../review/namespace.ts'
import { labelsIn } from '../workload/selector.ts'
import type { ClusterClient } from './client.ts'

/** How a look-up of a namespace ended; the label of a metric. */
export const NAMESPACE_RESULTS = ['found', 'not-found', 'failed', 'late', 'busy'] as const
export type NamespaceResult = (typeof NAMESPACE_RESULTS)[number]

/** Requests that are on their way at once. */
const AT_ONCE = 20

/**
 * Looks namespaces up by name, each once at a time. Nothing is kept: the watch brings them within moments.
 *
 * @param onLookUp told how each ended.
 */
export function namespaceLookUp(
  client: Pick<ClusterClient, 'read'>,
  onLookUp: (result: NamespaceResult) => void,
): NamespaceLookUp {
  const asked = new Map<string, Promise<Labels | undefined>>()
  const ask = async (name: string): Promise<Labels | undefined> => {
    try {
      const object = await client.read({ group: '', version: 'v1', resource: 'namespaces', name })
      onLookUp(object === undefined ? 'not-found' : 'found')
      return object && labelsIn(dig(object, 'metadata', 'labels'))
    } catch {
      onLookUp('failed')
      return undefined
    } finally {
      asked.delete(name)
    }
  }
  return {
    labelsOf(namespace, milliseconds) {
      let answer = asked.get(namespace)
      if (answer === undefined) {
        if (asked.size >= AT_ONCE) {
          onLookUp('busy')
          return Promise.resolve(undefined)
        }
        answer = ask(namespace)
        asked.set(namespace, answer)
      }
      return new Promise(resolve => {
        const timer = setTimeout(
          () => {
            onLookUp('late')
            resolve(undefined)
          },
          Math.max(0, milliseconds),
        )
        void answer.then(labels => {
          clearTimeout(timer)
          resolve(labels)
        })
      })
    },
  }
}
