import { DiagLogLevel, defaultTextMapGetter, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { ReviewFacts } from '../review/facts.ts'

/** Where spans go. */
export interface Traces {
  /**
   * Tells of a review that was answered.
   *
   * @param seconds since its headers.
   * @param traceparent of the API server, which decides whether its requests are traced; undefined where it sent none.
   */
  review(facts: ReviewFacts, seconds: number, traceparent: string | undefined): void
  /** Sends what is left, for a few seconds at most. */
  stop(): Promise<void>
}

export interface TraceOptions {
  /** A collector's OTLP over HTTP, such as `http://collector:4318/v1/traces`. */
  readonly endpoint: string
  /** Of the reviews whose API server does not say, how many: from 0 to 1. */
  readonly ratio: number
  readonly version: string
  /** Told of what the exporter cannot do; nothing else follows from it. */
  readonly onError: (message: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const STOP_MS = 3000

/**
 * Starts to send a span for each review, by OpenTelemetry's own packages, which are loaded only where traces are wanted. A span is made
 * of what was decided, after the answer: no review waits for it, and it never holds an object's contents.
 */
export function startTraces({ endpoint, ratio, version, onError, now }: TraceOptions): Traces {
  const silent = () => {}
  diag.setLogger(
    { error: onError, warn: silent, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  )
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'portcullis', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: endpoint }) })],
  })
  const tracer = provider.getTracer('portcullis', version)
  const propagator = new W3CTraceContextPropagator()
  return {
    review(facts, seconds, traceparent) {
      const parent =
        traceparent === undefined
          ? ROOT_CONTEXT
          : propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)
      const end = now()
      const span = tracer.startSpan(
        `review ${facts.path}`,
        { kind: SpanKind.SERVER, startTime: end - seconds * 1000 },
        parent,
      )
      if (span.isRecording()) {
        span.setAttributes(attributesOf(facts))
        if (facts.result === 'unjudged') span.setStatus({ code: SpanStatusCode.ERROR })
        for (const { policy, action } of facts.decisions)
          if (action !== 'Pass') span.addEvent('decision', { policy, action }, end)
      }
      span.end(end)
    },
    async stop() {
      const late = new Promise<void>(resolve => setTimeout(resolve, STOP_MS).unref())
      await Promise.race([provider.shutdown().catch(() => {}), late])
      diag.disable()
    },
  }
}

/** Names and verdicts alone. */
function attributesOf({ result, code, setHash, request }: ReviewFacts) {
  return {
    'portcullis.result': result,
    'portcullis.code': code,
    'portcullis.policy_set': setHash,
    ...(request !== undefined && {
      'portcullis.uid': request.uid,
      'portcullis.operation': request.operation,
      'portcullis.resource': request.resource,
      'k8s.namespace.name': request.namespace,
    }),
  }
}
