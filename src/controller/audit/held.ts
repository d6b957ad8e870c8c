import { dig, get, getString, type JsonObject } from '../../json/value.ts'
import type { SetMember } from '../../policy/evaluate-set.ts'
import { controllerOf } from '../../workload/owner.ts'
import type { JudgedObject } from '../judge-object.ts'
import type { SweptObject } from '../sweep.ts'

/** An object that waits for the others to be compared with. */
export interface Compared extends Pick<JudgedObject, 'request' | 'members'> {
  /** Only what a report, an exception and the look-up of its owner read. */
  readonly object: JsonObject
  /** The policies that have said something about it already. */
  readonly spoke: ReadonlySet<string>
  /** How many objects that were made from it bring the same to the comparison, and are not held. */
  followers: number
  /** How many others of its namespace bring the same, and are not held. */
  alike: number
}

/** Objects of one namespace that bring the same are kept up to here; the others are counted as the last of them. */
const MOST_ALIKE = 10

/** What all of a namespace that bring the same have in common. */
interface Group {
  readonly holders: Compared[]
}

/**
 * Keeps what is compared at the end of an audit. A cluster of 150,000 pods has a few thousand templates: a pod that brings what
 * its template brings is counted, not kept. Of other objects that bring the same a few are kept for each namespace, with no more
 * of them than a report and an exception read. So memory grows with what differs, not with the number of pods.
 */
export class Held {
  readonly all: Compared[] = []
  readonly #labels: ReadonlySet<string>
  readonly #groups = new Map<string, Group>()
  /** By uid of the objects that may own others: who holds what they bring. */
  readonly #byOwner = new Map<string, { readonly holder: Compared; readonly group: Group }>()

  /** @param labels the labels that exceptions select on: others are not kept, because an object has room for a megabyte of them. */
  constructor(labels: ReadonlySet<string> = new Set()) {
    this.#labels = labels
  }

  /** Adds an object; owners have to come before what they own. */
  add(swept: SweptObject, spoke: ReadonlySet<string>): void {
    const { object, members, request } = swept
    const brings = identityOf(members, spoke)
    if (brings === undefined) {
      this.#keep(swept, spoke)
      return
    }
    const owner = controllerOf(object)
    const template = owner && this.#byOwner.get(owner.uid)
    const group = this.#groupOf(request.namespace, brings)
    const holder =
      template?.group === group ? followed(template.holder) : this.#keepFew(group, () => this.#keep(swept, spoke))
    const uid = getString(dig(object, 'metadata'), 'uid') ?? ''
    if (uid !== '' && request.kind.kind !== 'Pod') this.#byOwner.set(uid, { holder, group })
  }

  #groupOf(namespace: string, brings: string): Group {
    const key = `${namespace}\n${brings}`
    const group = this.#groups.get(key) ?? { holders: [] }
    this.#groups.set(key, group)
    return group
  }

  #keepFew(group: Group, keep: () => Compared): Compared {
    const last = group.holders.at(-1)
    if (last !== undefined && group.holders.length >= MOST_ALIKE) {
      last.alike++
      return last
    }
    const kept = keep()
    group.holders.push(kept)
    return kept
  }

  #keep({ object, members, request }: SweptObject, spoke: ReadonlySet<string>): Compared {
    const slim = slimmed(object, this.#labels)
    const kept = { object: slim, members, request: { ...request, object: slim }, spoke, followers: 0, alike: 0 }
    this.all.push(kept)
    return kept
  }
}

function followed(holder: Compared): Compared {
  holder.followers++
  return holder
}

/** The policies that compare what an object brings. */
export function comparing(members: JudgedObject['members']): ReadonlySet<string> {
  return new Set(members.map(({ policy }) => policy.name))
}

/** What an object brings and what was said of it, in a text; undefined if one of its members has to be kept for itself. */
function identityOf(members: readonly SetMember[], spoke: ReadonlySet<string>): string | undefined {
  const parts: unknown[] = [...spoke].sort()
  for (const { policy, check, rule, fact } of members) {
    const identity = rule.sameAs?.(fact)
    if (identity === undefined) return undefined
    parts.push([policy.name, check, identity])
  }
  return JSON.stringify(parts)
}

const KEPT = ['name', 'namespace', 'uid', 'ownerReferences'] as const

function slimmed(object: JsonObject, labels: ReadonlySet<string>): JsonObject {
  const metadata = dig(object, 'metadata')
  const kept = KEPT.flatMap(field => {
    const value = get(metadata, field)
    return value === undefined ? [] : [[field, value] as const]
  })
  return {
    apiVersion: getString(object, 'apiVersion') ?? '',
    kind: getString(object, 'kind') ?? '',
    metadata: {
      ...Object.fromEntries(kept),
      labels: Object.fromEntries(Object.entries(get(metadata, 'labels') ?? {}).filter(([key]) => labels.has(key))),
    },
  }
}
