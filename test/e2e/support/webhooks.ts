import { readFile } from 'node:fs/promises'
import { load } from 'js-yaml'
import type { Authority } from '../../../src/certs/issue.ts'
import type { ApiServer } from './control-plane.ts'
import { waitUntil } from './processes.ts'

/** The name of the webhook, as users read it in a refusal. */
export const WEBHOOK = 'policies.portcullis.dev'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const NAMESPACE = '/api/v1/namespaces/portcullis-system'

/** A webhook as far as these tests change it. */
export interface Webhook {
  readonly name: string
  readonly clientConfig: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

/** Where the API server finds the gateway. */
export interface RegistrationOptions {
  readonly port: number
  /** Signed the gateway's serving certificate. */
  readonly authority: Authority
  /** By service, as in a cluster, or by URL, where the API server offers h2 as well. */
  readonly by?: 'service' | 'url'
  /** Changes fields of the webhook. */
  readonly change?: Readonly<Record<string, unknown>>
  /** What a pod with a dangerous path gets once it is in force: 403, in the gateway's words, unless given. */
  readonly refusal?: number
}

/** Registers the gateway as docs/install.md says, with `failurePolicy: Fail`, and waits until that is in force. */
export async function registerGateway(server: ApiServer, options: RegistrationOptions): Promise<void> {
  const documented = await documentedRegistration()
  const { port, by = 'service', refusal = 403 } = options
  if (by === 'service') await createService(server)
  const webhooks = documented.webhooks.map(webhook => ({
    ...webhook,
    failurePolicy: 'Fail',
    clientConfig: {
      caBundle: Buffer.from(options.authority.certificatePem).toString('base64'),
      ...(by === 'url'
        ? { url: `https://127.0.0.1:${port}/validate` }
        : { service: { ...(webhook.clientConfig['service'] as object), port } }),
    },
    ...options.change,
  }))
  const answer = await server.request('POST', CONFIGURATIONS, { ...documented, webhooks })
  if (answer.status !== 201) throw new Error(`the registration was refused: ${answer.body}`)
  // Nor is it in force while the API server cannot find the gateway yet.
  await rootPodGets(server, refusal)
}

/** Registers what only warns and records, on `/observe`, with `failurePolicy: Ignore`. */
export async function registerObserver(
  server: ApiServer,
  { port, authority }: Pick<RegistrationOptions, 'port' | 'authority'>,
): Promise<void> {
  const documented = await documentedRegistration()
  const webhooks = documented.webhooks.map(webhook => ({
    ...webhook,
    name: 'observe.portcullis.dev',
    failurePolicy: 'Ignore',
    clientConfig: {
      caBundle: Buffer.from(authority.certificatePem).toString('base64'),
      url: `https://127.0.0.1:${port}/observe`,
    },
  }))
  const metadata = { name: 'portcullis-observe' }
  const answer = await server.request('POST', CONFIGURATIONS, { ...documented, metadata, webhooks })
  if (answer.status !== 201) throw new Error(`the registration was refused: ${answer.body}`)
}

/** Removes the registration and waits until nobody is asked any more. */
export async function unregisterGateway(server: ApiServer): Promise<void> {
  await server.request('DELETE', `${CONFIGURATIONS}/portcullis`)
  await rootPodGets(server, 201)
}

async function documentedRegistration(): Promise<{ readonly webhooks: readonly Webhook[] }> {
  const text = await readFile(new URL('../../../docs/install.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const block = blocks.find(candidate => candidate.includes('kind: ValidatingWebhookConfiguration'))
  if (block === undefined) throw new Error('docs/install.md shows no ValidatingWebhookConfiguration')
  return load(block) as { webhooks: Webhook[] }
}

/** A service that leads to the loopback: the API server takes the way to it that it takes in a cluster. */
async function createService(server: ApiServer): Promise<void> {
  await server.request('POST', '/api/v1/namespaces', { metadata: { name: 'portcullis-system' } })
  const spec = { type: 'ExternalName', externalName: '127.0.0.1' }
  const { status, body } = await server.request('POST', `${NAMESPACE}/services`, {
    metadata: { name: 'portcullis' },
    spec,
  })
  if (status !== 201 && status !== 409) throw new Error(`the service was refused: ${body}`)
}

/**
 * Waits until a pod that mounts the root of its node gets this status. That a registration was written is not yet that the API
 * server goes by it.
 */
export async function rootPodGets(server: ApiServer, status: number, namespace = 'default'): Promise<void> {
  await waitUntil(
    `a pod that mounts / gets ${status}`,
    async () => (await dryRunCreate(server, podWith({ path: '/' }), namespace)).status === status,
  )
}

/** Asks the API server to create a pod, without keeping it. */
export function dryRunCreate(
  server: ApiServer,
  pod: unknown,
  namespace = 'default',
): Promise<{ readonly status: number; readonly body: string }> {
  return server.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
}

/** A pod with a hostPath volume, or with none. */
export function podWith(hostPath?: { readonly path: string }): unknown {
  const volumes = hostPath === undefined ? [] : [{ name: 'host', hostPath }]
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: '/host' }))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'probe-' },
    spec: { containers: [{ name: 'app', image: 'registry.example.com/app:1', volumeMounts }], volumes },
  }
}
