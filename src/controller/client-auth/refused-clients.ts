import { counted, quote } from '../../admission/text.ts'
import type { ReplicaCount } from './evidence.ts'

/** Who was refused lately stays named for so long: an API server that is shut out asks only when somebody wants something of it. */
const LATELY_MS = 5 * 60_000
const MAX_NAMES = 5

/** Notices which clients the gateways refuse, by the counts of each gateway. */
export class RefusedClients {
  readonly #last = new Map<string, number>()
  readonly #seenAt = new Map<string, number>()
  #isFirst = true

  /**
   * Takes the counts of a moment.
   *
   * @param now milliseconds of a clock that never jumps.
   * @returns the names of the clients that were refused within the last five minutes, sorted.
   */
  add(now: number, replicas: readonly ReplicaCount[]): readonly string[] {
    for (const { name, clients } of replicas) {
      for (const [client, { refused }] of clients ?? []) {
        const key = `${name}\n${client}`
        // What a gateway counted before anybody looked may be long ago; one that is new counts from nothing.
        const before = this.#last.get(key) ?? (this.#isFirst ? refused : 0)
        this.#last.set(key, refused)
        if (refused > before) this.#seenAt.set(client, now)
      }
    }
    this.#isFirst &&= replicas.every(({ clients }) => clients === undefined)
    for (const [client, at] of this.#seenAt) if (now - at > LATELY_MS) this.#seenAt.delete(client)
    return [...this.#seenAt.keys()].toSorted()
  }
}

/** What is said of refused clients, and what to do. */
export function describeRefused(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map(name => quote(name))
  const more = names.length > shown.length ? ` and ${counted(names.length - shown.length, 'other')}` : ''
  return `the gateways refuse clients with the names ${shown.join(', ')}${more}: no name of theirs may ask. Reviews of an API server among them fail. Add its name to clientAuth.names (--client-name), or give it a certificate with a name that may ask`
}
