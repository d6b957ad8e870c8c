import { quote } from '../../admission/text.ts'
import { get, getString } from '../../json/value.ts'
import { selects } from '../../workload/selector.ts'
import { covers, fieldOf, isAskedOn, type Verdicts, type Webhook, WRITES } from './webhook.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

/** A webhook that is asked about everything and fails closed: when it is down, nothing can be changed any more, it included. */
export function judgeEverything(webhook: Webhook, { findings }: Verdicts): void {
  const { name, rules, failsClosed, namespaceSelector, objectSelector, hasConditions } = webhook
  if (!failsClosed || hasConditions || namespaceSelector?.length !== 0 || objectSelector?.length !== 0) return
  const all = rules.find(
    rule =>
      rule.apiGroups.includes('*') &&
      rule.resources.some(resource => /^\*(?:\/\*)?$/.test(resource)) &&
      !rule.isClusterScoped &&
      isAskedOn(rule, WRITES),
  )
  if (all === undefined) return
  findings.push({
    pointer: all.pointer,
    message: `webhook ${quote(name)} is asked about everything and fails closed: while it cannot be reached nothing in the cluster can be changed, its own repair included`,
    hint: 'name the resources that it is about, and leave out kube-system and its own namespace by a namespaceSelector',
    level: 'violation',
    key: `everything ${name}`,
  })
}

/** A webhook that fails closed in kube-system or in its own namespace: its own restart would have to ask it. */
export function judgeNamespaces(webhook: Webhook, { findings, skipped }: Verdicts): void {
  const { name, failsClosed, namespaceSelector, objectSelector, hasConditions, clientConfig } = webhook
  if (!failsClosed || !touchesPods(webhook)) return
  const own = getString(get(clientConfig, 'service'), 'namespace')
  const namespaces = [...new Set(['kube-system', ...(own === undefined ? [] : [own])])]
  const reached: string[] = []
  const unknown: string[] = []
  for (const namespace of namespaces) {
    const answer =
      namespaceSelector === undefined
        ? 'unknown'
        : selects(namespaceSelector, key => (key === NAME_LABEL ? { value: namespace } : 'unknown'))
    if (answer === false) continue
    if (answer === 'unknown' || hasConditions || objectSelector?.length !== 0) unknown.push(namespace)
    else reached.push(namespace)
  }
  if (unknown.length > 0) {
    skipped.push(
      `whether webhook ${quote(name)} is asked in ${unknown.join(' and ')} depends on labels or conditions that a file does not say`,
    )
  }
  if (reached.length === 0) return
  const where = reached
    .map(namespace => (namespace === own ? `its own namespace ${namespace}` : namespace))
    .join(' and in ')
  findings.push({
    pointer: fieldOf(webhook, 'namespaceSelector'),
    message: `webhook ${quote(name)} fails closed in ${where}: when it is down, its pods or those of the cluster cannot be replaced`,
    hint: `exclude them: namespaceSelector.matchExpressions [{key: ${NAME_LABEL}, operator: NotIn, values: [${namespaces.join(', ')}]}]`,
    level: 'violation',
    key: `namespaces ${name} ${reached.join(' ')}`,
  })
}

/** What has to be written until a pod runs again and its Service finds it. */
const TO_START = [
  ['', 'pods'],
  ['', 'pods/binding'],
  ['apps', 'replicasets'],
  ['apps', 'deployments'],
  ['apps', 'daemonsets'],
  ['apps', 'statefulsets'],
  ['batch', 'jobs'],
  ['coordination.k8s.io', 'leases'],
  ['', 'configmaps'],
  ['', 'secrets'],
  ['', 'persistentvolumeclaims'],
  ['', 'serviceaccounts'],
  ['', 'serviceaccounts/token'],
  ['', 'endpoints'],
  ['discovery.k8s.io', 'endpointslices'],
] as const

/** Only what has to do with pods keeps pods from starting; a pod that cannot be deleted is not replaced either. */
function touchesPods({ rules }: Webhook): boolean {
  return rules.some(rule => TO_START.some(([group, resource]) => covers(rule, group, resource, [...WRITES, 'DELETE'])))
}

/** What controllers write all the time, and must be able to. */
const CONTROLLERS_OWN = [
  ['apps', 'replicasets', 'their controllers fight back, and make pods for ever'],
  ['coordination.k8s.io', 'leases', 'leaders and nodes lose their leases when it is slow'],
] as const

/** A mutating webhook that changes what controllers write themselves. */
export function judgeMutated(webhook: Webhook, { findings }: Verdicts): void {
  if (!webhook.isMutating) return
  for (const rule of webhook.rules) {
    const hits: (readonly [group: string, what: string, why: string])[] = CONTROLLERS_OWN.filter(([group, resource]) =>
      covers(rule, group, resource, WRITES),
    )
    if (isAskedOn(rule, WRITES) && rule.resources.some(resource => /\/(?:status|\*)$/.test(resource))) {
      hits.push(['', 'the status of objects', 'their controllers write it again and again'])
    }
    for (const [, what, why] of hits) {
      findings.push({
        pointer: rule.pointer,
        message: `webhook ${quote(webhook.name)} mutates ${what}: ${why}`,
        hint: 'mutate what people and templates create, such as pods on CREATE, and nothing that a controller owns',
        level: 'violation',
        key: `mutates ${webhook.name} ${what}`,
      })
    }
  }
}
