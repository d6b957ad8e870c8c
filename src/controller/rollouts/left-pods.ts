import type { ClusterClient } from '../../cluster/client.ts'
import { pagesOf } from '../../cluster/pages.ts'
import { RECORD_KEY, readRecords } from '../../injection/record.ts'
import { dig, getList, getString, type JsonObject } from '../../json/value.ts'
import { controllerOf } from '../../workload/owner.ts'

/** The pods that still have an injection which was taken back. */
export interface LeftPods {
  readonly pods: number
  /** Those that are not ready. */
  readonly unready: number
  /** Some of those, as `namespace/name`. */
  readonly names: readonly string[]
  /** Ends the named ones, so that their controllers make them anew, without the injection; `''` if no controller would. */
  readonly command: string
}

/** Pods that a status and an Event name. */
const MAX_NAMED = 10

/** Looks for the pods that have a revision of an injection. Taking it back changes no pod that is there already. */
export async function leftPods(
  client: Pick<ClusterClient, 'list'>,
  injection: { readonly name: string; readonly revision: string },
): Promise<LeftPods> {
  let pods = 0
  const unready: JsonObject[] = []
  for await (const page of pagesOf(client, { group: '', version: 'v1', resource: 'pods' })) {
    for (const pod of page) {
      const records = readRecords(dig(pod, 'metadata', 'annotations', RECORD_KEY))
      if (!records.some(({ name, revision }) => name === injection.name && revision === injection.revision)) continue
      if (isOver(pod)) continue
      pods++
      if (!isReady(pod)) unready.push(pod)
    }
  }
  const named = unready.slice(0, MAX_NAMED)
  return { pods, unready: unready.length, names: named.map(nameOf), command: commandFor(named) }
}

function isOver({ metadata, status }: JsonObject): boolean {
  return (
    dig(metadata, 'deletionTimestamp') !== undefined || /^(?:Succeeded|Failed)$/.test(getString(status, 'phase') ?? '')
  )
}

function isReady({ status }: JsonObject): boolean {
  return getList(status, 'conditions').some(
    condition => getString(condition, 'type') === 'Ready' && getString(condition, 'status') === 'True',
  )
}

function nameOf({ metadata }: JsonObject): string {
  return `${getString(metadata, 'namespace') ?? ''}/${getString(metadata, 'name') ?? ''}`
}

/** One command for each namespace. Nobody makes a pod anew that has no controller. */
function commandFor(pods: readonly JsonObject[]): string {
  const owned = pods.filter(pod => controllerOf(pod) !== undefined)
  const byNamespace = Map.groupBy(owned, ({ metadata }) => getString(metadata, 'namespace') ?? '')
  return [...byNamespace]
    .map(([namespace, found]) => {
      const names = found.map(({ metadata }) => getString(metadata, 'name') ?? '')
      return `kubectl delete pod -n ${namespace} ${names.join(' ')}`
    })
    .join(' && ')
}

/** What is said of them in an Event. */
export function describeLeft({ pods, unready, names, command }: LeftPods): string {
  const more = unready > names.length ? ` and ${unready - names.length} more` : ''
  const how = command === '' ? 'make them anew by hand' : `their controllers make them anew after: ${command}`
  return `${unready} of ${pods} pods that still have the injection are not ready: ${names.join(', ')}${more}; ${how}`
}
