import type { X509Certificate } from 'node:crypto'
import type { ClusterClient } from '../../cluster/client.ts'
import { dig, getList, getString } from '../../json/value.ts'
import { CONFIGURATION } from '../registration/configurations.ts'
import { authoritiesIn } from './secrets.ts'

/** The bundles of our webhooks as the API server has them now, as PEM, one for each webhook. */
export async function liveBundles(client: Pick<ClusterClient, 'read'>): Promise<readonly string[]> {
  const bundles: string[] = []
  for (const resource of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations']) {
    const live = await client.read({
      group: 'admissionregistration.k8s.io',
      version: 'v1',
      resource,
      name: CONFIGURATION,
    })
    for (const webhook of getList(live, 'webhooks')) {
      bundles.push(Buffer.from(getString(dig(webhook, 'clientConfig'), 'caBundle') ?? '', 'base64').toString('utf8'))
    }
  }
  return bundles
}

/** Whether every bundle has a certificate. */
export function allTrust(bundles: readonly string[], certificate: X509Certificate): boolean {
  return bundles.every(bundle =>
    authoritiesIn(bundle).some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256),
  )
}
