import type { Authority } from '../../../src/certs/issue.ts'
import type { ApiServer } from './control-plane.ts'
import { waitUntil } from './processes.ts'
import { dryRunCreate, podWith } from './webhooks.ts'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations'

/** A mutating webhook of pods on the loopback. */
export interface MutatingOptions {
  /** Webhooks are called in the order of these names. */
  readonly name: string
  readonly port: number
  readonly path?: string
  /** Signed its serving certificate. */
  readonly authority: Authority
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded'
  /** The one namespace whose pods it gets; all unless given. */
  readonly namespace?: string
  /** Something of a pod in `namespace`, or in default, that shows that it is in force. */
  readonly mark: (pod: unknown) => boolean
}

/** Registers a mutating webhook with `failurePolicy: Fail` and waits until it is in force. */
export async function registerMutating(server: ApiServer, options: MutatingOptions): Promise<void> {
  const { name, port, path = '/mutate', authority, reinvocationPolicy = 'Never', namespace } = options
  const labels = namespace === undefined ? {} : { matchLabels: { 'kubernetes.io/metadata.name': namespace } }
  const { status, body } = await server.request('POST', CONFIGURATIONS, {
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: {
          url: `https://127.0.0.1:${port}${path}`,
          caBundle: Buffer.from(authority.certificatePem).toString('base64'),
        },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: labels,
        failurePolicy: 'Fail',
        reinvocationPolicy,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 10,
      },
    ],
  })
  if (status !== 201) throw new Error(`the registration was refused: ${body}`)
  await waitUntil(`webhook ${name} is in force`, async () => {
    const probe = podWith() as { metadata: { annotations?: unknown } }
    probe.metadata.annotations = { 'example.com/inject': 'true' }
    const made = await dryRunCreate(server, probe, namespace)
    return made.status === 201 && options.mark(JSON.parse(made.body))
  })
}

/** Takes a mutating webhook away and waits until nobody asks it any more. */
export async function unregisterMutating(
  server: ApiServer,
  { name, namespace, mark }: Pick<MutatingOptions, 'name' | 'namespace' | 'mark'>,
): Promise<void> {
  await server.request('DELETE', `${CONFIGURATIONS}/${name}`)
  await waitUntil(`webhook ${name} is gone`, async () => {
    const made = await dryRunCreate(server, podWith(), namespace)
    return made.status === 201 && !mark(JSON.parse(made.body))
  })
}
