import type { AdmissionRequest } from '../../admission/request.ts'
import { quote } from '../../admission/text.ts'
import type { Injection } from '../../injection/injection.ts'
import { describeValue, describeValues, isMeant } from '../../injection/trigger-doubt.ts'
import { append, type Pointer, parsePointer, pointerOf, resolvePointer } from '../../json/pointer.ts'
import { dig, get, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import type { NamespaceLabels } from '../../policy/match.ts'
import { suggest } from '../../policy/suggest.ts'
import type { InjectionFact } from '../../review/facts.ts'
import { type Requirement, type Selector, selects } from '../../workload/selector.ts'

/** A pod as it stands in its manifest. */
export interface ExplainedPod {
  readonly pod: JsonObject
  /** The object that the pod, or its template, stands in, and where. */
  readonly object: JsonObject
  readonly pointer: Pointer
  readonly request: Pick<AdmissionRequest, 'kind' | 'namespace'>
  readonly namespaceLabels: NamespaceLabels
}

/** Says what an injection wanted of a pod, and what was found; undefined if the result says all there is to say. */
export function whyNot(injection: Injection, result: InjectionFact['result'], at: ExplainedPod): string | undefined {
  switch (result) {
    case 'not-triggered':
      return untriggered(injection, at)
    case 'other-pod':
      return unmatched(injection, at)
    case 'other-labels':
      return unselected(injection.objectSelector, 'the pod', dig(at.pod, 'metadata', 'labels'))
    case 'other-namespace': {
      const name = at.request.namespace
      const labels = { ...at.namespaceLabels.labelsOf(name), 'kubernetes.io/metadata.name': name }
      return unselected(injection.namespaceSelector, `namespace ${name}`, labels)
    }
    default:
      return undefined
  }
}

type Asked = Extract<Injection['trigger'], { readonly kind: 'annotation' }>

function untriggered({ trigger }: Injection, at: ExplainedPod): string | undefined {
  if (trigger.kind === 'always') return undefined
  const { key } = trigger
  const wanted = `annotation ${quote(key)} of the pod must be ${describeValues(trigger)}`
  const value = dig(at.pod, 'metadata', 'annotations', key)
  if (value !== undefined) {
    const almost = typeof value === 'string' && isMeant(value, trigger) ? ', which is not exactly that' : ''
    return `${wanted}; it is ${describeValue(value)}${almost}`
  }
  const found = [...elsewhereInPod(trigger, at), ...aroundPod(trigger, at), ...onNamespace(trigger, at)]
  return `${wanted}; ${found.length > 0 ? found.join('; ') : 'the pod does not have it'}`
}

function elsewhereInPod({ key }: Asked, { pod, pointer }: ExplainedPod): readonly string[] {
  const place = append(pointer, 'metadata', 'annotations')
  const found: string[] = []
  if (dig(pod, 'metadata', 'labels', key) !== undefined) {
    found.push(`the pod has it as a label: write it to ${place}`)
  }
  for (const parents of [[], ['spec']]) {
    if (dig(pod, ...parents, 'annotations', key) === undefined) continue
    found.push(
      `it is in ${append(pointer, ...parents, 'annotations')}, which Kubernetes does not know: write it to ${place}`,
    )
  }
  const annotations = dig(pod, 'metadata', 'annotations')
  const similar = isObject(annotations) ? Object.keys(annotations).find(other => isSimilar(other, key)) : undefined
  if (similar !== undefined) found.push(`the pod has ${quote(similar)} in its place`)
  return found
}

/** The same key in other letters, without its prefix, or with a slip in its name. */
function isSimilar(other: string, key: string): boolean {
  if (other.trim().toLowerCase() === key.toLowerCase()) return true
  const slash = key.lastIndexOf('/')
  const [prefix, name] = [key.slice(0, slash + 1), key.slice(slash + 1)]
  if (other === name) return true
  return other.startsWith(prefix) && suggest(other.slice(prefix.length), [name]) !== ''
}

/** The metadata of the objects that a template stands in: the Deployment, the CronJob and the Job that it makes. */
function aroundPod({ key }: Asked, { object, pointer, request }: ExplainedPod): readonly string[] {
  const segments = parsePointer(pointer) ?? []
  return segments.flatMap((_, depth) => {
    const holder = pointerOf(segments.slice(0, depth))
    const metadata = get(resolvePointer(object, holder), 'metadata')
    return (['annotations', 'labels'] as const).flatMap(map => {
      if (dig(metadata, map, key) === undefined) return []
      const what = map === 'labels' ? 'a label' : 'an annotation'
      const whose = holder === '' ? `the ${request.kind.kind} itself` : `what ${holder} describes`
      return [`it is ${what} of ${whose}, not of its pods: write it to ${append(pointer, 'metadata', 'annotations')}`]
    })
  })
}

function onNamespace({ key }: Asked, { namespaceLabels, request: { namespace } }: ExplainedPod): readonly string[] {
  return get(namespaceLabels.labelsOf(namespace), key) === undefined
    ? []
    : [
        `it is a label of namespace ${namespace}: for such a trigger the injection needs always: true and a namespaceSelector`,
      ]
}

function unmatched({ match }: Injection, { pod }: ExplainedPod): string {
  const spec = get(pod, 'spec')
  const shares = get(spec, 'hostNetwork') === true
  const policy = getString(spec, 'restartPolicy') || 'Always'
  const faults: string[] = []
  if (match?.hostNetwork !== undefined && match.hostNetwork !== shares) {
    faults.push(
      `match.hostNetwork is ${match.hostNetwork}, and the pod ${shares ? 'shares' : 'does not share'} the node's network`,
    )
  }
  if (match?.restartPolicy?.includes(policy) === false) {
    faults.push(`match.restartPolicy is ${match.restartPolicy.join(' or ')}, and the pod has ${quote(policy)}`)
  }
  return faults.join('; ')
}

/** The first requirement of a selector that labels do not meet; undefined if they meet all. */
function unselected(selector: Selector, what: string, labels: Json | undefined): string | undefined {
  const labelOf = (key: string) => getString(labels, key)
  const unmet = selector.find(requirement => selects([requirement], key => ({ value: labelOf(key) })) !== true)
  if (unmet === undefined) return undefined
  const value = labelOf(unmet.key)
  const found = value === undefined ? `${what} does not have it` : `it is ${quote(value)}`
  return `label ${quote(unmet.key)} of ${what} ${describeRequirement(unmet)}; ${found}`
}

function describeRequirement({ operator, values }: Requirement): string {
  const listed = values.map(quote).join(' or ')
  switch (operator) {
    case 'In':
      return `must be ${listed}`
    case 'NotIn':
      return `must not be ${listed}`
    case 'Exists':
      return 'must be there'
    case 'DoesNotExist':
      return 'must not be there'
  }
}
