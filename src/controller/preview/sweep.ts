import type { ClusterClient } from '../../cluster/client.ts'
import type { DiscoveredResource } from '../../cluster/discovery.ts'
import { isApiError } from '../../cluster/http.ts'
import type { JsonObject } from '../../json/value.ts'
import type { Decision } from '../../policy/decide.ts'
import { type JudgeContext, judgeObject } from '../judge-object.ts'
import { rulesOf } from '../registration/rules.ts'

/** What decides a verdict about what is there already. */
export interface SweepContext extends JudgeContext {
  readonly served: readonly DiscoveredResource[]
}

/** An object of the cluster, and what would be said if it were created as it stands. */
export interface SweptObject {
  readonly object: JsonObject
  readonly decision: Decision
}

const PAGE = 500
/** A list that takes longer than the API server remembers it begins anew so often. */
const RESTARTS = 3

/** The resources that the policies are about and that can be listed, in the API's order. */
export function resourcesToSweep({ set, served }: SweepContext): readonly DiscoveredResource[] {
  const wanted = new Set(
    rulesOf(set.policies, served).flatMap(({ apiGroups, resources }) =>
      (apiGroups as readonly string[]).flatMap(group =>
        (resources as readonly string[]).map(name => `${group}/${name}`),
      ),
    ),
  )
  return served.filter(
    ({ group, resource, verbs }) =>
      wanted.has(`${group}/${resource}`) && !resource.includes('/') && verbs.includes('list'),
  )
}

/**
 * Lists what is there, a page at a time, and judges each object as its creation would be judged; what only a live request knows
 * (its user) is skipped. No more than a page is in memory.
 */
export async function* sweep(
  client: Pick<ClusterClient, 'list'>,
  context: SweepContext,
  resources: readonly DiscoveredResource[] = resourcesToSweep(context),
): AsyncGenerator<SweptObject> {
  for (const resource of resources) {
    const seen = new Set<string>()
    for await (const object of objectsOf(client, resource)) {
      // A list that began anew brings what was judged already.
      const uid = String((object['metadata'] as JsonObject | undefined)?.['uid'] ?? '')
      if (uid !== '' && seen.has(uid)) continue
      seen.add(uid)
      const decision = judgeObject(object, context)
      if (decision !== undefined) yield { object, decision }
    }
  }
}

async function* objectsOf(
  client: Pick<ClusterClient, 'list'>,
  { group, version, resource }: DiscoveredResource,
): AsyncGenerator<JsonObject> {
  let next = ''
  let restarts = 0
  for (;;) {
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
