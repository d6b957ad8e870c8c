import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** What a client is told that speaks no HTTP, or too slowly: one line of text, and the end of the connection. */
const TEXTS: Readonly<Record<number, string>> = {
  400: 'the request could not be read',
  408: 'the request took too long to arrive',
  431: "the request's headers are too large",
}

/** How long a connection may stay without a first request: longer than an API server keeps one idle (90.0 s). */
const UNUSED_MS = 120_000

/**
 * Answers what Node could not read as a request. Where a whole request stands before it, as with a Content-Length that
 * is too small, that one keeps its answer, and the connection ends after it.
 */
export class ClientErrors {
  readonly #answering = new WeakMap<Socket, ServerResponse>()
  readonly #ending = new WeakSet<Socket>()

  /** To be called for each request whose headers were read. */
  begin(response: ServerResponse): void {
    if (response.req.socket) this.#answering.set(response.req.socket, response)
  }

  handle(error: Error & { readonly code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed || this.#ending.has(socket)) return
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) {
      // Node counts the time for the headers from the handshake on. API servers dial ahead, and may take such a
      // connection up much later: their call would meet our 408. From its first byte on it is timed like any other.
      socket.setTimeout(UNUSED_MS)
      return
    }
    const response = this.#answering.get(socket)
    if (response?.req.complete && !response.writableFinished) {
      this.#ending.add(socket)
      response.once('close', () => socket.destroySoon())
      return
    }
    const status = statusOf(error.code)
    const text = `${TEXTS[status] ?? ''}\n`
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Length: ${Buffer.byteLength(text)}`
    if (socket.writable) socket.write(`${head}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${text}`)
    socket.destroySoon()
  }
}

function statusOf(code: string | undefined): 400 | 408 | 431 {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
}
