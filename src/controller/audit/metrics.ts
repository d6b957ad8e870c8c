import { Gauge, type Registry } from 'prom-client'
import { measuredGauge } from '../metrics.ts'

/** What the audit of the cluster found, as of its last round. */
export function createAuditMetrics(registry: Registry) {
  const registers = [registry]
  return {
    results: new Gauge({
      name: 'portcullis_audit_results',
      help: 'What policies say of what is in the cluster already, by policy and result: fail, error, warn, skip, pass.',
      labelNames: ['policy', 'result'] as const,
      registers,
    }),
    objects: measuredGauge({
      name: 'portcullis_audit_objects',
      help: 'Objects that the last audit judged.',
      registers,
    }),
    duration: measuredGauge({
      name: 'portcullis_audit_duration_seconds',
      help: 'How long the last audit took, reports included.',
      registers,
    }),
    unlisted: measuredGauge({
      name: 'portcullis_audit_unlisted_resources',
      help: 'Resources that the last audit could not list, or not judge whole.',
      registers,
    }),
    reports: new Gauge({
      name: 'portcullis_audit_reports',
      help: 'Reports of the audit: present in the cluster, omitted beyond the bound, or failed to be written.',
      labelNames: ['state'] as const,
      registers,
    }),
  }
}

export type AuditMetrics = ReturnType<typeof createAuditMetrics>
