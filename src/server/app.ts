import type { ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { timeForAnswer } from '../review/deadline.ts'
import { readIdentity } from '../review/decode.ts'
import type { ReviewFacts } from '../review/facts.ts'
import type { NamespaceLookUp } from '../review/namespace.ts'
import type { OwnerSelectors } from '../review/owner.ts'
import { braked, ENDPOINTS, type Endpoint, type EndpointName, type ReviewPath } from '../review/path.ts'
import { review } from '../review/review.ts'
import { failed, type Reviewed, unanswerable, unjudged } from '../review/unjudged.ts'
import { bodyBounds, LARGE_BODY, type ReceivedBody, receiveBody, type WholeBody } from './body.ts'
import type { Capacity } from './capacity.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import type { ConnectionRegistry } from './connections.ts'
import { answerPlainly, listenerOptions, TEXT_TYPE } from './listener.ts'
import { contextOf, type Snapshot } from './snapshot.ts'
import type { AnsweredReview } from './traffic/recorder.ts'

/** What the admission listener needs; every port is one function. */
export interface AppDeps {
  readonly logger: FastifyBaseLogger
  /** The TLS options of the listener; undefined for tests that inject requests without a socket. */
  readonly tls: ServerOptions | undefined
  readonly snapshot: () => Snapshot
  /** The open connections of the listener. */
  readonly connections: ConnectionRegistry
  readonly limits: ConnectionLimits
  /** Whether this client may ask; the answer to one that may not. */
  readonly admit: (socket: Socket) => { readonly ok: true } | { readonly ok: false; readonly reason: string }
  /** Whether this connection should end after its present answer. */
  readonly shouldClose: (socket: Socket) => boolean
  /** Judges a large body elsewhere; `release` is called when it is done with, which may be after the answer. */
  readonly largeReview: (
    endpoint: Endpoint,
    body: Buffer,
    milliseconds: number,
    release: () => void,
  ) => Promise<Reviewed>
  readonly capacity: Capacity
  /** What the bodies of clients without an allowed certificate may hold beyond a little each. */
  readonly strangers: Capacity
  /** Bytes. */
  readonly maxBody: number
  readonly now: () => number
  readonly monotonic: () => number
  /** Undefined where there is no connection to the API. */
  readonly owners: OwnerSelectors | undefined
  readonly namespaces: NamespaceLookUp | undefined
  /** As in {@link ReviewContext}. */
  readonly ownNamespace?: string | undefined
  readonly onStart: (path: ReviewPath) => void
  /** Called once for each review that was answered; `seconds` since its headers. */
  readonly onReviewed: (
    facts: ReviewFacts,
    seconds: number,
    sent: { readonly status: number; readonly bytes: number },
    /** Where the API server traces its own requests. */
    traceparent: string | undefined,
  ) => void
  /** Told of each review once its answer is on its way; undefined where nothing is recorded. Never throws. */
  readonly record?: ((review: AnsweredReview) => void) | undefined
}

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request's headers were read, by the monotonic clock. */
    startedAt: number
  }
}

