/*
Pod Security Standards, restricted: runAsNonRoot. Root of a container is root of the node to whatever breaks out of it;
with runAsNonRoot the kubelet does not start an image that would run as root.

Fields: securityContext.runAsNonRoot of the pod and in all three container lists.

Allowed: true; absent in a container where the pod has true. Since v1.0; since v1.35 not asked of pods with
hostUsers: false, whose root is nobody on the node.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { visitSecurityContexts } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

const PATH = ['securityContext', 'runAsNonRoot']

/** Demands that containers do not run as root. */
export const runAsNonRoot = podSecurityCheck({
  id: 'run-as-non-root',
  summary: 'Demands runAsNonRoot: true for every container.',
  judge(pod, _minor, findings) {
    const isSetByPod = get(get(pod.spec, 'securityContext'), 'runAsNonRoot') === true
    visitSecurityContexts(pod, (context, container) => {
      const setting = get(context, 'runAsNonRoot')
      if (setting === false) {
        const says = 'sets runAsNonRoot to false: it may run as root'
        const hint = 'set securityContext.runAsNonRoot to true'
        findings.push(violation(pod, container, { rule: 'false', path: PATH, says, hint }))
      } else if (setting !== true && container !== undefined && !isSetByPod) {
        const says = 'may run as root: runAsNonRoot is set neither by it nor by the pod'
        const hint = 'set securityContext.runAsNonRoot of the pod to true'
        findings.push(
          violation(pod, container, { rule: 'unset', isMissing: true, atMost: ['false'], path: PATH, says, hint }),
        )
      }
    })
  },
})
