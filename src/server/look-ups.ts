import type { ClusterClient } from '../cluster/client.ts'
import { NAMESPACE_RESULTS, namespaceLookUp } from '../cluster/namespaces.ts'
import { LOOK_UP_RESULTS, ownerCache } from '../cluster/owners.ts'
import type { NamespaceLookUp } from '../review/namespace.ts'
import type { OwnerSelectors } from '../review/owner.ts'
import type { Metrics } from './metrics.ts'

/** A cache of owners that counts its look-ups; each result is there from the start, so that an increase is seen. */
export function ownersOf(client: Pick<ClusterClient, 'read'>, { ownerLookUps }: Metrics): OwnerSelectors {
  for (const result of LOOK_UP_RESULTS) ownerLookUps.inc({ result }, 0)
  return ownerCache({
    client,
    monotonic: () => performance.now(),
    onLookUp: result => ownerLookUps.inc({ result }),
  })
}

/** Look-ups of namespaces that are counted. */
export function namespacesOf(client: Pick<ClusterClient, 'read'>, { namespaceLookUps }: Metrics): NamespaceLookUp {
  for (const result of NAMESPACE_RESULTS) namespaceLookUps.inc({ result }, 0)
  return namespaceLookUp(client, result => namespaceLookUps.inc({ result }))
}
