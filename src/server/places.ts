import type { Connection, ConnectionKind, Phase } from './connection.ts'

/** A partial request that is younger than this may well be an honest one that is on its way. */
const YOUNG_MS = 1000
/** Of a full class, this share is chosen in one look, so that a flood does not pay for a look at all of them each time. */
const SHARE_AT_ONCE = 16

/** How many connections each address has, those of allowed clients not counted. */
export class Addresses {
  readonly #counts = new Map<string, number>()
  readonly #share: number

  constructor(share: number) {
    this.#share = share
  }

  add(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1)
  }

  remove(address: string): void {
    const left = (this.#counts.get(address) ?? 0) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }

  /** Whether an address has more than its share: then its connections go first. */
  isOver(address: string): boolean {
    return (this.#counts.get(address) ?? 0) > this.#share
  }
}

/**
 * The connections of one class, and which of them goes when a newcomer needs its place.
 *
 * A newcomer is never turned away for one that waits: an honest client finishes its handshake and sends its request at
 * once, so whoever has waited longest is the least likely to be one. A review that is being judged is never ended.
 */
export class Places {
  readonly #connections = new Set<Connection>()
  readonly #most: number
  readonly #addresses: Addresses
  #chosen: Chosen[] = []

  constructor(most: number, addresses: Addresses) {
    this.#most = most
    this.#addresses = addresses
  }

  get size(): number {
    return this.#connections.size
  }

  get isFull(): boolean {
    return this.#connections.size >= this.#most
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values()
  }

  add(connection: Connection): void {
    this.#connections.add(connection)
  }

  delete(connection: Connection): boolean {
    return this.#connections.delete(connection)
  }

  /** The next connection to end for a newcomer; undefined if all of them have a request that is being judged. */
  leaving(now: number): Connection | undefined {
    return this.#nextChosen() ?? this.#choose(now)
  }

  #nextChosen(): Connection | undefined {
    for (let next = this.#chosen.pop(); next !== undefined; next = this.#chosen.pop()) {
      const { connection, phase } = next
      // Since it was chosen it may have asked something.
      if (this.#connections.has(connection) && connection.phase === phase) return connection
    }
    return undefined
  }

  #choose(now: number): Connection | undefined {
    const found: Chosen[] = []
    for (const connection of this.#connections) {
      const lasted = connection.observe(now)
      const { phase } = connection
      const rank = rankOf(phase, lasted)
      if (rank === undefined) continue
      found.push({ connection, phase, lasted, rank: rank + (this.#addresses.isOver(connection.address) ? 0 : 0.5) })
    }
    // Those that go first come last, for `pop`.
    found.sort((a, b) => b.rank - a.rank || a.lasted - b.lasted)
    this.#chosen = found.slice(-Math.max(Math.floor(this.#connections.size / SHARE_AT_ONCE), 1))
    return this.#chosen.pop()?.connection
  }
}

interface Chosen {
  readonly connection: Connection
  readonly phase: Phase
  /** Milliseconds. */
  readonly lasted: number
  /** The lowest goes first; at equal rank, an address with more than its share. */
  readonly rank: number
}

/** Which go first: those that lose nothing, then partial requests, then idle ones. Undefined: never. */
function rankOf(phase: Phase, lasted: number): number | undefined {
  switch (phase) {
    case 'handshake':
    case 'unused':
    case 'ending':
      return 0
    case 'headers':
    case 'body':
      return lasted >= YOUNG_MS ? 1 : 3
    case 'idle':
      return 2
    case 'answer':
      return 3
    case 'judging':
      return undefined
  }
}

/** The places of a listener, by class. */
export type PlacesByKind = Readonly<Record<ConnectionKind, Places>>
