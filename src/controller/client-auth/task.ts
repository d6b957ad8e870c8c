import type { Registry } from 'prom-client'
import { type EventNote, writeEvent } from '../../cluster/events.ts'
import { type Installation, readInstallation } from '../installation.ts'
import { measuredGauge } from '../metrics.ts'
import { type Replica, replicasOf, samplesOf, scrape } from '../scrape.ts'
import type { ControllerContext, Task } from '../task.ts'
import { ClientAuthEvidence, type ReplicaCount } from './evidence.ts'
import { readReady, writeReady } from './record.ts'
import { describeRefused, RefusedClients } from './refused-clients.ts'

/** What is known of the API servers' client certificates. */
export function createClientAuthMetrics(registry: Registry) {
  return {
    ready: measuredGauge({
      name: 'portcullis_client_auth_ready',
      help: '1 once every API server has shown an allowed name for long enough: gateways that wait for it demand one from then on.',
      registers: [registry],
    }),
  }
}

export interface ClientAuthOptions {
  /** Milliseconds for which nothing may speak against it; 0: it is never ready. */
  readonly readyAfterMs: number
  readonly metrics: ReturnType<typeof createClientAuthMetrics>
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
  /** Told after each round which clients the gateways refuse, by name; nobody if empty. */
  readonly onRefused?: (names: readonly string[]) => void
  readonly scrape?: (replica: Replica) => Promise<string | undefined>
}

const INTERVAL_MS = 10_000

/**
 * Finds out whether client certificates can be demanded without shutting an API server out, and says so once and for all of this
 * installation by a record that every gateway follows. Whoever is refused from then on is told of.
 */
export function clientAuthTask(context: ControllerContext, options: ClientAuthOptions): Task {
  const watcher = new ClientWatcher(context, options)
  const { readyAfterMs } = options
  return {
    name: 'client-auth',
    intervalMs: readyAfterMs === 0 ? INTERVAL_MS : Math.min(INTERVAL_MS, Math.ceil(readyAfterMs / 4)),
    round: signal => watcher.round(signal),
  }
}

class ClientWatcher {
  readonly #context: ControllerContext
  readonly #options: ClientAuthOptions
  readonly #evidence: ClientAuthEvidence
  readonly #refused = new RefusedClients()
  #installation: Installation | undefined
  #said = ''
  #told: readonly string[] = []

  constructor(context: ControllerContext, options: ClientAuthOptions) {
    this.#context = context
    this.#options = options
    this.#evidence = new ClientAuthEvidence(options.readyAfterMs)
  }

  async round(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#context
    const { metrics, monotonic, scrape: ask = scrape } = this.#options
    this.#installation ??= await readInstallation(client, namespace)
    const isReady = await readReady(client, namespace, this.#installation)
    metrics.ready.set(isReady ? 1 : 0)
    const replicas = await replicasOf(client, namespace)
    const counts = await Promise.all(replicas.map(async replica => countOf(replica, await ask(replica))))
    await this.#tellRefused(this.#refused.add(monotonic(), counts), signal)
    if (!isReady && this.#options.readyAfterMs > 0) await this.#judge(counts, this.#installation, signal)
  }

  async #judge(counts: readonly ReplicaCount[], installation: Installation, signal: AbortSignal): Promise<void> {
    const { client, namespace, log } = this.#context
    const verdict = this.#evidence.add(this.#options.monotonic(), counts)
    if (verdict.kind === 'not-ready' && verdict.reason !== this.#said) {
      this.#said = verdict.reason
      log.info({ reason: verdict.reason }, 'client certificates cannot be demanded yet')
    }
    if (verdict.kind !== 'ready' || signal.aborted) return
    await writeReady(client, namespace, installation)
    this.#options.metrics.ready.set(1)
    const note = 'every API server that asks shows an allowed name: client certificates can be demanded'
    log.info({}, note)
    await this.#event({ type: 'Normal', reason: 'ClientAuthReady', action: 'Observe', note })
  }

  /** Once for each name, until nobody of that name has been refused for a while. */
  async #tellRefused(names: readonly string[], signal: AbortSignal): Promise<void> {
    const isNews = names.some(name => !this.#told.includes(name))
    this.#told = names
    this.#options.onRefused?.(names)
    if (!isNews || signal.aborted) return
    const note = describeRefused(names)
    this.#context.log.warn({ clients: names }, note)
    await this.#event({ type: 'Warning', reason: 'ClientsRefused', action: 'Observe', note })
  }

  /** An Event about the gateway's own Namespace. */
  async #event(event: EventNote): Promise<void> {
    const { client, namespace, log, now } = this.#context
    const own = await client.read({ group: '', version: 'v1', resource: 'namespaces', name: namespace })
    if (own === undefined) return
    await writeEvent(client, own, event, now(), error => log.warn({ err: error }, 'an event could not be written'))
  }
}

function countOf({ name }: Replica, text: string | undefined): ReplicaCount {
  if (text === undefined) return { name, clients: undefined }
  const clients = new Map<string, { admitted: number; others: number; refused: number }>()
  for (const { labels, value } of samplesOf(text, 'portcullis_client_requests_total')) {
    const who = labels['client'] ?? ''
    const counts = clients.get(who) ?? { admitted: 0, others: 0, refused: 0 }
    clients.set(who, counts)
    // `observed` is who would be refused.
    counts[labels['result'] === 'admitted' ? 'admitted' : 'others'] += value
    if (labels['result'] === 'refused') counts.refused += value
  }
  return { name, clients }
}