/** The admission listener: `POST` to an endpoint, and nothing else. Never listens by itself. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    // One line is logged for each review, with the request's uid: a logger of its own for each would cost and say nothing.
    childLoggerFactory: logger => logger,
    // Nothing of Fastify's own parsing is used, and still: a label called `__proto__` must never become a 400,
    // which a webhook registered with `Ignore` would turn into "admit".
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    exposeHeadRoutes: false,
    ...listenerOptions(deps.connections, deps.limits, deps.tls),
  }) as unknown as FastifyInstance
  app.decorateRequest('startedAt', 0)
  app.removeAllContentTypeParsers()
  // Whatever the content type says: the bytes are read once, with our own bounds, by the handler.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined))
  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = deps.monotonic()
    const admitted = deps.admit(request.raw.socket)
    if (admitted.ok) {
      // A content type that Fastify does not like would be its 415; the bytes decide, not their label.
      request.raw.headers['content-type'] = 'application/json'
      done()
      return
    }
    reply.code(403).header('connection', 'close').header('content-type', TEXT_TYPE).send(`${admitted.reason}\n`)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (deps.shouldClose(request.raw.socket)) reply.header('connection', 'close')
    done(null, payload)
  })
  const names = Object.keys(ENDPOINTS) as EndpointName[]
  answerPlainly(app, new Map(names.map(name => [`/${name}`, 'POST'])))
  for (const name of names) {
    app.post(`/${name}`, (request, reply) => handle(deps, name, request, reply))
  }
  return app
}

async function handle(
  deps: AppDeps,
  name: EndpointName,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const endpoint = deps.snapshot().isBraked ? braked(name) : ENDPOINTS[name]
  const { path } = endpoint
  deps.onStart(path)
  let facts: ReviewFacts | undefined
  let body: Buffer | undefined
  let sent = { status: 499, bytes: 0 }
  try {
    const received = await receiveBody(
      request.raw,
      bodyBounds(deps.connections.of(request.raw.socket)?.kind === 'allowed', deps),
    )
    // A large one moves to another thread, and is not here any more.
    if (received.kind === 'whole' && received.bytes.length <= LARGE_BODY) body = received.bytes
    const reviewed = await answer(deps, endpoint, request, received)
    facts = reviewed.facts
    sent = { status: reviewed.status, bytes: reviewed.body.length }
    return reply
      .code(reviewed.status)
      .header('content-type', reviewed.status === 200 ? JSON_TYPE : TEXT_TYPE)
      .send(reviewed.body)
  } finally {
    facts ??= unanswerable('the client hung up', path, deps.snapshot().set.hash).facts
    const { traceparent } = request.headers
    const seconds = (deps.monotonic() - request.startedAt) / 1000
    deps.onReviewed(facts, seconds, sent, typeof traceparent === 'string' ? traceparent : undefined)
    if (sent.status === 200) deps.record?.({ endpoint: name, body, facts })
  }
}

const JSON_TYPE = 'application/json'

async function answer(
  deps: AppDeps,
  endpoint: Endpoint,
  request: FastifyRequest,
  received: ReceivedBody,
): Promise<Reviewed> {
  const { path } = endpoint
  const { timeout } = request.query as { timeout?: unknown }
  const deadline = request.startedAt + timeForAnswer(typeof timeout === 'string' ? timeout : undefined)
  if (received.kind !== 'whole') return refuseBody(deps, path, received)
  const { bytes } = received
  try {
    if (bytes.length > LARGE_BODY) return await reviewLarge(deps, endpoint, received, deadline)
    const { now, monotonic, owners, namespaces, ownNamespace } = deps
    const context = contextOf(deps.snapshot(), { now, monotonic, owners, namespaces, ownNamespace })
    return await review({ ...endpoint, body: bytes, deadline }, context)
  } catch (error) {
    // A review never throws; the start of the thread for large ones may.
    return failed(readIdentity(bytes), path, error, deps.snapshot().set.hash)
  } finally {
    // That of a large one is given back when its thread is done with it.
    if (bytes.length <= LARGE_BODY) received.release()
  }
}

const OVER_CAPACITY = {
  code: 429,
  message: 'the gateway is judging as many large requests as it can; try again',
} as const

function refuseBody(deps: AppDeps, path: ReviewPath, received: Exclude<ReceivedBody, { kind: 'whole' }>): Reviewed {
  const { hash } = deps.snapshot().set
  const tooLarge = {
    code: 413,
    message: `the review is larger than ${deps.maxBody} bytes (--max-body): it cannot be judged`,
  } as const
  const denial = received.kind === 'too-large' ? tooLarge : OVER_CAPACITY
  const identity = readIdentity(received.head)
  return identity === undefined ? unanswerable(denial.message, path, hash) : unjudged(identity, path, denial, hash)
}

async function reviewLarge(
  deps: AppDeps,
  endpoint: Endpoint,
  { bytes, release: releaseBytes }: WholeBody,
  deadline: number,
): Promise<Reviewed> {
  if (!deps.capacity.reserveReview()) {
    releaseBytes()
    return refuseBody(deps, endpoint.path, { kind: 'over-capacity', head: bytes })
  }
  const release = () => {
    deps.capacity.releaseReview()
    releaseBytes()
  }
  try {
    return await deps.largeReview(endpoint, bytes, Math.max(deadline - deps.monotonic(), 0), release)
  } catch (error) {
    release()
    throw error
  }
}
