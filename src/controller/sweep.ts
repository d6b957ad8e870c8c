import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterClient } from '../cluster/client.ts'
import type { DiscoveredResource } from '../cluster/discovery.ts'
import { isApiError } from '../cluster/http.ts'
import type { JsonObject } from '../json/value.ts'
import { type JudgeContext, type JudgedObject, judgeObject } from './judge-object.ts'
import { matcherOf } from './registration/rules.ts'

/** What decides a verdict about what is there already. */
export interface SweepContext extends JudgeContext {
  readonly served: readonly DiscoveredResource[]
}

/** An object of the cluster, and what would be said if it were created as it stands. */
export interface SweptObject extends JudgedObject {
  readonly object: JsonObject
}

/** How a sweep goes about it. */
export interface SweepOptions {
  /** Milliseconds between two pages, so that the API server is left to others meanwhile. */
  readonly pauseMs?: number
  /** The sweep ends early once it is aborted. */
  readonly signal?: AbortSignal
  /** Which of the resources that policies are about; all unless given. */
  readonly includes?: (resource: DiscoveredResource) => boolean
  /** Told what could not be listed or judged, and the sweep goes on; left out, it rejects. */
  readonly onFailure?: (resource: DiscoveredResource, error: unknown) => void
}

/** Objects in a page: of pods about 5 MB of JSON. */
const PAGE = 500
/** A list that takes longer than the API server remembers it begins anew so often. */
const RESTARTS = 3

/** Owners before what they own: who looks at a pod has seen what it was made from. */
const OWNED: readonly string[] = ['replicasets', 'jobs', 'replicationcontrollers', 'pods']

/** The resources that the policies are about and that can be listed, in the API's order but for owners, which come first. */
export function resourcesToSweep({ set, served }: SweepContext): readonly DiscoveredResource[] {
  const isWanted = matcherOf(set.policies, served)
  return served
    .filter(resource => isWanted(resource) && !resource.resource.includes('/') && resource.verbs.includes('list'))
    .toSorted((a, b) => OWNED.indexOf(a.resource) - OWNED.indexOf(b.resource))
}

/**
 * Lists what is there, a page at a time, and judges each object as its creation would be judged; what only a live request knows
 * (its user) is skipped. No more than a page is in memory.
 */
export async function* sweep(
  client: Pick<ClusterClient, 'list'>,
  context: SweepContext,
  options: SweepOptions = {},
): AsyncGenerator<SweptObject> {
  const { includes = () => true } = options
  for (const resource of resourcesToSweep(context).filter(includes)) {
    try {
      yield* sweepResource(client, context, resource, options)
    } catch (error) {
      if (options.onFailure === undefined) throw error
      options.onFailure(resource, error)
    }
  }
}

async function* sweepResource(
  client: Pick<ClusterClient, 'list'>,
  context: SweepContext,
  resource: DiscoveredResource,
  options: SweepOptions,
): AsyncGenerator<SweptObject> {
  const seen = new Set<string>()
  for await (const object of objectsOf(client, resource, options)) {
    // A list that began anew brings what was judged already.
    const uid = String((object['metadata'] as JsonObject | undefined)?.['uid'] ?? '')
    if (uid !== '' && seen.has(uid)) continue
    seen.add(uid)
    const judged = judge(object, context, resource, options)
    if (judged !== undefined) yield { object, ...judged }
  }
}

/** One object that a check cannot stand does not end the sweep of the others. */
function judge(object: JsonObject, context: SweepContext, resource: DiscoveredResource, { onFailure }: SweepOptions) {
  try {
    return judgeObject(object, context)
  } catch (error) {
    if (onFailure === undefined) throw error
    onFailure(resource, error)
    return undefined
  }
}

async function* objectsOf(
  client: Pick<ClusterClient, 'list'>,
  { group, version, resource }: DiscoveredResource,
  { pauseMs = 0, signal }: SweepOptions,
): AsyncGenerator<JsonObject> {
  let next = ''
  let restarts = 0
  while (signal?.aborted !== true) {
    if (pauseMs > 0) await sleep(pauseMs, undefined, { ...(signal && { signal }) }).catch(() => {})
    try {
      const page = await client.list(
        { group, version, resource },
        { limit: PAGE, ...(next !== '' && { continue: next }) },
      )
      yield* page.items
      next = page.continue
      if (next === '') return
    } catch (error) {
      if (!isApiError(error, 410) || ++restarts > RESTARTS) throw error
      next = ''
    }
  }
}
