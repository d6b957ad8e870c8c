import { quote } from '../../admission/text.ts'
import { append, type Pointer, type Segment } from '../../json/pointer.ts'
import { get, isList, type Json } from '../../json/value.ts'
import type { Container, Pod } from '../../workload/pod.ts'
import type { Finding, Severity } from '../check.ts'
import { inKey } from '../findings.ts'

/** What is wrong with the pod itself or with one of its containers. */
export interface Fault {
  /** The rule and the value that breaks it. */
  readonly rule: string
  /** Where it stands, from the pod's spec or from the container: as far as it exists. */
  readonly path: readonly Segment[]
  /** The end of a sentence that begins with the pod or the container. */
  readonly says: string
  readonly hint: string
  /** Rules of the same check that are at least as bad: `add "ALL"` beside `add "SYS_ADMIN"`. */
  readonly atMost?: readonly string[]
  /** Whether it is about something that is not there. */
  readonly isMissing?: true
}

/** A violation by the pod itself, which concerns all its containers, or by one container. */
export function violation(pod: Pod, container: Container | undefined, fault: Fault): Finding {
  const { rule, path, says, hint } = fault
  const concerned = container === undefined ? pod.containers : [container]
  const identity = container === undefined ? ['pod'] : [container.list, inKey(container.name)]
  return {
    pointer: container === undefined ? closestOf(pod, path) : closest(container.pointer, container.value, path),
    message: `${container === undefined ? 'the pod' : nameOf(container)} ${says}`,
    hint,
    level: 'violation',
    key: `${rule} ${JSON.stringify(identity)}`,
    facts: { containers: concerned.map(({ name, image }) => ({ name, image })) },
    ...(fault.isMissing === true && { isMissing: true as const }),
    severity: severityOf(container === undefined ? 'pod' : 'container', fault, concerned.length),
  }
}

/** What the pod sets holds for each of its containers: one of them may set it instead. */
function severityOf(whose: 'pod' | 'container', { rule, atMost = [] }: Fault, containers: number): Severity {
  const classes = whose === 'pod' ? ['pod'] : ['container', 'pod']
  return {
    as: `${whose} ${rule}`,
    times: whose === 'pod' ? containers : 1,
    within: () => [rule, ...atMost].flatMap(worse => classes.map(level => `${level} ${worse}`)),
  }
}

const NOUNS = { initContainers: 'init container', containers: 'container', ephemeralContainers: 'ephemeral container' }

/** `init container "migrate"`. */
function nameOf({ list, name }: Container): string {
  return `${NOUNS[list]} ${quote(name)}`
}

/** The same of a field of the pod's spec, which may have another name where it stands. */
function closestOf(pod: Pod, path: readonly Segment[]): Pointer {
  const [field, ...rest] = path
  const value = field === undefined ? undefined : get(pod.spec, String(field))
  return field === undefined || value === undefined ? pod.specAt() : closest(pod.specAt(field), value, rest)
}

/** The pointer to what stands at `path`, or to the closest that exists on the way to it. */
function closest(base: Pointer, value: Json | undefined, path: readonly Segment[]): Pointer {
  let pointer = base
  let at = value
  for (const segment of path) {
    at = isList(at) && typeof segment === 'number' ? at[segment] : get(at, String(segment))
    if (at === undefined) break
    pointer = append(pointer, segment)
  }
  return pointer
}
