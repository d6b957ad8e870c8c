import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { isTrusted } from '../certs/trust.ts'
import { Connection, type ConnectionKind, type EndReason } from './connection.ts'
import { ADMISSION_LIMITS, type ConnectionLimits } from './connection-limits.ts'
import { Addresses, Places, type PlacesByKind } from './places.ts'

/** What a registry needs. Tests hold the clocks. */
export interface RegistryOptions {
  readonly limits: ConnectionLimits
  /** Milliseconds that only ever grow. */
  readonly monotonic: () => number
  readonly now: () => Date
  /** Whether a client has shown an allowed certificate; asked once, after the handshake. */
  readonly isAllowed: (socket: TLSSocket) => boolean
  /** Told of each connection that the gateway ended, and why. */
  readonly onEnded: (reason: EndReason) => void
}

/** What became of the open connections when the client CA changed. */
export interface Revalidation {
  readonly destroyed: number
  readonly kept: number
}

/** How long a refused newcomer is worth a word in `/readyz`. */
const RECENT_MS = 10_000

/**
 * The open connections of a listener: whose places they take, how long each state of theirs may last, and whether each
 * was made before the client CA last changed.
 *
 * A certificate is verified once, in the handshake; without this, a kept-alive connection would outlive the trust that
 * let it in.
 */
export class ConnectionRegistry {
  readonly #options: RegistryOptions
  readonly #places: PlacesByKind
  readonly #addresses: Addresses
  readonly #byStream = new WeakMap<Socket, Connection>()
  /** Unfinished handshakes by their remote end: the TLS socket is another object than the connection that was accepted. */
  readonly #handshakes = new Map<string, Connection>()
  #generation = 0
  #trust: readonly X509Certificate[] = []
  #limits: ConnectionLimits
  #isOver = false
  #lastRefusal = Number.NEGATIVE_INFINITY
  #lastAcceptError: { readonly at: number; readonly text: string } | undefined

