import { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { oneLine, shorten } from '../admission/text.ts'

/** How long one refusal stands for those like it. */
const WINDOW_MS = 60_000
/** Lines in that time, of all kinds together: whoever knocks must not fill the disk. */
const MAX_LINES = 10
const MAX_TEXT = 256

/** What a refusal is logged with. */
export interface RefusalLogger {
  warn(fields: object, message: string): void
}

/** Writes a line about clients that are turned away: the first of each reason and name in a minute, ten at most. */
export class RefusalLog {
  readonly #logger: RefusalLogger
  readonly #monotonic: () => number
  readonly #written = new Set<string>()
  #since = Number.NEGATIVE_INFINITY
  #suppressed = 0

  constructor(logger: RefusalLogger, monotonic: () => number) {
    this.#logger = logger
    this.#monotonic = monotonic
  }

  /** @param client the name in its certificate, or its address where it showed none. */
  add(reason: string, client: string): void {
    const now = this.#monotonic()
    if (now - this.#since >= WINDOW_MS) {
      this.#since = now
      this.#written.clear()
    }
    const key = JSON.stringify([reason, client])
    if (this.#written.has(key) || this.#written.size >= MAX_LINES) {
      this.#suppressed++
      return
    }
    this.#written.add(key)
    // How many got no line since the last one that was written.
    const suppressed = this.#suppressed
    this.#suppressed = 0
    this.#logger.warn({ reason: inert(reason), client: inert(client), suppressed }, 'client refused')
  }

  /** Follows the handshakes of a server that fail; to be called before it listens. */
  track(server: Server): void {
    // Asked for now, the address is known when the socket is gone.
    server.prependListener('connection', (socket: Socket) => void socket.remoteAddress)
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const reason = reasonOf(error, socket)
      if (reason !== undefined) this.add(reason, addressOf(socket))
    })
  }
}

/** The reason of a failed handshake; undefined for a connection that just ends, such as a probe of the port. */
function reasonOf({ code, message }: NodeJS.ErrnoException, socket: TLSSocket): string | undefined {
  // Node's types call it an error; it is the code, such as CERT_HAS_EXPIRED.
  const unverified: unknown = socket.authorizationError
  if (unverified) return `the client certificate does not verify: ${unverified}`
  return code === 'ECONNRESET' ? undefined : `the handshake failed: ${code ?? message}`
}

/** A connection whose client does not verify is torn down before anyone is told: the one below it still knows. */
function addressOf(socket: TLSSocket): string {
  const below: unknown = Reflect.get(socket, '_parent')
  const address = socket.remoteAddress ?? (below instanceof Socket ? below.remoteAddress : undefined)
  return address ?? 'unknown address'
}

function inert(text: string): string {
  return shorten(oneLine(text), MAX_TEXT)
}
