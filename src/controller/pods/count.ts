import { compareText } from '../../admission/text.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import { isApiError } from '../../cluster/http.ts'
import { pagesOf } from '../../cluster/pages.ts'
import { dig, getString, type JsonObject } from '../../json/value.ts'
import { controllerOf, OWNER_KINDS, type OwnerKind, ownerKindOf } from '../../workload/owner.ts'
import { labelsOf, selects } from '../../workload/selector.ts'
import type { Owner, OwnerBook, OwnerName } from './owner-book.ts'

/** The pods of one owner, without those that have ended or are being deleted. */
export interface OwnedPods {
  readonly owner: Owner
  /** All of them. */
  readonly pods: number
  /** Those that it does not select: it makes others in their place, for ever if nobody stops it. */
  readonly orphans: number
}

/** The pods of a cluster. */
export interface PodCount {
  /** Those that have not ended and are not being deleted. */
  readonly pods: number
  /** The owners with orphans, or with more pods than they want; the worst first. */
  readonly conspicuous: readonly OwnedPods[]
}

/** A list that takes longer than the API server remembers it begins anew so often. */
const RESTARTS = 3
/** Owners that seem to have too many pods are asked for again, no more than these in a round. */
const RENEWALS = 100
const ALIVE = 'status.phase!=Succeeded,status.phase!=Failed'

type Tally = { name: OwnerName; uid: string | undefined; pods: number; orphans: number }

/**
 * Counts pods by what made them. An orphan has a controller whose selector it does not match; or none any more, because its
 * ReplicaSet let go of it: that is seen by `generateName`, which stays. Only metadata is listed, a page at a time.
 */
export async function countPods(client: Pick<ClusterClient, 'list'>, book: OwnerBook): Promise<PodCount> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await count(client, book)
    } catch (error) {
      if (!isApiError(error, 410) || restarts >= RESTARTS) throw error
    }
  }
}

async function count(client: Pick<ClusterClient, 'list'>, book: OwnerBook): Promise<PodCount> {
  const tallies = new Map<string, Tally>()
  let pods = 0
  const all = { group: '', version: 'v1', resource: 'pods' }
  for await (const page of pagesOf(client, all, { fieldSelector: ALIVE, metadataOnly: true })) {
    const alive = page.filter(pod => dig(pod, 'metadata', 'deletionTimestamp') === undefined)
    pods += alive.length
    const made = alive.flatMap(pod => makerOf(pod) ?? [])
    await book.learn(made.map(({ name }) => name))
    for (const { pod, name, uid } of made) tally(tallies, pod, name, uid, book)
  }
  const conspicuous = await conspicuousOf(tallies.values(), book)
  book.endRound()
  return { pods, conspicuous }
}

const REPLICA_SETS = OWNER_KINDS.filter(({ kind }) => kind === 'ReplicaSet')

/** What made a pod, as far as the pod says. Without an uid: what seems to have let go of it. */
function makerOf(
  pod: JsonObject,
): { readonly pod: JsonObject; readonly name: OwnerName; readonly uid: string | undefined } | undefined {
  const metadata = dig(pod, 'metadata')
  const namespace = getString(metadata, 'namespace') ?? ''
  const owner = controllerOf(pod)
  if (owner !== undefined) {
    const kind = ownerKindOf(owner, [])
    return kind && { pod, name: { kind, namespace, name: owner.name }, uid: owner.uid }
  }
  const [, name] = /^(.+)-$/.exec(getString(metadata, 'generateName') ?? '') ?? []
  const [kind]: readonly (OwnerKind | undefined)[] = REPLICA_SETS
  return name !== undefined && kind !== undefined ? { pod, name: { kind, namespace, name }, uid: undefined } : undefined
}

function tally(
  tallies: Map<string, Tally>,
  pod: JsonObject,
  name: OwnerName,
  uid: string | undefined,
  book: OwnerBook,
): void {
  const owner = book.get(name)
  // What has no owner any more the garbage collector takes, or somebody has made it by hand.
  if (owner === undefined || (uid !== undefined && owner.uid !== uid)) return
  const key = owner.uid
  const found = tallies.get(key) ?? { name, uid: owner.uid, pods: 0, orphans: 0 }
  tallies.set(key, found)
  found.pods++
  if (owner.selector === undefined) return
  if (uid === undefined || selects(owner.selector, labelsOf(pod)) === false) found.orphans++
}

async function conspicuousOf(tallies: Iterable<Tally>, book: OwnerBook): Promise<readonly OwnedPods[]> {
  const found: OwnedPods[] = []
  let renewals = 0
  for (const { name, uid, pods, orphans } of tallies) {
    let owner = book.get(name)
    // What it wanted when it was asked for first may be long ago.
    if (owner?.replicas !== undefined && pods > owner.replicas && renewals++ < RENEWALS) owner = await book.renew(name)
    if (owner === undefined || owner.uid !== uid) continue
    if (orphans > 0 || (owner.replicas !== undefined && pods > owner.replicas)) found.push({ owner, pods, orphans })
  }
  return found.toSorted(
    (a, b) =>
      growthOf(b) - growthOf(a) ||
      b.orphans - a.orphans ||
      compareText(a.owner.namespace, b.owner.namespace) ||
      compareText(a.owner.name, b.owner.name),
  )
}

/** How many times the pods that it wants an owner has; 1 where it does not say how many it wants. */
export function growthOf({ owner, pods }: OwnedPods): number {
  return owner.replicas === undefined ? 1 : pods / Math.max(1, owner.replicas)
}
