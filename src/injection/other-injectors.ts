import { getList, type Json } from '../json/value.ts'

/**
 * The names of the containers that widely used injectors add: Istio, Linkerd, Kuma, Consul, NGINX Service Mesh, HashiCorp Vault, the Vault
 * webhook of Bank-Vaults, Dapr, the operators of OpenTelemetry and Jaeger, Dynatrace, Instana, Telepresence, Azure Workload Identity, GKE's
 * Cloud Storage FUSE, Knative. Names that are also those of applications, such as `envoy`, are not among them.
 */
const NAMES: ReadonlySet<string> = new Set([
  ...['istio-proxy', 'istio-init', 'istio-validation', 'enable-core-dump'],
  ...['linkerd-proxy', 'linkerd-init', 'linkerd-network-validator', 'linkerd-debug'],
  ...['kuma-sidecar', 'kuma-init', 'kuma-validation'],
  ...['consul-dataplane', 'consul-connect-inject-init', 'consul-mesh-init'],
  ...['nginx-mesh-sidecar', 'nginx-mesh-init'],
  ...['vault-agent', 'vault-agent-init', 'copy-vault-env'],
  ...['daprd', 'otc-container', 'jaeger-agent'],
  ...['install-oneagent', 'dynatrace-operator', 'instana-instrumentation-init'],
  ...['traffic-agent', 'tel-agent-init'],
  ...['azwi-proxy', 'azwi-proxy-init', 'gke-gcsfuse-sidecar', 'gke-gcsfuse-metadata-prefetch'],
  'queue-proxy',
])

/** What the names begin with of injectors that have one for each language: OpenTelemetry, Datadog. */
const PREFIXES = ['opentelemetry-auto-instrumentation', 'datadog-lib-', 'datadog-init-', 'datadog-agent-injected']

/** Where Istio writes what it added; its templates may give containers other names. */
export const ISTIO_STATUS = 'sidecar.istio.io/status'
/** A longer one is no status of Istio's, and not worth the time to parse it. */
const MAX_STATUS = 64 * 1024

/** Says which containers of a pod other injectors have put there. */
export interface OtherInjectors {
  has(container: string): boolean
}

/**
 * Knows the containers of other injectors by their names, and by what Istio says that it added. A forged status keeps variables and mounts
 * out of a container, which leaving out the trigger does, too.
 *
 * @param status the annotation {@link ISTIO_STATUS}.
 */
export function otherInjectors(status: Json | undefined): OtherInjectors {
  // Nearly every pod has no status; a pod that nothing is injected into never asks.
  const listed = status === undefined ? undefined : listedIn(status)
  return {
    has: name => NAMES.has(name) || PREFIXES.some(prefix => name.startsWith(prefix)) || listed?.has(name) === true,
  }
}

function listedIn(status: Json | undefined): ReadonlySet<Json> {
  if (typeof status !== 'string' || status.length > MAX_STATUS) return new Set()
  try {
    const parsed = JSON.parse(status) as Json
    return new Set([...getList(parsed, 'containers'), ...getList(parsed, 'initContainers')])
  } catch {
    return new Set()
  }
}
