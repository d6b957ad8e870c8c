import type { ServerOptions as HttpOptions, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ClientErrors } from './client-errors.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import type { ConnectionRegistry } from './connections.ts'

/** The type of every answer that is one line of text. */
export const TEXT_TYPE = 'text/plain; charset=utf-8'

/** What a client is told by the status of its answer. Nothing of the framework, no version, nothing of the request. */
const TEXTS: Readonly<Record<number, string>> = {
  404: 'not found',
  405: 'this path takes another method',
  413: 'the request is too large',
  414: 'the path is too long',
  500: 'the request failed',
}

/** What both listeners hand to Fastify: their limits in time, and answers of our own for what is no request. */
export function listenerOptions(connections: ConnectionRegistry, limits: ConnectionLimits, tls?: ServerOptions) {
  const clientErrors = new ClientErrors(connections)
  const bounds: HttpOptions = {
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.sweepMs,
    // Node's answer to a request without `Host` is a bare 400. Nothing here depends on it: such a review is judged.
    requireHostHeader: false,
  }
  return {
    return503OnClosing: false,
    forceCloseConnections: 'idle' as const,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestMs,
    clientErrorHandler: (error: Error & { readonly code?: string }, socket: Socket) =>
      clientErrors.handle(error, socket),
    // A path that cannot be decoded, or is too long.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      sayFailure(reply, error.statusCode ?? 400)
    },
    ...(tls === undefined ? { http: bounds } : { https: { ...bounds, ...tls } }),
  }
}

/** Makes an application's answers to what it does not serve one line of text each. `methods` by path, for 405. */
export function answerPlainly(app: FastifyInstance, methods: ReadonlyMap<string, string>): void {
  // An expectation that is unknown would be Node's 417, and a review that passes unjudged under `Ignore`. RFC 9110
  // (10.1.1) lets a server ignore it.
  const server: Server = app.server
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response)
  })
  app.setNotFoundHandler((request, reply) => sayUnserved(request, reply, methods))
  app.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    // A review always has its answer by now: what comes here is a client that hung up or spoke no HTTP.
    request.log.warn({ reason: error.message }, 'request failed')
    return sayFailure(reply, error.statusCode ?? 400)
  })
}

/** Answers 405 to a path that takes another method, and 404 to any other. */
export function sayUnserved(
  request: FastifyRequest,
  reply: FastifyReply,
  methods: ReadonlyMap<string, string>,
): FastifyReply {
  const [path = ''] = request.url.split('?')
  const allow = methods.get(path)
  if (allow !== undefined) reply.header('allow', allow)
  return say(reply, allow === undefined ? 404 : 405)
}

/** Answers with a line of text and ends the connection: what follows on it may be the rest of what was not read. */
export function sayFailure(reply: FastifyReply, status: number): FastifyReply {
  return say(reply.header('connection', 'close'), status)
}

function say(reply: FastifyReply, status: number): FastifyReply {
  return reply
    .code(status)
    .header('content-type', TEXT_TYPE)
    .send(`${TEXTS[status] ?? 'the request could not be read'}\n`)
}

/** The address to listen on. Of `localhost` Fastify makes two servers, and only one of them would have the limits. */
export function oneAddress<Address extends { readonly host: string }>(address: Address): Address {
  return address.host === 'localhost' ? { ...address, host: '127.0.0.1' } : address
}
