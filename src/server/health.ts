import { monitorEventLoopDelay } from 'node:perf_hooks'
import fastify, { type FastifyInstance } from 'fastify'
import { type ConnectionLimits, HEALTH_LIMITS } from './connection-limits.ts'
import { ConnectionRegistry } from './connections.ts'
import { answerPlainly, listenerOptions, sayUnserved } from './listener.ts'
import type { Metrics } from './metrics.ts'

/** Whether the gateway may get traffic. */
export interface Readiness {
  /** What is missing before it may; empty when nothing is. */
  readonly missing: readonly string[]
  /** Non-fatal problems: the gateway stays ready. */
  readonly notes: readonly string[]
}

/** What the health listener needs. */
export interface HealthDeps {
  readonly metrics: Metrics
  readonly readiness: () => Readiness
  readonly beforeScrape: () => void
  readonly limits?: ConnectionLimits
  /** Milliseconds that only ever grow; of the process unless given. */
  readonly monotonic?: () => number
  /** How many scrapes of a second are made anew. */
  readonly scrapesPerSecond?: number
}

/**
 * The second listener: `/livez`, `/readyz`, `/metrics`, in clear, for the kubelet and Prometheus. It serves no
 * admission path. Anybody who reaches it may ask, so its connections are few and short, and it holds up nobody's end.
 */
export function buildHealth({
  metrics,
  readiness,
  beforeScrape,
  limits = HEALTH_LIMITS,
  monotonic = () => performance.now(),
  scrapesPerSecond = MAX_SCRAPES,
}: HealthDeps): FastifyInstance {
  const connections = new ConnectionRegistry({
    limits,
    onEnded: reason => metrics.endedConnections.inc({ listener: 'health', reason }),
  })
  const app = fastify({
    logger: false,
    bodyLimit: 1024,
    exposeHeadRoutes: true,
    ...listenerOptions(connections, limits),
  }) as unknown as FastifyInstance
  connections.track(app.server, false)
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  app.addHook('preClose', async () => connections.destroyAll())
  app.addHook('onClose', async () => {
    delay.disable()
  })
  answerPlainly(app, METHODS)
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'GET' || request.method === 'HEAD') return done()
    // Answered before a byte of the body is read.
    sayUnserved(request, reply.header('connection', 'close'), METHODS)
  })
  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', async (_request, reply) => {
    const { missing, notes } = readiness()
    const lines = [missing.length === 0 ? 'ok' : 'not ready:', ...missing.map(item => `- ${item}`), ...notes]
    return reply
      .code(missing.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(lines.map(line => `${line}\n`).join(''))
  })
  const scrape = async () => {
    metrics.residentMemory.set(process.memoryUsage.rss())
    for (const percentile of [50, 99, 100]) {
      metrics.eventLoopDelay.set({ percentile: String(percentile) }, delay.percentile(percentile) / 1e9)
    }
    delay.reset()
    metrics.connections.set({ listener: 'health', kind: 'other' }, connections.count('other'))
    beforeScrape()
    return metrics.registry.metrics()
  }
  const text = boundedScrapes(scrape, monotonic, scrapesPerSecond)
  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await text()))
  return app
}

const METHODS: ReadonlyMap<string, string> = new Map(['/livez', '/readyz', '/metrics'].map(path => [path, 'GET, HEAD']))

/** Scrapes in a second that are made anew: each takes milliseconds of the thread that judges reviews. */
const MAX_SCRAPES = 20

/** Makes a scrape answer with the last text once a second has had its share: a flood of questions costs no time. */
export function boundedScrapes(
  scrape: () => Promise<string>,
  monotonic: () => number,
  most = MAX_SCRAPES,
): () => Promise<string> {
  let since = Number.NEGATIVE_INFINITY
  let made = 0
  let last: Promise<string> | undefined
  return () => {
    const now = monotonic()
    if (now - since >= 1000) {
      since = now
      made = 0
    }
    if (last === undefined || made < most) {
      made++
      last = scrape()
    }
    return last
  }
}
