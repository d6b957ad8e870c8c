import { compareText } from '../../admission/text.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import { dig, getString, type JsonObject } from '../../json/value.ts'
import { strictestAction } from '../../policy/decide.ts'
import { controllerOf } from '../../workload/owner.ts'
import { isReviewed } from '../registration/rules.ts'
import { type SweepContext, sweep } from '../sweep.ts'

/** Who would be refused, and why. */
export interface BlockedOwner {
  readonly kind: string
  /** `''` where it has none. */
  readonly namespace: string
  readonly name: string
  readonly reasons: readonly BlockedReason[]
}

export interface BlockedReason {
  /** What of it would be refused: `''` for itself, else one of its ReplicaSets, Jobs or pods. */
  readonly via: string
  readonly policy: string
  readonly message: string
}

interface Reference {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly ownerUid: string | undefined
}

/**
 * What enforcing would refuse, owner by owner: at the next drain, scale-up or rollback. A Deployment whose present template is
 * good and whose old ReplicaSet is not is named with that ReplicaSet.
 *
 * @param unasked the namespaces that the registration leaves out.
 */
export async function preview(
  client: Pick<ClusterClient, 'list'>,
  context: SweepContext,
  unasked: readonly string[],
): Promise<readonly BlockedOwner[]> {
  const { set } = context
  const denying = { ...set, policies: set.policies.filter(policy => strictestAction(policy) === 'Deny') }
  /** By uid, of the kinds that denying policies are about. Pods own nothing. */
  const known = new Map<string, Reference>()
  const found: { readonly of: Reference; readonly reason: Omit<BlockedReason, 'via'> }[] = []
  for await (const { object, decision } of sweep(client, { ...context, set: denying }, { includes: isReviewed })) {
    const reference = referenceOf(object)
    if (unasked.includes(reference.namespace)) continue
    if (reference.kind !== 'Pod') known.set(uidOf(object), reference)
    const { denials, errors } = decision
    for (const { policy, finding } of denials)
      found.push({ of: reference, reason: { policy, message: finding.message } })
    for (const { policy, message } of errors) found.push({ of: reference, reason: { policy, message } })
  }
  const owners = new Map<string, BlockedOwner & { readonly reasons: BlockedReason[] }>()
  for (const { of, reason } of found) {
    const top = topOf(of, known)
    const via = top === of ? '' : `${of.kind} ${of.name}`
    const key = `${top.namespace}/${top.kind}/${top.name}`
    const owner = owners.get(key) ?? { kind: top.kind, namespace: top.namespace, name: top.name, reasons: [] }
    owners.set(key, owner)
    owner.reasons.push({ via, ...reason })
  }
  return [...owners.entries()]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, owner]) => ({ ...owner, reasons: newsOf(owner.reasons) }))
}

/** A finding that its own template has, too, is not said again for each ReplicaSet and pod of it. */
function newsOf(reasons: readonly BlockedReason[]): readonly BlockedReason[] {
  const said = new Set<string>()
  const inOrder = reasons.toSorted((a, b) => compareText(a.via, b.via) || compareText(a.policy, b.policy))
  return inOrder.filter(({ policy, message }) => {
    const key = JSON.stringify([policy, message])
    if (said.has(key)) return false
    said.add(key)
    return true
  })
}

function topOf(reference: Reference, known: ReadonlyMap<string, Reference>): Reference {
  let top = reference
  // Owners are few: a pod, its ReplicaSet, its Deployment, what made that. A circle ends, too.
  for (let depth = 0; depth < 5 && top.ownerUid !== undefined; depth++) {
    const owner = known.get(top.ownerUid)
    if (owner === undefined) return top
    top = owner
  }
  return top
}

function uidOf(object: JsonObject): string {
  return getString(dig(object, 'metadata'), 'uid') ?? ''
}

function referenceOf(object: JsonObject): Reference {
  const metadata = dig(object, 'metadata')
  return {
    kind: getString(object, 'kind') ?? '',
    namespace: getString(metadata, 'namespace') ?? '',
    name: getString(metadata, 'name') ?? '',
    ownerUid: controllerOf(object)?.uid,
  }
}

/** One line about all of them, for logs and Events. */
export function summaryOf(blocked: readonly BlockedOwner[]): string {
  const names = blocked.slice(0, 5).map(describeOwner)
  const more = blocked.length > names.length ? `, and ${blocked.length - names.length} more` : ''
  return `${blocked.length} ${blocked.length === 1 ? 'object' : 'objects'} would be refused (${names.join(', ')}${more})`
}

/** `Deployment shop/web`. */
export function describeOwner({ kind, namespace, name }: BlockedOwner): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
}
