import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from 'node:tls'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { describeCertificateProblem } from '../certs/pem.ts'
import type { ClusterClient } from '../cluster/client.ts'
import { type Followed, followingNotes } from '../cluster/following.ts'
import type { NamespaceLookUp } from '../review/namespace.ts'
import type { OwnerSelectors } from '../review/owner.ts'
import { buildApp } from './app.ts'
import { Capacity } from './capacity.ts'
import { clientGate } from './clients.ts'
import { ADMISSION_LIMITS, type ConnectionLimits, HEALTH_LIMITS } from './connection-limits.ts'
import { ConnectionRegistry } from './connections.ts'
import { closeListener, STOP_GRACE_MS } from './drain.ts'
import { createGenericMetrics, type GenericMetrics } from './generic-metrics.ts'
import { buildHealth, type Readiness } from './health.ts'
import { clientIdentity, isAllowedClient } from './identity.ts'
import { LargeReviews } from './large-reviews.ts'
import { oneAddress } from './listener.ts'
import { type DocumentStore, LiveSnapshot } from './live-snapshot.ts'
import { logReview } from './log.ts'
import { namespacesOf, ownersOf } from './look-ups.ts'
import { createMetrics, type Metrics, observeFollowing, observeReview } from './metrics.ts'
import { isProbe } from './probe.ts'
import { RefusalLog } from './refusals.ts'
import {
  type ClientAuth,
  daysToExpiry,
  loadTlsMaterial,
  type TlsFiles,
  type TlsMaterial,
  tlsOptions,
  watchTls,
} from './tls.ts'
import type { Traces } from './traces.ts'
import type { TrafficOptions, TrafficRecorder } from './traffic/recorder.ts'
import { startRecorder } from './traffic/start.ts'

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
  /** Whether `when-ready` demands a certificate by now. */
  readonly isClientAuthReady?: () => boolean
  /** The names of which a client certificate has to bear one. */
  readonly clientNames: readonly string[]
  readonly maxBody: number
  /** How long the gateway goes on serving after it was asked to stop. */
  readonly drainMs: number
  /** Older connections are ended after an answer, so that replicas share the load. */
  readonly maxConnectionAgeMs: number
  /** How often files are looked at. */
  readonly pollMs: number
  /** What differs from the limits of connections that hold unless tests say otherwise. */
  readonly limits?: {
    readonly admission?: Partial<ConnectionLimits>
    readonly health?: Partial<ConnectionLimits>
    readonly scrapesPerSecond?: number
  }
  /** How long what is in flight may go on after the drain; 12 s unless given. */
  readonly stopGraceMs?: number
  readonly documents: DocumentStore
  /** The API, to ask for the owners of pods; undefined where there is no connection. */
  readonly client?: Pick<ClusterClient, 'read'> | undefined
  /** Whether the labels of namespaces come from the API: one that is newer than what was seen is then asked for. */
  readonly followsNamespaces?: boolean
  /** The one namespace of the cluster in which exceptions count; undefined where no cluster is followed. */
  readonly ownNamespace?: string | undefined
  /** How the cluster is followed; nothing where no cluster is. */
  readonly followed?: () => readonly Followed[]
  /** What else is missing before it may get traffic. */
  readonly missing?: () => readonly string[]
  readonly logger: FastifyBaseLogger
  /** Undefined where nobody wants traces. */
  readonly traces?: Traces | undefined
  /** Undefined where no traffic is recorded. */
  readonly traffic?: TrafficOptions | undefined
  readonly version: string
  /** Counts under the names of the generic-sidecar-injector, too. */
  readonly countsAsGeneric: boolean
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
  return new Parts(config, metrics, tls.material, documents.live).start()
}

/** What a gateway is made of, put together but not yet listening. */
class Parts {
  readonly #config: GatewayConfig
  readonly #metrics: Metrics
  readonly #genericMetrics: GenericMetrics | undefined
  readonly #live: LiveSnapshot
  readonly #limits: ConnectionLimits
  readonly #connections: ConnectionRegistry
  readonly #refusals: RefusalLog
  readonly #owners: OwnerSelectors | undefined
  readonly #namespaces: NamespaceLookUp | undefined
  readonly #large: LargeReviews
  readonly #recorder: TrafficRecorder | undefined
  readonly #app: FastifyInstance
  readonly #health: FastifyInstance
  #material: TlsMaterial
  #isDraining = false

