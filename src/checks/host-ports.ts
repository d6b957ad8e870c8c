/*
Pod Security Standards, baseline: hostPorts. A port of the node is taken from whatever else would listen there, and is
reachable past the rules that guard the network of pods.

Fields: ports[*].hostPort in all three container lists. In a Pod (not in a template) with hostNetwork the API server
sets each hostPort of containers and init containers to its containerPort: a manifest is judged as if it had.

Allowed: absent, 0. The same since v1.0.
*/
import type { Segment } from '../json/pointer.ts'
import { get, getList, type Json } from '../json/value.ts'
import type { Container, Pod } from '../workload/pod.ts'
import type { Finding } from './check.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { isSet } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** Refuses containers that take a port of the node. */
export const hostPorts = podSecurityCheck({
  id: 'host-ports',
  summary: 'Refuses containers that take a port of the node.',
  judge(pod, _minor, findings) {
    for (const container of pod.containers) {
      for (const [index, port] of getList(container.value, 'ports').entries()) {
        const hostPort = get(port, 'hostPort')
        if (isPort(hostPort)) findings.push(takes(pod, container, hostPort, ['ports', index, 'hostPort']))
        else if (getsHostPorts(pod)) {
          const containerPort = get(port, 'containerPort')
          if (isPort(containerPort)) {
            findings.push(takes(pod, container, containerPort, ['ports', index, 'containerPort']))
          }
        }
      }
    }
  },
})

function isPort(value: Json | undefined): value is Exclude<Json, null> {
  return isSet(value) && value !== 0
}

/** Whether the API server fills in the hostPorts that are absent. (An ephemeral container must not have ports at all.) */
function getsHostPorts(pod: Pod): boolean {
  return pod.isTemplate && pod.pointer === '' && get(pod.spec, 'hostNetwork') === true
}

function takes(pod: Pod, container: Container, port: Exclude<Json, null>, path: readonly Segment[]): Finding {
  const isOwn = path.at(-1) === 'hostPort'
  return violation(pod, container, {
    rule: `hostPort ${JSON.stringify(port)}`,
    path,
    says: `takes port ${JSON.stringify(port)} of the node${isOwn ? '' : ', since the pod sets hostNetwork'}`,
    hint: isOwn
      ? 'leave hostPort out, and put a Service in front'
      : 'leave hostNetwork out, and put a Service in front',
  })
}
