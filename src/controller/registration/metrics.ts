import { Counter, Gauge, type Registry } from 'prom-client'
import { measuredGauge } from '../metrics.ts'

/** What the registration and the heartbeat count. */
export function createRegistrationMetrics(registry: Registry) {
  const registers = [registry]
  return {
    registrations: new Counter({
      name: 'portcullis_registrations_total',
      help: 'Times the webhook configurations were written, by cause: changed, deleted or edited by somebody else.',
      labelNames: ['cause'] as const,
      registers,
    }),
    registrationInfo: new Gauge({
      name: 'portcullis_registration_info',
      help: 'The mode and stage of the registration; the value is always 1.',
      labelNames: ['mode', 'stage'] as const,
      registers,
    }),
    blockers: measuredGauge({
      name: 'portcullis_enforcement_blockers',
      help: 'What stands against mode enforce where it is wanted; 0 where nothing does.',
      registers,
    }),
    heartbeatRefused: measuredGauge({
      name: 'portcullis_heartbeat_refused',
      help: '1 where the last heartbeat was refused, or in mode observe warned of, as it must be.',
      registers,
    }),
    heartbeatSuccess: measuredGauge({
      name: 'portcullis_heartbeat_last_success_timestamp_seconds',
      help: 'When a heartbeat was last refused as it must be, in seconds since 1970.',
      registers,
    }),
  }
}

export type RegistrationMetrics = ReturnType<typeof createRegistrationMetrics>
