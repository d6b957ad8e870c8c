import type pino from 'pino'
import type { Traces } from '../../server/traces.ts'
import { type Option, ratio, text, type ValuesOf } from '../options.ts'
import { VERSION } from '../version.ts'

/** The options that say whether and where reviews are traced. */
export function traceOptions() {
  return {
    'traces-endpoint': endpoint(
      'Sends a span of each review to an OpenTelemetry collector (OTLP over HTTP), such as http://collector:4318/v1/traces.',
    ),
    'traces-ratio': ratio('How many of the reviews whose API server does not say whether it traces them.', '0.01'),
  }
}

/** Starts to send spans; OpenTelemetry's packages are loaded where they are wanted, and nowhere else. */
export async function loadTraces(
  options: ValuesOf<ReturnType<typeof traceOptions>>,
  logger: pino.Logger,
): Promise<Traces | undefined> {
  const { 'traces-endpoint': url, 'traces-ratio': share } = options
  if (url === undefined) return undefined
  const { startTraces } = await import('../../server/traces.ts')
  return startTraces({
    endpoint: url,
    ratio: share,
    version: VERSION,
    onError: reason => logger.warn({ endpoint: url, reason }, 'traces could not be sent'),
    now: () => Date.now(),
  })
}

function endpoint(help: string): Option<string | undefined> {
  return {
    ...text('URL', help, undefined),
    read: value =>
      /^https?:\/\/[^/]+\//.test(value) ? { value } : { must: 'must be like http://collector:4318/v1/traces' },
  }
}
