/*
Pod Security Standards, baseline: hostProbesAndHostLifecycle. The kubelet makes the request of a probe or a hook, from
the node's network: a host of the pod's choosing lets the pod ask what it cannot reach itself.

Fields: httpGet.host and tcpSocket.host of livenessProbe, readinessProbe, startupProbe, lifecycle.postStart and
lifecycle.preStop in all three container lists.

Allowed: absent, "". Since v1.34; earlier versions do not have this control.
*/
import { quote } from '../admission/text.ts'
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { textOf } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

const HANDLERS = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
] as const
const ACTIONS = ['httpGet', 'tcpSocket'] as const

/** Refuses probes and lifecycle hooks that name a host. */
export const hostProbes = podSecurityCheck({
  id: 'host-probes',
  summary: 'Refuses probes and lifecycle hooks that name a host.',
  judge(pod, _minor, findings) {
    for (const container of pod.containers) {
      for (const [field, hook] of HANDLERS) {
        const value = get(container.value, field)
        if (value === undefined) continue
        const handler = hook === undefined ? value : get(value, hook)
        for (const action of ACTIONS) {
          const host = textOf(get(get(handler, action), 'host'))
          if (host === '') continue
          const steps = hook === undefined ? [field, action, 'host'] : [field, hook, action, 'host']
          const name = steps.join('.')
          const finding = violation(pod, container, {
            rule: `${name} ${JSON.stringify(host)}`,
            path: steps,
            says: `sets ${name} to ${quote(host)}: the kubelet would ask that host, from the node's network`,
            hint: "leave host out: the kubelet then asks the pod's own address",
          })
          findings.push(finding)
        }
      }
    }
  },
})
