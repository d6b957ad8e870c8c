import { Counter, Gauge, type GaugeConfiguration, type Registry } from 'prom-client'

/** What every controller serves, whether or not it leads. */
export function createControllerMetrics(registry: Registry) {
  const registers = [registry]
  return {
    leader: new Gauge({ name: 'portcullis_leader', help: '1 while this controller leads.', registers }),
    clockSkew: new Gauge({
      name: 'portcullis_clock_skew_seconds',
      help: "Seconds by which the API server's clock is ahead of the controller's own; beyond 30 the API server's counts.",
      registers,
    }),
  }
}

export type ControllerMetrics = ReturnType<typeof createControllerMetrics>

/** What is counted of the parts of the controller that leads. */
export function createRoundMetrics(registry: Registry) {
  const registers = [registry]
  return {
    rounds: new Counter({
      name: 'portcullis_controller_rounds_total',
      help: 'Rounds of the parts of the controller, by part and result.',
      labelNames: ['task', 'result'] as const,
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'portcullis_controller_last_success_timestamp_seconds',
      help: 'When a part of the controller last ended a round without an error, in seconds since 1970.',
      labelNames: ['task'] as const,
      registers,
    }),
  }
}

export type RoundMetrics = ReturnType<typeof createRoundMetrics>

/**
 * Makes a gauge without labels that has no series before it is measured. prom-client shows 0 until then, which an alert takes for
 * a measurement.
 */
export function measuredGauge(configuration: Omit<GaugeConfiguration<string>, 'labelNames'>): Gauge {
  const gauge = new Gauge(configuration)
  gauge.remove()
  return gauge
}
