import { monitorEventLoopDelay } from 'node:perf_hooks'
import fastify, { type FastifyInstance } from 'fastify'
import type { Metrics } from './metrics.ts'

/** Whether the gateway may get traffic. */
export interface Readiness {
  /** What is missing before it may; empty when nothing is. */
  readonly missing: readonly string[]
  /** What is wrong although it may. */
  readonly notes: readonly string[]
}

/** Probes wait seconds at most. */
const REQUEST_TIMEOUT_MS = 5000

/**
 * The second listener: `/livez`, `/readyz`, `/metrics`, in clear, for the kubelet and Prometheus. It serves no
 * admission path.
 */
export function buildHealth(metrics: Metrics, readiness: () => Readiness, beforeScrape: () => void): FastifyInstance {
  const app = fastify({ logger: false, requestTimeout: REQUEST_TIMEOUT_MS, bodyLimit: 1024, exposeHeadRoutes: true })
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  app.addHook('onClose', async () => {
    delay.disable()
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
  app.get('/metrics', async (_request, reply) => {
    metrics.residentMemory.set(process.memoryUsage.rss())
    for (const percentile of [50, 99, 100]) {
      metrics.eventLoopDelay.set({ percentile: String(percentile) }, delay.percentile(percentile) / 1e9)
    }
    delay.reset()
    beforeScrape()
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
  return app
}
