import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, EndReason } from './connection.ts'
import type { ConnectionRegistry } from './connections.ts'

/** What a client is told that speaks no HTTP, or too slowly: one line of text, and the end of the connection. */
const TEXTS: Readonly<Record<number, string>> = {
  400: 'the request could not be read',
  408: 'the request took too long to arrive',
  413: 'the extensions of the chunks are too large',
  431: "the request's headers are too large",
}

/**
 * Answers what Node could not read as a request. If a whole request came before it, as with a Content-Length that is
 * too small, that one keeps its answer, and the connection ends after it.
 */
export class ClientErrors {
  readonly #connections: ConnectionRegistry

  constructor(connections: ConnectionRegistry) {
    this.#connections = connections
  }

  handle(error: Error & { readonly code?: string }, socket: Socket): void {
    const connection = this.#connections.of(socket)
    if (connection === undefined) {
      // Node leaves a TLS socket whose handshake took too long to this handler, open. What is written into it waits for
      // the handshake for ever, and so would the connection.
      const isLate = error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT'
      this.#connections.endHandshake(socket, isLate ? 'handshake-timeout' : 'handshake-failed')
    } else if (error.code === 'ECONNRESET') socket.destroy()
    // Node counts the time for the headers from the handshake on. API servers dial ahead, and may take such a connection
    // up much later: their call would meet our 408. The registry ends those that are never taken up.
    else if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' || socket.bytesRead > 0)
      this.#answer(error.code, connection, socket)
  }

  #answer(code: string | undefined, connection: Connection, socket: Socket): void {
    if (socket.destroyed || connection.ended !== undefined) return
    const { response } = connection
    if (response?.req.complete && !response.writableFinished) {
      response.once('close', () => {
        this.#connections.mark(connection, 'unreadable')
        socket.destroySoon()
      })
      return
    }
    const status = statusOf(code)
    this.#connections.mark(connection, reasonOf(status, connection))
    const text = `${TEXTS[status] ?? ''}\n`
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Length: ${Buffer.byteLength(text)}`
    if (socket.writable) socket.write(`${head}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${text}`)
    // A client that does not read it has `endMs`.
    socket.destroySoon()
  }
}

function statusOf(code: string | undefined): 400 | 408 | 413 | 431 {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 413
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
}

function reasonOf(status: number, { response }: Connection): EndReason {
  if (status !== 408) return 'unreadable'
  return response === undefined || response.req.complete ? 'headers-timeout' : 'request-timeout'
}
