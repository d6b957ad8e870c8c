import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, createAuthority, issueCertificate, type KeyPairPem } from '../../../src/certs/issue.ts'

const DAYS = 2

/** The authorities of a control plane: one for its users, one for the API server's calls to webhooks. */
export interface Authorities {
  readonly clients: Authority
  readonly webhooks: Authority
}

/** Makes the authorities and writes what the control plane's processes read, except what depends on ports. */
export async function writeIdentities(directory: string): Promise<Authorities> {
  const clients = await createAuthority({ commonName: 'client-ca', days: DAYS })
  const webhooks = await createAuthority({ commonName: 'webhook-ca', days: DAYS })
  await writeFile(join(directory, 'client-ca.crt'), clients.certificatePem)
  await writePair(directory, 'admin', await issueClient(clients, 'kubernetes-admin', 'system:masters'))
  await writePair(directory, 'controller-manager', await issueClient(clients, 'system:kube-controller-manager'))
  await writeServiceAccountKey(directory, SERVICE_ACCOUNT_KEY)
  return { clients, webhooks }
}

/** What the tokens of service accounts are signed and verified with. */
export const SERVICE_ACCOUNT_KEY = 'service-accounts.key'

/** Makes another key of that kind. */
export async function writeServiceAccountKey(directory: string, file: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(join(directory, file), privateKey.export({ type: 'sec1', format: 'pem' }))
}

/** A client certificate; the organization is what Kubernetes reads as the group. */
export function issueClient(authority: Authority, commonName: string, organization?: string): Promise<KeyPairPem> {
  return issueCertificate(authority, {
    commonName,
    ...(organization !== undefined && { organization }),
    dnsNames: [],
    ipAddresses: [],
    usage: 'client',
    days: DAYS,
  })
}

/** Writes `<name>.crt` and `<name>.key`. */
export async function writePair(directory: string, name: string, pair: KeyPairPem): Promise<void> {
  await writeFile(join(directory, `${name}.crt`), pair.certificatePem)
  await writeFile(join(directory, `${name}.key`), pair.privateKeyPem, { mode: 0o600 })
}

/** Writes `<user>.kubeconfig` for an API server; paths in it are relative to the folder. */
export async function writeKubeconfig(
  directory: string,
  file: string,
  user: string,
  server: { readonly port: number; readonly certificate: string },
): Promise<void> {
  const cluster = { server: `https://127.0.0.1:${server.port}`, 'certificate-authority': server.certificate }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: user, user: { 'client-certificate': `${user}.crt`, 'client-key': `${user}.key` } }],
  }
  await writeFile(join(directory, file), JSON.stringify(config))
}

/**
 * Writes what `--admission-control-config-file` names and returns its path: how the API server introduces itself to
 * webhooks. Without a client it has no certificate to show.
 */
export async function writeAdmissionConfig(directory: string, client: KeyPairPem | undefined): Promise<string> {
  const kubeConfigFile = join(directory, 'webhook-clients.kubeconfig')
  const users = []
  if (client !== undefined) {
    await writePair(directory, 'apiserver-webhook', client)
    const files = { 'client-certificate': 'apiserver-webhook.crt', 'client-key': 'apiserver-webhook.key' }
    users.push({ name: '*', user: files })
  }
  await writeFile(kubeConfigFile, JSON.stringify({ apiVersion: 'v1', kind: 'Config', users }))
  const apiVersion = 'apiserver.config.k8s.io/v1'
  const configuration = { apiVersion, kind: 'WebhookAdmissionConfiguration', kubeConfigFile }
  const plugins = ['ValidatingAdmissionWebhook', 'MutatingAdmissionWebhook'].map(name => ({ name, configuration }))
  const file = join(directory, 'admission.json')
  await writeFile(file, JSON.stringify({ apiVersion, kind: 'AdmissionConfiguration', plugins }))
  return file
}
