import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { isTrusted } from '../certs/trust.ts'

/** Clocks, so that tests need not wait. */
export interface ConnectionClock {
  /** Milliseconds that only ever grow. */
  monotonic(): number
  now(): Date
}

/** What became of the open connections when the client CA changed. */
export interface Revalidation {
  readonly destroyed: number
  readonly kept: number
}

interface Connection {
  readonly since: number
  /** How often the client CA had changed when the handshake began. */
  readonly generation: number
}

/**
 * The open TLS connections of a server: how old each is, and whether it was made before the client CA last changed.
 *
 * A certificate is verified once, in the handshake; without this, a kept-alive connection would outlive the trust that
 * let it in.
 */
export class ConnectionRegistry {
  readonly #clock: ConnectionClock
  readonly #connections = new Map<Socket, Connection>()
  /** The generation at which each TCP connection was accepted, by its remote end: the TLS socket is another object. */
  readonly #accepted = new Map<string, number>()
  #generation = 0
  #trust: readonly X509Certificate[] = []

  constructor(clock: ConnectionClock = { monotonic: () => performance.now(), now: () => new Date() }) {
    this.#clock = clock
  }

  /** Follows the connections of `server`; to be called before it listens. */
  track(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#accept(socket))
    // Ahead of the HTTP parser, so that a connection refused here never carries a request.
    server.prependListener('secureConnection', socket => this.#add(socket))
  }

  get size(): number {
    return this.#connections.size
  }

  /** Whether the client CA changed since this connection was made: its next answer carries `Connection: close`. */
  isStale(socket: Socket): boolean {
    const connection = this.#connections.get(socket)
    return connection !== undefined && connection.generation < this.#generation
  }

  /** Milliseconds since the handshake; 0 for a connection that is not tracked. */
  ageOf(socket: Socket): number {
    const connection = this.#connections.get(socket)
    return connection === undefined ? 0 : this.#clock.monotonic() - connection.since
  }

  /**
   * To be called in the same turn as the server's new options, when the client CA has changed. Connections whose
   * verified certificate no longer leads to a CA in `trust` are destroyed, with whatever is in flight on them; all
   * others become stale. One whose certificate was never verified has nothing to lose.
   *
   * @param previous what counted before: while all of it still does, no certificate has lost its trust.
   */
  revalidate(trust: readonly X509Certificate[], previous: readonly X509Certificate[]): Revalidation {
    this.#generation++
    this.#trust = trust
    const kept = new Set(trust.map(({ fingerprint256 }) => fingerprint256))
    const isWider = previous.every(({ fingerprint256 }) => kept.has(fingerprint256))
    let destroyed = 0
    for (const socket of isWider ? [] : [...this.#connections.keys()]) {
      if (this.#isStillTrusted(socket)) continue
      destroyed++
      this.#connections.delete(socket)
      socket.destroy()
    }
    return { destroyed, kept: this.#connections.size }
  }

  #accept(socket: Socket): void {
    const end = remoteEnd(socket)
    this.#accepted.set(end, this.#generation)
    socket.once('close', () => this.#accepted.delete(end))
  }

  /**
   * Ends the connections on which no request has begun. A server that closes waits for them, since Node takes a
   * connection that never carried a request for one that is in the middle of it.
   */
  endUnused(): void {
    for (const socket of this.#connections.keys()) if (socket.bytesRead === 0) socket.end()
  }

  #add(socket: TLSSocket): void {
    const end = remoteEnd(socket)
    const generation = this.#accepted.get(end) ?? -1
    this.#accepted.delete(end)
    // A handshake that was under way while the CA changed was judged by the old one.
    if (generation < this.#generation && !this.#isStillTrusted(socket)) {
      socket.destroy()
      return
    }
    this.#connections.set(socket, { since: this.#clock.monotonic(), generation })
    socket.once('close', () => this.#connections.delete(socket))
  }

  /**
   * The certificates that a client sent along with its own are not known here: Node 24 does not give them to a server
   * (nodejs/node#65579). A client of a lower CA is kept if that CA is in the bundle too; otherwise it has to reconnect.
   */
  #isStillTrusted(socket: Socket): boolean {
    if (!isTlsSocket(socket) || !socket.authorized) return true
    const certificate = socket.getPeerX509Certificate()
    // An authorised connection without a certificate is one that is already closed.
    return certificate !== undefined && isTrusted(certificate, this.#trust, this.#clock.now())
  }
}

/** Whether a connection is TLS; the plain listener's are not. */
export function isTlsSocket(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket
}

/** No two open connections of one listener share it. */
function remoteEnd({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