  constructor(config: GatewayConfig, metrics: Metrics, material: TlsMaterial, live: LiveSnapshot) {
    this.#config = config
    this.#metrics = metrics
    this.#genericMetrics = config.countsAsGeneric ? createGenericMetrics(metrics.registry) : undefined
    this.#material = material
    this.#live = live
    this.#limits = { ...ADMISSION_LIMITS, ...config.limits?.admission }
    this.#connections = new ConnectionRegistry({
      limits: this.#limits,
      isAllowed: socket => config.clientAuth !== 'none' && isAllowedClient(clientIdentity(socket), config.clientNames),
      onEnded: reason => metrics.endedConnections.inc({ listener: 'admission', reason }),
    })
    this.#owners = config.client && ownersOf(config.client, metrics)
    this.#namespaces =
      config.client !== undefined && config.followsNamespaces === true
        ? namespacesOf(config.client, metrics)
        : undefined
    this.#large = startLargeReviews(live, this.#owners, metrics, config.logger)
    this.#recorder = config.traffic && startRecorder(config.traffic, () => live.current, metrics, config.logger)
    this.#refusals = new RefusalLog(config.logger, () => performance.now())
    this.#app = this.#buildApp()
    this.#connections.track(this.#server)
    this.#refusals.track(this.#server)
    this.#health = buildHealth({
      metrics,
      limits: { ...HEALTH_LIMITS, ...config.limits?.health },
      readiness: () => this.#readiness(),
      beforeScrape: () => this.#setGauges(),
      ...(config.limits?.scrapesPerSecond !== undefined && { scrapesPerSecond: config.limits.scrapesPerSecond }),
    })
    // Prometheus sees no increase in a series that appears with its first event.
    for (const listener of ['admission', 'health']) metrics.endedConnections.inc({ listener, reason: 'no-place' }, 0)
    metrics.clientAuth.set({ mode: config.clientAuth }, 1)
    metrics.buildInfo.set({ version: config.version }, 1)
  }

  #readiness(): Readiness {
    return {
      missing: [
        ...(this.#isDraining ? ['the gateway is shutting down'] : []),
        ...(this.#config.missing?.() ?? []),
        ...this.#connections.problems(),
      ],
      notes: [
        ...this.#live.stale.map(
          document => `${document} stays at its last good revision: its newest one does not compile`,
        ),
        ...this.#connections.notes(),
        ...followingNotes(this.#config.followed?.() ?? []),
      ],
    }
  }

  #setGauges(): void {
    const metrics = this.#metrics
    setExpiry(metrics, this.#material)
    observeFollowing(metrics, this.#config.followed?.() ?? [])
    metrics.draining.set(this.#isDraining ? 1 : 0)
    const { clientAuth, isClientAuthReady } = this.#config
    const isDemanded = clientAuth === 'require' || (clientAuth === 'when-ready' && isClientAuthReady?.() === true)
    metrics.clientAuthRequired.set(isDemanded ? 1 : 0)
    for (const kind of ['handshake', 'allowed', 'other'] as const) {
      metrics.connections.set({ listener: 'admission', kind }, this.#connections.count(kind))
    }
  }

  get #server(): Server {
    return this.#app.server as unknown as Server
  }

  /** Listens, then watches; a port that cannot be had leaves nothing behind. */
  async start(): Promise<StartedGateway> {
    const { listen, healthListen, pollMs } = this.#config
    try {
      await this.#app.listen(oneAddress(listen))
      await this.#health.listen(oneAddress(healthListen))
    } catch (error) {
      await Promise.all([this.#app.close(), this.#health.close(), this.#large.close()])
      const message = error instanceof Error ? error.message : String(error)
      return {
        ok: false,
        problems: [`cannot listen: ${message}; choose other addresses with --listen and --health-listen`],
      }
    }
    const watches = [this.#watchCertificates(), this.#live.watch(pollMs)]
    const gateway: Gateway = {
      address: this.#app.server.address() as AddressInfo,
      healthAddress: this.#health.server.address() as AddressInfo,
      policySetHash: () => this.#live.current.set.hash,
      stop: () => this.#stop(watches),
    }
    return { ok: true, gateway }
  }

  async #stop(watches: readonly (() => void)[]): Promise<void> {
    const { logger, drainMs, stopGraceMs = STOP_GRACE_MS, traces } = this.#config
    this.#isDraining = true
    logger.info({ drainMs }, 'draining')
    // Serving goes on, each answer with `Connection: close`, so that callers learn of the other replicas first.
    await sleep(drainMs)
    await closeListener(this.#app, this.#connections, stopGraceMs)
    for (const stopWatch of watches) stopWatch()
    await this.#large.close()
    await this.#health.close()
    await Promise.all([traces?.stop(), this.#recorder?.close()])
    logger.info('stopped')
  }

  #buildApp(): FastifyInstance {
    const { logger, clientAuth, clientNames, maxBody, maxConnectionAgeMs, traces } = this.#config
    const metrics = this.#metrics
    const recorder = this.#recorder
    return buildApp({
      logger,
      tls: tlsOptions(this.#material, clientAuth),
      connections: this.#connections,
      limits: this.#limits,
      snapshot: () => this.#live.current,
      admit: clientGate(
        clientAuth,
        clientNames,
        metrics,
        () => this.#config.isClientAuthReady?.() === true,
        client => this.#refusals.add('its name is not one that may ask (--client-name)', client),
      ),
      shouldClose: socket =>
        this.#isDraining || this.#connections.isStale(socket) || this.#connections.ageOf(socket) > maxConnectionAgeMs,
      largeReview: (endpoint, body, milliseconds, release) => this.#large.review(endpoint, body, milliseconds, release),
      capacity: new Capacity(),
      strangers: new Capacity(),
      maxBody,
      now: () => Date.now(),
      monotonic: () => performance.now(),
      owners: this.#owners,
      namespaces: this.#namespaces,
      ownNamespace: this.#config.ownNamespace,
      onStart: path => {
        metrics.inFlight.inc()
        if (path === 'mutate') this.#genericMetrics?.begin()
      },
      onReviewed: (facts, seconds, { status, bytes }, traceparent) => {
        metrics.inFlight.dec()
        if (facts.path === 'mutate') this.#genericMetrics?.end(facts, seconds, status, bytes)
        if (isProbe(facts)) return
        observeReview(metrics, facts, seconds)
        logReview(logger, facts, seconds)
        traces?.review(facts, seconds, traceparent)
      },
      record: recorder && (review => recorder.record(review)),
    })
  }

  #watchCertificates(): () => void {
    const { tls, clientAuth, pollMs, logger } = this.#config
    const { certificateReloads } = this.#metrics
    const watch = watchTls({
      server: this.#server,
      files: tls,
      material: this.#material,
      clientAuth,
      connections: this.#connections,
      intervalMs: pollMs,
      onReload: material => {
        this.#material = material
        certificateReloads.inc({ result: 'loaded' })
        logger.info('certificates reloaded')
      },
      onReloadFailure: problems => {
        certificateReloads.inc({ result: 'failed' })
        logger.error(
          { problems: problems.map(describeCertificateProblem) },
          'certificates not reloaded; the old ones stay in force',
        )
      },
    })
    return () => watch.stop()
  }
}

function startLargeReviews(
  live: LiveSnapshot,
  owners: OwnerSelectors | undefined,
  metrics: Metrics,
  logger: FastifyBaseLogger,
): LargeReviews {
  const large = new LargeReviews(live.current, owners, event => {
    metrics.workerFailures.inc()
    logger.error(event, 'the thread that judges large requests ended; a new one takes its place')
  })
  live.onChange(snapshot => large.update(snapshot))
  return large
}

function setExpiry(metrics: Metrics, material: TlsMaterial): void {
  const now = new Date()
  const { serving, clientCa } = daysToExpiry(material, now)
  const timestamp = (days: number) => Math.round(now.getTime() / 1000 + days * 24 * 60 * 60)
  metrics.certificateExpiry.set({ certificate: 'serving' }, timestamp(serving))
  if (clientCa !== undefined) metrics.certificateExpiry.set({ certificate: 'client-ca' }, timestamp(clientCa))
}