  constructor(options: Partial<RegistryOptions> = {}) {
    this.#options = {
      limits: ADMISSION_LIMITS,
      monotonic: () => performance.now(),
      now: () => new Date(),
      isAllowed: () => false,
      onEnded: () => {},
      ...options,
    }
    this.#limits = this.#options.limits
    const { handshakes, allowed, others, addressShare } = this.#limits
    this.#addresses = new Addresses(addressShare)
    this.#places = {
      handshake: new Places(handshakes, this.#addresses),
      allowed: new Places(allowed, this.#addresses),
      other: new Places(others, this.#addresses),
    }
  }

  /** Follows the connections of `server`, TLS or in clear, and ends those that are overdue; to be called before it listens. */
  track(server: Server, isTls = true): void {
    // Ahead of the TLS and HTTP layers, so that a connection refused here never costs them anything.
    server.prependListener('connection', (socket: Socket) => this.#accept(socket, isTls))
    server.prependListener('secureConnection', (socket: TLSSocket) => this.#secure(socket))
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const connection = this.#byStream.get(socket)
      if (connection !== undefined) connection.response = response
    })
    // Without a listener, a process that has no file descriptor left would end by an exception.
    server.on('error', (error: NodeJS.ErrnoException) => {
      this.#lastAcceptError = { at: this.#options.monotonic(), text: error.code ?? error.message }
    })
    const timer = setInterval(() => this.sweep(), this.#options.limits.sweepMs).unref()
    server.once('close', () => clearInterval(timer))
  }

  /** Connections that can carry requests. */
  get size(): number {
    return this.#places.allowed.size + this.#places.other.size
  }

  /** How many connections of a kind are open. */
  count(kind: ConnectionKind): number {
    return this.#places[kind].size
  }

  /** Why new clients cannot get in, in words; empty while they can. */
  problems(): readonly string[] {
    const { limits, monotonic } = this.#options
    const error = this.#lastAcceptError
    return [
      ...(this.#places.allowed.isFull && limits.allowed > 0
        ? [`all ${limits.allowed} places for clients with an allowed certificate are taken: new ones are turned away`]
        : []),
      ...(error !== undefined && monotonic() - error.at < RECENT_MS
        ? [`the listener could not accept a connection (${error.text})`]
        : []),
    ]
  }

  /** What is wrong with places that strangers can take: worth a word, but not what makes a gateway unready. */
  notes(): readonly string[] {
    const isRecent = this.#options.monotonic() - this.#lastRefusal < RECENT_MS
    const { others } = this.#options.limits
    return isRecent
      ? [
          `all ${others} places for clients without an allowed certificate have a request in flight: new ones are turned away`,
        ]
      : []
  }

  /** What is known of a connection by the socket that carries HTTP; undefined before the end of its handshake. */
  of(stream: Socket): Connection | undefined {
    return this.#byStream.get(stream)
  }

  /** Whether the client CA changed since this connection was made: its next answer carries `Connection: close`. */
  isStale(stream: Socket): boolean {
    const connection = this.#byStream.get(stream)
    return connection !== undefined && connection.generation < this.#generation
  }

  /** Milliseconds since the handshake; 0 for a connection that is not tracked. */
  ageOf(stream: Socket): number {
    const connection = this.#byStream.get(stream)
    return connection === undefined ? 0 : this.#options.monotonic() - connection.since
  }

  /** Marks a connection as ending by itself, which it has `endMs` for. */
  mark(connection: Connection, reason: EndReason): void {
    if (connection.ended !== undefined) return
    connection.ended = reason
    this.#options.onEnded(reason)
  }

  /** Ends a connection at once. */
  end(connection: Connection, reason: EndReason): void {
    this.mark(connection, reason)
    const { stream, tcp } = connection
    // In a handshake only the TCP connection is known; the TLS socket goes with it.
    if (stream === undefined) tcp.destroy()
    else stream.destroy()
  }

  /** Ends a TLS socket whose handshake failed or took too long: nothing can be written to it, ever. */
  endHandshake(socket: Socket, reason: EndReason): void {
    const connection = this.#handshakes.get(remoteEnd(socket))
    if (connection !== undefined) this.mark(connection, reason)
    socket.destroy()
  }

  /** Ends the connections of which a state has lasted too long. Called by a timer. */
  sweep(): void {
    const now = this.#options.monotonic()
    for (const places of Object.values(this.#places)) {
      for (const connection of places) {
        const reason = connection.overdue(now, this.#limits)
        if (reason !== undefined) this.end(connection, reason)
      }
    }
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
    for (const connection of isWider ? [] : [...this.#places.allowed, ...this.#places.other]) {
      if (connection.stream === undefined || this.#isStillTrusted(connection.stream)) continue
      destroyed++
      this.#forget(connection)
      this.end(connection, 'client-ca')
    }
    return { destroyed, kept: this.size }
  }

  /**
   * To be called when the server stops accepting: ends connections that were dialled ahead, and leaves those that are in
   * a handshake or between requests `endMs`. A server that closes waits for all of them, since Node does not count
   * handshakes and takes a connection that never carried a request for busy.
   */
  stop(): void {
    const { endMs } = this.#options.limits
    this.#limits = { ...this.#limits, handshakeMs: endMs, unusedMs: endMs, unusedAllowedMs: endMs, keepAliveMs: endMs }
    for (const places of [this.#places.allowed, this.#places.other]) {
      for (const connection of places) {
        if (connection.phase !== 'unused') continue
        this.mark(connection, 'stopping')
        connection.stream?.end()
      }
    }
  }

  /** Ends every connection at once, whatever is in flight, and each that may still be accepted. */
  destroyAll(): void {
    this.#isOver = true
    for (const places of Object.values(this.#places)) {
      for (const connection of places) this.end(connection, 'stopping')
    }
  }

  #accept(tcp: Socket, isTls: boolean): void {
    const now = this.#options.monotonic()
    const connection = new Connection(tcp, remoteEnd(tcp), isTls ? undefined : tcp, this.#generation, now)
    tcp.once('close', () => this.#forget(connection))
    this.#count(connection)
    if (this.#isOver || !this.#enter(connection)) {
      // The layers above get to see it in this very turn and would stumble over one that is closed.
      setImmediate(() => this.end(connection, this.#isOver ? 'stopping' : 'no-place'))
      return
    }
    if (isTls) this.#handshakes.set(connection.remoteEnd, connection)
    else this.#byStream.set(tcp, connection)
  }

  #secure(socket: TLSSocket): void {
    const connection = this.#handshakes.get(remoteEnd(socket))
    // One that is no longer known was reset meanwhile.
    if (connection === undefined || connection.ended !== undefined) {
      socket.destroy()
      return
    }
    this.#forget(connection)
    this.#byStream.set(socket, connection)
    const isAllowed = this.#options.isAllowed(socket)
    connection.secure(socket, isAllowed ? 'allowed' : 'other', this.#options.monotonic())
    if (!isAllowed) this.#count(connection)
    // A handshake that was under way while the CA changed was judged by the old one.
    if (connection.generation < this.#generation && !this.#isStillTrusted(socket)) this.end(connection, 'client-ca')
    else if (this.#isOver) this.end(connection, 'stopping')
    else if (!this.#enter(connection)) this.end(connection, 'no-place')
  }

  /** Takes a place of the connection's kind, another connection's if need be; false if no place can be had. */
  #enter(connection: Connection): boolean {
    const places = this.#places[connection.kind]
    if (places.isFull) {
      const now = this.#options.monotonic()
      // A client with an allowed certificate may take up an idle connection at any moment: none is ended for another.
      const leaving = connection.kind === 'allowed' ? undefined : places.leaving(now)
      if (leaving === undefined) {
        if (connection.kind !== 'allowed') this.#lastRefusal = now
        return false
      }
      this.#forget(leaving)
      this.end(leaving, 'no-place')
    }
    places.add(connection)
    return true
  }

  #count(connection: Connection): void {
    connection.isCounted = true
    this.#addresses.add(connection.address)
  }

  #forget(connection: Connection): void {
    this.#places[connection.kind].delete(connection)
    if (connection.isCounted) this.#addresses.remove(connection.address)
    connection.isCounted = false
    if (connection.stream !== undefined) this.#byStream.delete(connection.stream)
    else if (this.#handshakes.get(connection.remoteEnd) === connection) this.#handshakes.delete(connection.remoteEnd)
  }

  /**
   * The certificates that a client sent along with its own are not known here: Node 24 does not give them to a server
   * (nodejs/node#65579). A client of a lower CA is kept if that CA is in the bundle too; otherwise it has to reconnect.
   */
  #isStillTrusted(socket: Socket): boolean {
    if (!isTlsSocket(socket) || !socket.authorized) return true
    const certificate = socket.getPeerX509Certificate()
    // An authorised connection without a certificate is one that is already closed.
    return certificate !== undefined && isTrusted(certificate, this.#trust, this.#options.now())
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
