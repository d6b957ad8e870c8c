import type { ClusterClient } from '../../cluster/client.ts'
import { ApiError } from '../../cluster/http.ts'
import type { JsonObject } from '../../json/value.ts'
import { WOULD_REFUSE } from '../../review/message.ts'
import { PROBE_NAMESPACE } from './configurations.ts'

/** What became of a pod that must be refused. */
export type ProbeResult =
  /** By one of our policies. */
  | { readonly kind: 'refused'; readonly policy: string }
  /** The same in mode observe: our gateway said that it would be. */
  | { readonly kind: 'observed'; readonly policy: string }
  /** Nobody objected, or somebody else. */
  | { readonly kind: 'let-through'; readonly message: string }
  /** The API server could not call the gateway. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The API gave no verdict. */
  | { readonly kind: 'unknown'; readonly message: string }

/** Of several that deny the API server shows one, whichever came first: any of ours. */
const DENIED_BY_US = /admission webhook "(?:[a-z]+\.)+portcullis\.dev" denied the request/

/** A pod that offends as many policies as one can: whichever denies anything about pods, denies this one. */
export const PROBE_POD: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'portcullis-probe-', namespace: PROBE_NAMESPACE },
  spec: {
    hostNetwork: true,
    hostPID: true,
    restartPolicy: 'Never',
    containers: [
      {
        name: 'probe',
        image: 'portcullis.invalid/probe:none',
        command: ['sysctl', '-w', 'net.bridge.bridge-nf-call-iptables=0'],
        securityContext: { privileged: true, runAsUser: 0 },
        volumeMounts: [{ name: 'host', mountPath: '/host' }],
      },
    ],
    volumes: [{ name: 'host', hostPath: { path: '/' } }],
  },
}

/**
 * Asks the API server, as a dry run, for a pod that the policies must refuse. Only a refusal that names our webhook and one of
 * these policies counts: others refuse pods, too.
 *
 * @param policies those that refuse it by the controller's own evaluation.
 */
export async function probe(client: Pick<ClusterClient, 'create'>, policies: readonly string[]): Promise<ProbeResult> {
  const collection = { group: '', version: 'v1', resource: 'pods', namespace: PROBE_NAMESPACE }
  try {
    const { warnings } = await client.create(collection, PROBE_POD, { dryRun: true })
    return observedIn(warnings, policies) ?? { kind: 'let-through', message: 'it was admitted' }
  } catch (error) {
    if (!(error instanceof ApiError)) return { kind: 'unknown', message: String(error) }
    const { message, warnings } = error
    if (DENIED_BY_US.test(message)) {
      const policy = policies.find(name => namesPolicy(message, name))
      if (policy !== undefined) return { kind: 'refused', policy }
    }
    if (/failed (?:to call|calling) webhook "[a-z.]*portcullis\.dev"/.test(message))
      return { kind: 'unreachable', message }
    // A quota of the namespace, as it ships, refuses what we only observe.
    const observed = observedIn(warnings, policies)
    if (observed !== undefined) return observed
    return { kind: error.code === 403 ? 'let-through' : 'unknown', message }
  }
}

function observedIn(warnings: readonly string[], policies: readonly string[]): ProbeResult | undefined {
  const policy = policies.find(name => warnings.some(warning => warning.startsWith(`${WOULD_REFUSE} ${name}:`)))
  return policy === undefined ? undefined : { kind: 'observed', policy }
}

/** `is refused by policy a` or `by policies a, b:`; a name is no part of another one. */
function namesPolicy(message: string, name: string): boolean {
  const [, named = ''] = /(?:policy|policies) ([a-z0-9.-]+(?:, [a-z0-9.-]+)*):/.exec(message) ?? []
  return named.split(', ').includes(name)
}
