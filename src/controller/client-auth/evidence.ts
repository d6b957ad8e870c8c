/** What one gateway has counted of who asked it, since it started. */
export interface ReplicaCount {
  /** Its pod. */
  readonly name: string
  /** Undefined: it did not answer. */
  readonly clients: ReadonlyMap<string, ClientCount> | undefined
}

/** Requests of the clients of one name. */
export interface ClientCount {
  readonly admitted: number
  /** Those that were refused, or would be if certificates were demanded. */
  readonly others: number
  /** Those of `others` that were refused. */
  readonly refused: number
}

/** Whether client certificates can be demanded: since when nothing spoke against it, and what did last. */
export type Verdict =
  | { readonly kind: 'ready' }
  /** Milliseconds that are left if nothing comes between. */
  | { readonly kind: 'waiting'; readonly leftMs: number }
  | { readonly kind: 'not-ready'; readonly reason: string }

/**
 * Gathers evidence that whoever asks shows a certificate with an allowed name: over a while, on every replica, at least once. A replica
 * that does not answer is no evidence, and neither is silence.
 */
export class ClientAuthEvidence {
  readonly #readyAfterMs: number
  #last = new Map<string, NonNullable<ReplicaCount['clients']>>()
  /** Since when everything spoke for it, and how many were admitted since. */
  #since: { at: number; admitted: number } | undefined

  constructor(readyAfterMs: number) {
    this.#readyAfterMs = readyAfterMs
  }

  /** @param now milliseconds of a clock that never jumps. */
  add(now: number, replicas: readonly ReplicaCount[]): Verdict {
    const silent = replicas.find(({ clients }) => clients === undefined)
    if (silent !== undefined) return this.#anew(`the gateway ${silent.name} does not answer`)
    if (replicas.length === 0) return this.#anew('there is no gateway')
    const last = this.#last
    this.#last = new Map(replicas.map(({ name, clients }) => [name, clients ?? new Map()]))
    let admitted = 0
    for (const { name, clients = new Map() } of replicas) {
      for (const [client, counts] of clients) {
        const before = last.get(name)?.get(client) ?? { admitted: 0, others: 0 }
        admitted += Math.max(0, counts.admitted - before.admitted)
        if (counts.others > before.others) return this.#anew(`somebody asked ${name} as "${client}"`)
      }
    }
    this.#since ??= { at: now, admitted: 0 }
    this.#since.admitted += admitted
    const leftMs = this.#since.at + this.#readyAfterMs - now
    if (leftMs > 0) return { kind: 'waiting', leftMs }
    return this.#since.admitted > 0 ? { kind: 'ready' } : { kind: 'not-ready', reason: 'no API server has asked yet' }
  }

  #anew(reason: string): Verdict {
    this.#since = undefined
    return { kind: 'not-ready', reason }
  }
}
