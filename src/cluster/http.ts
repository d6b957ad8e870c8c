import { request as plainRequest } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { getString, type Json } from '../json/value.ts'

/** What the API answered when it did not do what it was asked. */
export class ApiError extends Error {
  /** The HTTP status, such as 404 or 409. */
  readonly code: number
  /** Kubernetes' word for it, such as `AlreadyExists` or `Forbidden`; `''` where it gave none. */
  readonly reason: string
  /** What the API warned of before it said no. */
  readonly warnings: readonly string[]
  /** Seconds after which to ask again, where the API did not even look at the request; undefined where it says none. */
  readonly retryAfter: number | undefined

  constructor(
    code: number,
    reason: string,
    message: string,
    warnings: readonly string[] = [],
    retryAfter: number | undefined = undefined,
  ) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.reason = reason
    this.warnings = warnings
    this.retryAfter = retryAfter
  }
}

/** Whether an error is the API's answer with one of these HTTP statuses. */
export function isApiError(error: unknown, ...codes: readonly number[]): error is ApiError {
  return error instanceof ApiError && codes.includes(error.code)
}

/** One request to the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with `/api` or `/apis`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: Json
  /** JSON unless given. */
  readonly contentType?: string
  /** Which form of JSON is wanted; the plain one unless given. */
  readonly accept?: string | undefined
}

/** What the API answered. */
export interface ApiAnswer {
  readonly body: Json
  /** The texts of its warnings, in order. */
  readonly warnings: readonly string[]
  /** The API server's own clock, in milliseconds since 1970, to the second; undefined where it does not say. */
  readonly date?: number | undefined
}

/** Sends a request. Rejects with an {@link ApiError} where the API says no, with any other error where it says nothing. */
export type Send = (request: ApiRequest) => Promise<ApiAnswer>

/** After this time nobody waits for an answer any more. */
const TIMEOUT_MS = 30_000
/** An API server that has too much to do says when to come again; nobody comes more often than this. */
const TRIES = 5
const MAX_WAIT_SECONDS = 5

/** Asks again where the API has too much to do (429) and says when, as client-go does. */
export function retrying(send: Send, wait: (seconds: number) => Promise<unknown> = s => sleep(s * 1000)): Send {
  return async request => {
    for (let tries = 1; ; tries++) {
      try {
        return await send(request)
      } catch (error) {
        if (!isApiError(error, 429) || error.retryAfter === undefined || tries === TRIES) throw error
        await wait(Math.min(error.retryAfter, MAX_WAIT_SECONDS))
      }
    }
  }
}

/**
 * Plain requests with the credentials of a kubeconfig or a service account, over connections that are kept. The typed
 * clients of the library drop fields that they do not know, and open a connection for each request.
 */
export function senderOf(config: KubeConfig, server: string): Send {
  const connections = new Connections()
  return async ({ method, path, query = {}, body, contentType = 'application/json', accept = 'application/json' }) => {
    const url = new URL(`${server.replace(/\/$/, '')}${path}`)
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, value)
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    const text = body === undefined ? undefined : JSON.stringify(body)
    return exchange(
      url,
      {
        ...options,
        method,
        // A way through a proxy is the library's; otherwise our own agent keeps connections.
        agent: config.getCurrentCluster()?.proxyUrl === undefined ? connections.agent(options) : options.agent,
        headers: {
          ...options.headers,
          accept,
          'user-agent': 'portcullis',
          ...(text !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
        },
      },
      text,
    )
  }
}

/** The agent for the present credentials; when a certificate is replaced, the next request takes new connections. */
class Connections {
  #agent: Agent | undefined
  #key = ''

  agent({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): Agent {
    const name = [ca, cert, key, servername, rejectUnauthorized].map(String).join('\n')
    if (this.#agent !== undefined && this.#key === name) return this.#agent
    this.#key = name
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 20,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    })
    return this.#agent
  }
}

function exchange(url: URL, options: RequestOptions, text: string | undefined): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    // A local proxy such as `kubectl proxy` speaks in clear; it needs no agent that knows certificates.
    const isPlain = url.protocol === 'http:'
    const outgoing = (isPlain ? plainRequest : request)(
      url,
      isPlain ? { ...options, agent: false } : options,
      incoming => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const warnings = warningsOf(incoming.headers.warning)
          try {
            resolve({
              body: bodyOf(
                incoming.statusCode ?? 0,
                Buffer.concat(chunks).toString('utf8'),
                warnings,
                incoming.headers['retry-after'],
              ),
              warnings,
              date: dateOf(incoming.headers.date),
            })
          } catch (error) {
            reject(error)
          }
        })
      },
    )
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
      TIMEOUT_MS,
    ).unref()
    outgoing.on('error', reject)
    outgoing.on('close', () => clearTimeout(timer))
    outgoing.end(text)
  })
}

function dateOf(header: string | undefined): number | undefined {
  const date = Date.parse(header ?? '')
  return Number.isNaN(date) ? undefined : date
}

function bodyOf(status: number, text: string, warnings: readonly string[], retryAfter: string | undefined): Json {
  let body: Json = null
  try {
    body = JSON.parse(text) as Json
  } catch {
    // Not the API itself, but something in front of it.
    if (status < 400) throw new Error(`the API answered ${status} with something that is no JSON`)
  }
  if (status < 400) return body
  throw new ApiError(
    status,
    getString(body, 'reason') ?? '',
    getString(body, 'message') ?? (text.slice(0, 200).trim() || `HTTP ${status}`),
    warnings,
    /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) : undefined,
  )
}

/** The texts of `299 - "text"` items; quotes and backslashes in them are escaped. */
function warningsOf(header: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '')
  return [...text.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/gs)].map(([, quoted = '']) => quoted.replace(/\\(.)/gs, '$1'))
}
