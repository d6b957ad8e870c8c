import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { type InjectionResult, mayAdd, type RequestReason } from '../injection/outcome.ts'
import type { ReviewFacts } from '../review/facts.ts'

/** Results that the generic-sidecar-injector counts as failures; `injected` and `partial` are its successes, anything else is skipped. */
const FAILURES: ReadonlySet<InjectionResult | RequestReason> = new Set([
  'render-failed',
  'conflict',
  'missing-volume',
  'annotations-full',
  'proof-failed',
  'withheld',
])

/** Counts under the names that dashboards of the generic-sidecar-injector ask for. */
export interface GenericMetrics {
  begin(): void
  /** @param bytes the size of the answer. */
  end(facts: ReviewFacts, seconds: number, status: number, bytes: number): void
}

/** For gateways that read the generic-sidecar-injector's files. */
export function createGenericMetrics(registry: Registry): GenericMetrics {
  const registers = [registry]
  const labelNames = ['code', 'method', 'handler'] as const
  const injections = new Counter({
    name: 'webhook_injections_total',
    help: 'Mutations by annotationNamespace and status, as the generic-sidecar-injector counts them.',
    labelNames: ['prefix', 'status'],
    registers,
  })
  const inFlight = new Gauge({
    name: 'webhook_http_requests_in_flight',
    help: 'Requests to /mutate that are being answered.',
    registers,
  })
  const requests = new Counter({
    name: 'webhook_http_requests_total',
    help: 'Requests to /mutate, as the generic-sidecar-injector counts them.',
    labelNames,
    registers,
  })
  const duration = new Histogram({
    name: 'webhook_http_request_duration_seconds',
    help: 'Time from the headers of a request to its answer.',
    labelNames,
    buckets: [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  })
  const size = new Histogram({
    name: 'webhook_http_request_response_size_bytes',
    help: 'Size of the answers.',
    labelNames,
    buckets: [100, 200, 500, 1000, 1500, 5000, 10_000],
    registers,
  })
  return {
    begin: () => inFlight.inc(),
    end(facts, seconds, status, bytes) {
      inFlight.dec()
      const labels = { code: String(status), method: 'post', handler: 'mutate' }
      requests.inc(labels)
      duration.observe(labels, seconds)
      size.observe(labels, bytes)
      for (const { prefix, result } of facts.injections) {
        if (prefix !== undefined) injections.inc({ prefix, status: statusOf(result) })
      }
    },
  }
}

function statusOf(result: InjectionResult | RequestReason): 'success' | 'skipped' | 'failure' {
  if (mayAdd(result)) return 'success'
  return FAILURES.has(result) ? 'failure' : 'skipped'
}
