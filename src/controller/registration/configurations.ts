import { compareText } from '../../admission/text.ts'
import type { JsonObject } from '../../json/value.ts'
import type { CompiledPolicy } from '../../policy/compile.ts'
import { strictestAction } from '../../policy/decide.ts'
import type { EndpointName } from '../../review/path.ts'
import { ONLY_CHANGED } from './conditions.ts'
import { judgesMetadata, rulesOf, type ServedResource } from './rules.ts'

/** The name of both configurations, and of the webhook that refuses. */
export const CONFIGURATION = 'portcullis'
export const POLICY_WEBHOOK = 'policies.portcullis.dev'
/** Where the heartbeat asks, and the first namespace that an installation reaches. */
export const PROBE_NAMESPACE = 'portcullis-probe'
const NAME_LABEL = 'kubernetes.io/metadata.name'

/**
 * How far an installation has come: asked about the probe's namespace alone and never blocking, about all namespaces and
 * never blocking, in force.
 */
export type Stage = 'probe' | 'everywhere' | 'in-force'
export type Mode = 'observe' | 'enforce'

/** How the API server reaches the gateway. */
export type Target =
  | { readonly service: { readonly name: string; readonly namespace: string; readonly port: number } }
  /** Of a gateway outside of the cluster; without a path. */
  | { readonly url: string }

/** Everything that decides what is registered. */
export interface Registration {
  readonly policies: readonly CompiledPolicy[]
  readonly hasInjections: boolean
  readonly served: readonly ServedResource[]
  readonly target: Target
  /** PEM. */
  readonly caBundle: string
  /** Those that no policy looks at by default, and those that must start without the gateway. */
  readonly excludedNamespaces: readonly string[]
  readonly mode: Mode
  readonly stage: Stage
  readonly timeoutSeconds: number
  /** What the configurations go with. */
  readonly owners?: readonly JsonObject[]
}

export interface Configurations {
  readonly validating: JsonObject
  /** Undefined where nothing is injected. */
  readonly mutating: JsonObject | undefined
}

/**
 * The two webhook configurations. Every field that the API server would default is written, so that a configuration that
 * somebody edited is told from ours by comparing them.
 */
export function configurationsOf(registration: Registration): Configurations {
  const { hasInjections, mode } = registration
  const validating = [...policyWebhooks(registration), documentsWebhook(registration)]
  const mutating = hasInjections
    ? [
        {
          ...webhook(registration, {
            name: 'injections.portcullis.dev',
            endpoint: mode === 'observe' ? 'observe/mutate' : 'mutate',
            isEnforced: false,
            rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' }],
          }),
          reinvocationPolicy: 'IfNeeded',
        },
      ]
    : undefined
  return {
    validating: configuration('ValidatingWebhookConfiguration', registration, validating),
    mutating: mutating && configuration('MutatingWebhookConfiguration', registration, mutating),
  }
}

function configuration(
  kind: string,
  { mode, stage, owners = [] }: Registration,
  webhooks: readonly JsonObject[],
): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {
      name: CONFIGURATION,
      labels: { 'app.kubernetes.io/name': 'portcullis', 'app.kubernetes.io/managed-by': 'portcullis-controller' },
      annotations: { 'portcullis.dev/mode': mode, 'portcullis.dev/stage': stage },
      ...(owners.length > 0 && { ownerReferences: [...owners] }),
    },
    webhooks,
  }
}

interface Entry {
  readonly name: string
  readonly endpoint: EndpointName
  /** Whether it refuses what it cannot be asked about, once the registration is in force. */
  readonly isEnforced: boolean
  readonly rules: readonly JsonObject[]
  readonly conditions?: readonly JsonObject[]
  /** Whether namespaces are excluded. */
  readonly everywhere?: true
}

function policyWebhooks(registration: Registration): readonly JsonObject[] {
  const { policies, served, mode } = registration
  const denying = policies.filter(policy => strictestAction(policy) === 'Deny')
  const lenient = denying.filter(({ failurePolicy }) => failurePolicy === 'Ignore')
  const strict = denying.filter(policy => !lenient.includes(policy))
  const others = policies.filter(policy => !denying.includes(policy))
  const groups: readonly (readonly [string, EndpointName, boolean, readonly CompiledPolicy[]])[] =
    mode === 'observe'
      ? [[POLICY_WEBHOOK, 'observe/all', false, policies]]
      : [
          [POLICY_WEBHOOK, lenient.length === 0 ? 'validate' : 'validate/fail', true, strict],
          ['lenient.portcullis.dev', 'validate/ignore', false, lenient],
          ['observe.portcullis.dev', 'observe', false, others],
        ]
  return groups.flatMap(([name, endpoint, isEnforced, asked]) => {
    const entry = { endpoint, isEnforced }
    const aboutSpec = rulesOf(
      asked.filter(policy => !judgesMetadata(policy)),
      served,
    )
    const aboutMetadata = rulesOf(asked.filter(judgesMetadata), served)
    return [
      ...(aboutSpec.length === 0
        ? []
        : [webhook(registration, { ...entry, name, rules: aboutSpec, conditions: ONLY_CHANGED })]),
      ...(aboutMetadata.length === 0
        ? []
        : [webhook(registration, { ...entry, name: `metadata.${name}`, rules: aboutMetadata })]),
    ]
  })
}

/** Never in the way: what it could not refuse keeps its last good revision at the gateways. */
function documentsWebhook(registration: Registration): JsonObject {
  const rules = [
    {
      apiGroups: ['portcullis.dev'],
      apiVersions: ['*'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['policies', 'policyexceptions', 'sidecarinjections', 'canaryrollouts'],
      scope: '*',
    },
  ]
  const name = 'documents.portcullis.dev'
  return webhook(registration, { name, endpoint: 'documents', isEnforced: false, rules, everywhere: true })
}

function webhook(registration: Registration, entry: Entry): JsonObject {
  const { caBundle, stage, timeoutSeconds } = registration
  const { name, endpoint, isEnforced, rules, conditions, everywhere } = entry
  return {
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: { caBundle: Buffer.from(caBundle).toString('base64'), ...clientOf(registration.target, endpoint) },
    failurePolicy: isEnforced && stage === 'in-force' ? 'Fail' : 'Ignore',
    matchPolicy: 'Equivalent',
    namespaceSelector: everywhere === true ? {} : namespacesOf(registration),
    objectSelector: {},
    rules,
    ...(conditions !== undefined && { matchConditions: conditions }),
    sideEffects: 'None',
    timeoutSeconds,
  }
}

function clientOf(target: Target, endpoint: EndpointName): JsonObject {
  return 'url' in target
    ? { url: `${target.url.replace(/\/$/, '')}/${endpoint}` }
    : { service: { ...target.service, path: `/${endpoint}` } }
}

function namespacesOf({ stage, excludedNamespaces }: Registration): JsonObject {
  const [operator, values] =
    stage === 'probe' ? ['In', [PROBE_NAMESPACE]] : ['NotIn', [...new Set(excludedNamespaces)].toSorted(compareText)]
  return values.length === 0 ? {} : { matchExpressions: [{ key: NAME_LABEL, operator, values }] }
}
