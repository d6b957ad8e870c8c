import type { X509Certificate } from 'node:crypto'
import type { ClusterClient } from '../../cluster/client.ts'
import { dig, getList, getString } from '../../json/value.ts'
import { readLive } from '../registration/live.ts'
import { authoritiesIn } from './secrets.ts'

/** The bundles of our webhooks as the API server has them now, as PEM, one for each webhook. */
export async function liveBundles(client: Pick<ClusterClient, 'read'>): Promise<readonly string[]> {
  const { validating, mutating } = await readLive(client)
  return [validating, mutating].flatMap(live =>
    getList(live, 'webhooks').map(webhook =>
      Buffer.from(getString(dig(webhook, 'clientConfig'), 'caBundle') ?? '', 'base64').toString('utf8'),
    ),
  )
}

/** Whether every bundle has a certificate. */
export function allTrust(bundles: readonly string[], certificate: X509Certificate): boolean {
  return bundles.every(bundle =>
    authoritiesIn(bundle).some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256),
  )
}
