import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from 'node:tls'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { describeCertificateProblem } from '../certs/pem.ts'
import { buildApp } from './app.ts'
import { Capacity } from './capacity.ts'
import { clientGate } from './clients.ts'
import { ConnectionRegistry } from './connections.ts'
import { buildHealth } from './health.ts'
import { LargeReviews } from './large-reviews.ts'
import { type DocumentStore, LiveSnapshot } from './live-snapshot.ts'
import { logReview } from './log.ts'
import { createMetrics, type Metrics, observeReview } from './metrics.ts'
import {
  type ClientAuth,
  daysToExpiry,
  loadTlsMaterial,
  type TlsFiles,
  type TlsMaterial,
  tlsOptions,
  watchTls,
} from './tls.ts'

/** Where to listen. Port 0 asks for a free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Everything that a gateway is told when it starts. Durations in milliseconds, sizes in bytes. */
export interface GatewayConfig {
  readonly listen: ListenAddress
  readonly healthListen: ListenAddress
  readonly tls: TlsFiles
  readonly clientAuth: ClientAuth
  /** The names of which a client certificate has to bear one. */
  readonly clientNames: readonly string[]
  readonly maxBody: number
  /** How long the gateway goes on serving after it was asked to stop. */
  readonly drainMs: number
  /** Older connections are ended after an answer, so that replicas share the load. */
  readonly maxConnectionAgeMs: number
  /** How often files are looked at. */
  readonly pollMs: number
  readonly documents: DocumentStore
  readonly logger: FastifyBaseLogger
  readonly version: string
}

/** A gateway that serves. */
export interface Gateway {
  readonly address: AddressInfo
  readonly healthAddress: AddressInfo
  readonly policySetHash: () => string
  /** Stops as a rolling update wants it: not ready, go on for the drain, answer what is in flight, close. */
  stop(): Promise<void>
}

export type StartedGateway =
  | { readonly ok: true; readonly gateway: Gateway }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Loads everything, starts both listeners and all watches. Nothing listens unless everything could be loaded. */
export async function startGateway(config: GatewayConfig): Promise<StartedGateway> {
  const metrics = createMetrics()
  const tls = await loadTlsMaterial(config.tls)
  const documents = await LiveSnapshot.load(config.documents, metrics, config.logger)
  if (!tls.ok || !documents.ok) {
    const certificates = tls.ok ? [] : tls.problems.map(describeCertificateProblem)
    return { ok: false, problems: [...certificates, ...(documents.ok ? [] : documents.problems)] }
  }
  return { ok: true, gateway: await serve(config, metrics, tls.material, documents.live) }
}

async function serve(
  config: GatewayConfig,
  metrics: Metrics,
  material: TlsMaterial,
  live: LiveSnapshot,
): Promise<Gateway> {
  const state = { isDraining: false, material }
  const connections = new ConnectionRegistry()
  const large = startLargeReviews(live, metrics, config.logger)
  const shouldClose = (socket: Parameters<ConnectionRegistry['ageOf']>[0]) =>
    state.isDraining || connections.isStale(socket) || connections.ageOf(socket) > config.maxConnectionAgeMs
  const app = buildApp({
    logger: config.logger,
    tls: tlsOptions(material, config.clientAuth),
    snapshot: () => live.current,
    admit: clientGate(config.clientAuth, config.clientNames, metrics),
    shouldClose,
    largeReview: (path, body, milliseconds, release) => large.review(path, body, milliseconds, release),
    capacity: new Capacity(),
    maxBody: config.maxBody,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    onStart: () => metrics.inFlight.inc(),
    onReviewed: (facts, seconds) => {
      metrics.inFlight.dec()
      observeReview(metrics, facts, seconds)
      logReview(config.logger, facts, seconds)
    },
  })
  const server = app.server as unknown as Server
  connections.track(server)
  const health = buildHealth(
    metrics,
    () => (state.isDraining ? ['the gateway is shutting down'] : []),
    () => {
      setExpiry(metrics, state.material)
      metrics.draining.set(state.isDraining ? 1 : 0)
    },
  )
  metrics.clientAuth.set({ mode: config.clientAuth }, 1)
  metrics.buildInfo.set({ version: config.version }, 1)
  const tlsWatch = watchTls({
    server,
    files: config.tls,
    material,
    clientAuth: config.clientAuth,
    connections,
    intervalMs: config.pollMs,
    onReload: reloaded => {
      state.material = reloaded
      metrics.certificateReloads.inc({ result: 'loaded' })
      config.logger.info('certificates reloaded')
    },
    onReloadFailure: problems => {
      metrics.certificateReloads.inc({ result: 'failed' })
      config.logger.error(
        { problems: problems.map(describeCertificateProblem) },
        'certificates not reloaded; the old ones stay in force',
      )
    },
  })
  const stopWatch = live.watch(config.pollMs)
  await app.listen(config.listen)
  await health.listen(config.healthListen)
  return {
    address: app.server.address() as AddressInfo,
    healthAddress: health.server.address() as AddressInfo,
    policySetHash: () => live.current.set.hash,
    stop: async () => {
      state.isDraining = true
      config.logger.info({ drainMs: config.drainMs }, 'draining')
      await drain(app, config.drainMs)
      tlsWatch.stop()
      stopWatch()
      await large.close()
      await health.close()
      config.logger.info('stopped')
    },
  }
}

function startLargeReviews(live: LiveSnapshot, metrics: Metrics, logger: FastifyBaseLogger): LargeReviews {
  const large = new LargeReviews(live.current, event => {
    metrics.workerFailures.inc()
    logger.error(event, 'the thread that judges large requests ended; a new one takes its place')
  })
  live.onChange(snapshot => large.update(snapshot))
  return large
}

/** More than a request may take to arrive; with the default drain it stays within Kubernetes' 30 s before SIGKILL. */
const STOP_GRACE_MS = 15_000

/**
 * Goes on serving for a while, each answer with `Connection: close`, so that callers learn of the other replicas first;
 * then stops accepting, and ends when what is in flight has been answered.
 */
async function drain(app: FastifyInstance, milliseconds: number): Promise<void> {
  await sleep(milliseconds)
  // A server that closes no longer looks after its timeouts: a client that never finishes its request would hold it.
  const grace = setTimeout(() => app.server.closeAllConnections(), STOP_GRACE_MS)
  await app.close()
  clearTimeout(grace)
}

function setExpiry(metrics: Metrics, material: TlsMaterial): void {
  const { serving, clientCa } = daysToExpiry(material, new Date())
  metrics.certificateExpiry.set({ certificate: 'serving' }, serving)
  if (clientCa !== undefined) metrics.certificateExpiry.set({ certificate: 'client-ca' }, clientCa)
}
