import type { ClusterClient } from '../../cluster/client.ts'
import { pagesOf } from '../../cluster/pages.ts'
import { resolvePointer } from '../../json/pointer.ts'
import { dig, getString, type JsonObject } from '../../json/value.ts'
import type { OwnerKind } from '../../workload/owner.ts'
import { readSelector, type Selector } from '../../workload/selector.ts'

/** What is asked for: an object that owns pods, or may once have owned them. */
export interface OwnerName {
  readonly kind: OwnerKind
  readonly namespace: string
  readonly name: string
}

/** What is known of it. */
export interface Owner extends OwnerName {
  readonly uid: string
  /** Undefined where it has none that can be read. */
  readonly selector: Selector | undefined
  /** How many pods it wants; undefined where its kind does not say, as a DaemonSet. */
  readonly replicas: number | undefined
}

/** From so many unknown owners of one kind on, one list is cheaper than asking for each. */
const LIST_FROM = 20

/**
 * The owners of pods. A selector hardly changes, so an owner is asked for once; what a round has not used is forgotten at its
 * end.
 */
export class OwnerBook {
  readonly #client: Pick<ClusterClient, 'read' | 'list'>
  /** Undefined: there is none of this name. */
  readonly #known = new Map<string, Owner | undefined>()
  readonly #used = new Set<string>()
  /** The kinds of which all were listed in this round: what is not known is not there. */
  readonly #listed = new Set<string>()

  constructor(client: Pick<ClusterClient, 'read' | 'list'>) {
    this.#client = client
  }

  /** Sees to it that all of these are known. */
  async learn(names: readonly OwnerName[]): Promise<void> {
    const unknown = new Map<string, OwnerName>()
    for (const name of names) {
      const key = keyOf(name)
      this.#used.add(key)
      if (!this.#known.has(key)) unknown.set(key, name)
    }
    for (const [kind, wanted] of Map.groupBy(unknown.values(), ({ kind }) => kind)) {
      if (wanted.length >= LIST_FROM && !this.#listed.has(kind.resource)) await this.#list(kind)
      for (const name of wanted) if (!this.#known.has(keyOf(name))) await this.#learnOne(name)
    }
  }

  /** What is known of it; undefined where there is none. */
  get(name: OwnerName): Owner | undefined {
    return this.#known.get(keyOf(name))
  }

  /** Asks again, whatever is known. */
  async renew(name: OwnerName): Promise<Owner | undefined> {
    this.#known.delete(keyOf(name))
    await this.#read(name)
    return this.get(name)
  }

  /** Forgets what nobody asked for since the last round, and what was not there: it may have come. */
  endRound(): void {
    for (const [key, owner] of this.#known) if (!this.#used.has(key) || owner === undefined) this.#known.delete(key)
    this.#used.clear()
    this.#listed.clear()
  }

  async #learnOne(name: OwnerName): Promise<void> {
    if (this.#listed.has(name.kind.resource)) this.#known.set(keyOf(name), undefined)
    else await this.#read(name)
  }

  async #read(owner: OwnerName): Promise<void> {
    const { kind, namespace, name } = owner
    const object = await this.#client.read({ ...resourceOf(kind), namespace, name })
    this.#known.set(keyOf(owner), object && readOwner(kind, object))
  }

  async #list(kind: OwnerKind): Promise<void> {
    for await (const objects of pagesOf(this.#client, resourceOf(kind))) {
      for (const object of objects) {
        const owner = readOwner(kind, object)
        this.#known.set(keyOf(owner), owner)
      }
    }
    this.#listed.add(kind.resource)
  }
}

function resourceOf({ group, resource }: OwnerKind) {
  return { group, version: 'v1', resource }
}

function readOwner(kind: OwnerKind, object: JsonObject): Owner {
  const metadata = dig(object, 'metadata')
  const wanted = dig(object, 'spec', kind.kind === 'Job' ? 'parallelism' : 'replicas')
  return {
    kind,
    namespace: getString(metadata, 'namespace') ?? '',
    name: getString(metadata, 'name') ?? '',
    uid: getString(metadata, 'uid') ?? '',
    selector: readSelector(resolvePointer(object, kind.selector)),
    replicas: typeof wanted === 'number' ? wanted : undefined,
  }
}

function keyOf({ kind, namespace, name }: OwnerName): string {
  return `${kind.resource}/${namespace}/${name}`
}
