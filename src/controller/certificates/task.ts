import type { Registry } from 'prom-client'
import { proveHandshake } from '../../certs/handshake.ts'
import { CLOCK_SKEW_MS } from '../../certs/issue.ts'
import type { ControllerContext, Task } from '../task.ts'
import { liveBundles } from './live-bundles.ts'
import { createCertificateMetrics } from './metrics.ts'
import { bundleIn, type OwnCertificateOptions, renewOwnCertificates } from './own.ts'
import { authoritiesIn, pemOf, storedAuthority, storedServing, textIn } from './secrets.ts'

/** Who makes the serving certificate: the controller, cert-manager, or somebody else who names the CA in a file. */
export type CertificateMode = 'own' | 'cert-manager' | 'files'

export interface CertificateOptions {
  readonly mode: CertificateMode
  readonly caSecret: string
  readonly tlsSecret: string
  /** The Service of the gateway. */
  readonly service: string
  /** The text of the CA file; asked for in mode `files` alone. */
  readonly readCaFile: () => Promise<string>
  readonly registry: Registry
}

/** A part of the controller, and what it makes known. */
export interface Certificates {
  /** Undefined where somebody else makes the certificates. */
  readonly task: Task | undefined
  /** The CAs that the API server is to trust, as PEM; or why nobody can say yet. */
  bundle(): Promise<{ readonly ok: true; readonly caBundle: string } | { readonly ok: false; readonly reason: string }>
}

const INTERVAL_MS = 5000
/** As long as an old CA of the controller's own stays trusted. */
const OVERLAP_MS = 60 * 60_000

/** The certificates of the gateway: made, renewed and replaced here, or only read. */
export function certificates(context: ControllerContext, options: CertificateOptions): Certificates {
  const { mode, caSecret, tlsSecret, service, readCaFile, registry } = options
  const { client, namespace, now } = context
  const read = (name: string) => client.read({ group: '', version: 'v1', resource: 'secrets', namespace, name })
  if (mode === 'files') {
    return {
      task: undefined,
      bundle: async () => {
        const caBundle = await readCaFile()
        return authoritiesIn(caBundle).length > 0
          ? { ok: true, caBundle }
          : { ok: false, reason: 'the file of --ca-file holds no CA certificate' }
      },
    }
  }
  if (mode === 'cert-manager') {
    return {
      task: undefined,
      bundle: async () => {
        const secret = await read(tlsSecret)
        const authorities = authoritiesIn(textIn(secret, 'ca.crt'))
        if (authorities.length === 0) return { ok: false, reason: `the Secret ${tlsSecret} holds no ca.crt yet` }
        const serving = storedServing(secret, now())
        const begun = serving?.certificate.validFromDate.getTime() ?? 0
        // A gateway may still serve by the certificate before this one: what was trusted for it stays for a while.
        const before = now() - begun < OVERLAP_MS + CLOCK_SKEW_MS ? authoritiesIn(...(await liveBundles(client))) : []
        return {
          ok: true,
          caBundle: authoritiesIn(...[...authorities, ...before].map(pemOf))
            .map(pemOf)
            .join(''),
        }
      },
    }
  }
  const name = `${service}.${namespace}.svc`
  const own: OwnCertificateOptions = {
    caSecret,
    tlsSecret,
    dnsNames: [name, `${name}.cluster.local`, `${service}.${namespace}`, service],
    metrics: createCertificateMetrics(registry),
    prove: proveHandshake,
  }
  return {
    task: { name: 'certificates', intervalMs: INTERVAL_MS, round: () => renewOwnCertificates(context, own) },
    bundle: async () => {
      const secret = await read(caSecret)
      return storedAuthority(secret, now()) === undefined
        ? { ok: false, reason: `the Secret ${caSecret} holds no CA yet` }
        : { ok: true, caBundle: bundleIn(secret) }
    },
  }
}
