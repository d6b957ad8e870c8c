import { Counter, Gauge, type Registry } from 'prom-client'

/** What the certificates' part of the controller counts. */
export function createCertificateMetrics(registry: Registry) {
  const registers = [registry]
  return {
    expiry: new Gauge({
      name: 'portcullis_controller_certificate_expiry_timestamp_seconds',
      help: 'When a certificate in the cluster ends, in seconds since 1970; the present time if it is missing.',
      labelNames: ['certificate'] as const,
      registers,
    }),
    renewals: new Counter({
      name: 'portcullis_certificate_renewals_total',
      help: 'Certificates that were made, by certificate and result; one that was not proven is not used.',
      labelNames: ['certificate', 'result'] as const,
      registers,
    }),
  }
}

export type CertificateMetrics = ReturnType<typeof createCertificateMetrics>
