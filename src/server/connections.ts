import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { isTrusted } from '../certs/trust.ts'

/** The longest that a TLS handshake may take, in milliseconds. */
export const HANDSHAKE_TIMEOUT_MS = 10_000

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
  #generation = 0
  #change: { readonly at: number; readonly trust: readonly X509Certificate[] } | undefined

  constructor(clock: ConnectionClock = { monotonic: () => performance.now(), now: () => new Date() }) {
    this.#clock = clock
  }

  /** Follows the connections of `server` from here on. */
  track(server: Server): void {
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
   * To be called as the client CA changes, with the CA certificates that count now. Connections whose verified
   * certificate no longer leads to one are destroyed, with whatever is in flight on them; all others become stale.
   * One whose certificate was never verified has nothing to lose.
   */
  revalidate(trust: readonly X509Certificate[]): Revalidation {
    this.#generation++
    this.#change = { at: this.#clock.monotonic(), trust }
    let destroyed = 0
    for (const socket of [...this.#connections.keys()]) {
      if (this.#isStillTrusted(socket, trust)) continue
      destroyed++
      this.#connections.delete(socket)
      socket.destroy()
    }
    return { destroyed, kept: this.#connections.size }
  }

  #add(socket: TLSSocket): void {
    // A handshake that was under way while the CA changed was judged by the old one.
    const change = this.#change
    const underWay = change !== undefined && this.#clock.monotonic() - change.at <= HANDSHAKE_TIMEOUT_MS
    if (underWay && !this.#isStillTrusted(socket, change.trust)) {
      socket.destroy()
      return
    }
    this.#connections.set(socket, { since: this.#clock.monotonic(), generation: this.#generation })
    socket.once('close', () => this.#connections.delete(socket))
  }

  #isStillTrusted(socket: Socket, trust: readonly X509Certificate[]): boolean {
    if (!isTlsSocket(socket) || !socket.authorized) return true
    const certificate = socket.getPeerX509Certificate()
    // An authorised connection without a certificate is one that is already closed.
    return certificate !== undefined && isTrusted(certificate, issuersOf(socket), trust, this.#clock.now())
  }
}

/** Whether a connection is TLS; the plain listener's are not. */
export function isTlsSocket(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket
}

/**
 * What the peer sent along with its certificate, from issuer to issuer; at most ten. Only the older of Node's two forms
 * has it on a server.
 */
function issuersOf(socket: TLSSocket): readonly X509Certificate[] {
  const issuers: X509Certificate[] = []
  let current = socket.getPeerCertificate(true)
  // A root is its own issuer.
  while (issuers.length < 10 && current.issuerCertificate && current.issuerCertificate !== current) {
    current = current.issuerCertificate
    issuers.push(new X509Certificate(current.raw))
  }
  return issuers
}
