import { get, type Json } from '../../json/value.ts'
import type { Container, Pod } from '../../workload/pod.ts'

/** Shows the pod's own securityContext, without a container, and then that of each container; absent ones too. */
export function visitSecurityContexts(
  pod: Pod,
  visit: (context: Json | undefined, container: Container | undefined) => void,
): void {
  visit(get(pod.spec, 'securityContext'), undefined)
  for (const container of pod.containers) visit(securityContextOf(container), container)
}

/** The securityContext of a container. */
export function securityContextOf({ value }: Container): Json | undefined {
  return get(value, 'securityContext')
}

/** Whether a field is set: Kubernetes reads null as absent. */
export function isSet(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null
}

/** A string as Kubernetes reads it: absent and null are empty, and so is what it would refuse to read. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
