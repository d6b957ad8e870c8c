import { append, type Pointer } from '../../json/pointer.ts'
import { get, getList, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { readSelector, type Selector } from '../../workload/selector.ts'
import { type Findings, inKey } from '../findings.ts'

/** One rule of a webhook: what it is asked about. */
export interface WebhookRule {
  readonly pointer: Pointer
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  /** Empty where they cannot be read: then any may be meant. */
  readonly operations: readonly string[]
  readonly isClusterScoped: boolean
}

/** The operations by which an object is written. */
export const WRITES = ['CREATE', 'UPDATE'] as const
type Operation = (typeof WRITES)[number] | 'DELETE'

/** One webhook of a configuration, with the defaults of the API filled in. */
export interface Webhook {
  readonly pointer: Pointer
  readonly name: string
  readonly isMutating: boolean
  readonly value: JsonObject
  /** `Fail` where it is absent. */
  readonly failsClosed: boolean
  readonly rules: readonly WebhookRule[]
  /** Empty selects everything; undefined where it cannot be read. */
  readonly namespaceSelector: Selector | undefined
  readonly objectSelector: Selector | undefined
  readonly hasConditions: boolean
  readonly clientConfig: Json | undefined
}

/** What the rules of the check add to. */
export interface Verdicts {
  readonly findings: Findings
  readonly skipped: string[]
}

/** The webhooks of a Mutating- or ValidatingWebhookConfiguration. */
export function* webhooksIn(object: JsonObject): Generator<Webhook> {
  const isMutating = get(object, 'kind') === 'MutatingWebhookConfiguration'
  for (const [index, value] of getList(object, 'webhooks').entries()) {
    if (!isObject(value)) continue
    const pointer = append('', 'webhooks', index)
    yield {
      pointer,
      name: inKey(getString(value, 'name') ?? '', 1024),
      isMutating,
      value,
      failsClosed: (getString(value, 'failurePolicy') ?? 'Fail') === 'Fail',
      rules: getList(value, 'rules').map((rule, at) => ({
        pointer: append(pointer, 'rules', at),
        apiGroups: textsIn(rule, 'apiGroups'),
        resources: textsIn(rule, 'resources'),
        operations: textsIn(rule, 'operations'),
        isClusterScoped: get(rule, 'scope') === 'Cluster',
      })),
      namespaceSelector: selectorOf(get(value, 'namespaceSelector')),
      objectSelector: selectorOf(get(value, 'objectSelector')),
      hasConditions: getList(value, 'matchConditions').length > 0,
      clientConfig: get(value, 'clientConfig'),
    }
  }
}

function selectorOf(value: Json | undefined): Selector | undefined {
  return value === undefined || value === null ? [] : readSelector(value)
}

function textsIn(value: Json, key: string): readonly string[] {
  return getList(value, key).filter(item => typeof item === 'string')
}

/** Whether a rule is about one of these operations. */
export function isAskedOn({ operations }: WebhookRule, some: readonly Operation[]): boolean {
  return operations.length === 0 || operations.includes('*') || some.some(operation => operations.includes(operation))
}

/** Whether a rule is about one of these operations on a namespaced resource, such as `replicasets` or `pods/status`. */
export function covers(rule: WebhookRule, group: string, resource: string, some: readonly Operation[]): boolean {
  const { apiGroups, resources, isClusterScoped } = rule
  if (isClusterScoped || !isAskedOn(rule, some)) return false
  if (!apiGroups.includes('*') && !apiGroups.includes(group)) return false
  const [plural = '', sub] = resource.split('/')
  const patterns = [resource, `${plural}/*`, sub === undefined ? '*' : `*/${sub}`, '*/*']
  return patterns.some(pattern => resources.includes(pattern))
}

/** The pointer to a field of a webhook, or to the webhook where the field is absent. */
export function fieldOf({ pointer, value }: Webhook, ...path: readonly string[]): Pointer {
  let at: Json | undefined = value
  let found = pointer
  for (const segment of path) {
    at = get(at, segment)
    if (at === undefined) break
    found = append(found, segment)
  }
  return found
}
