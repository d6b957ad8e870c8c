import type { Registry } from 'prom-client'
import { CLIENT_AUTH_ANNOTATION } from '../../cluster/documents.ts'
import { writeEvent } from '../../cluster/events.ts'
import { dig, getString } from '../../json/value.ts'
import { measuredGauge } from '../metrics.ts'
import { type Replica, replicasOf, samplesOf, scrape } from '../scrape.ts'
import type { ControllerContext, Task } from '../task.ts'
import { ClientAuthEvidence, type ReplicaCount } from './evidence.ts'

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
  /** Milliseconds for which nothing may speak against it. */
  readonly readyAfterMs: number
  readonly metrics: ReturnType<typeof createClientAuthMetrics>
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number
  readonly scrape?: (replica: Replica) => Promise<string | undefined>
}

const INTERVAL_MS = 10_000

/**
 * Finds out whether client certificates can be demanded without shutting an API server out, and says so once and for all by an
 * annotation of the gateway's own Namespace, which every gateway follows.
 */
export function clientAuthTask(
  { client, namespace, log, now }: ControllerContext,
  { readyAfterMs, metrics, monotonic, scrape: ask = scrape }: ClientAuthOptions,
): Task {
  const evidence = new ClientAuthEvidence(readyAfterMs)
  const path = { group: '', version: 'v1', resource: 'namespaces', name: namespace }
  let said = ''
  return {
    name: 'client-auth',
    intervalMs: Math.min(INTERVAL_MS, Math.ceil(readyAfterMs / 4)),
    async round(signal) {
      const own = await client.read(path)
      const isReady = getString(dig(own, 'metadata', 'annotations'), CLIENT_AUTH_ANNOTATION) === 'ready'
      metrics.ready.set(isReady ? 1 : 0)
      if (isReady || own === undefined) return
      const counts = await Promise.all(
        (await replicasOf(client, namespace)).map(async replica => countOf(replica, await ask(replica))),
      )
      const verdict = evidence.add(monotonic(), counts)
      if (verdict.kind === 'not-ready' && verdict.reason !== said) {
        said = verdict.reason
        log.info({ reason: said }, 'client certificates cannot be demanded yet')
      }
      if (verdict.kind !== 'ready' || signal.aborted) return
      await client.merge(path, { metadata: { annotations: { [CLIENT_AUTH_ANNOTATION]: 'ready' } } })
      metrics.ready.set(1)
      const note = 'every API server that asks shows an allowed name: client certificates can be demanded'
      log.info({}, note)
      const event = { type: 'Normal', reason: 'ClientAuthReady', action: 'Observe', note } as const
      await writeEvent(client, own, event, now(), error => log.warn({ err: error }, 'an event could not be written'))
    },
  }
}

function countOf({ name }: Replica, text: string | undefined): ReplicaCount {
  if (text === undefined) return { name, clients: undefined }
  const clients = new Map<string, { admitted: number; others: number }>()
  for (const { labels, value } of samplesOf(text, 'portcullis_client_requests_total')) {
    const who = labels['client'] ?? ''
    const counts = clients.get(who) ?? { admitted: 0, others: 0 }
    clients.set(who, counts)
    // `observed` is who would be refused.
    counts[labels['result'] === 'admitted' ? 'admitted' : 'others'] += value
  }
  return { name, clients }
}
