/*
Pod Security Standards, baseline: privileged. A privileged container has every capability and every device of its node:
it needs no hostPath to reach the node's files.

Fields: securityContext.privileged in all three container lists.

Allowed: absent, false. The same since v1.0.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { securityContextOf } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** Refuses privileged containers. */
export const privileged = podSecurityCheck({
  id: 'privileged',
  summary: 'Refuses privileged containers.',
  judge(pod, _minor, findings) {
    for (const container of pod.containers) {
      if (get(securityContextOf(container), 'privileged') !== true) continue
      const finding = violation(pod, container, {
        rule: 'privileged',
        path: ['securityContext', 'privileged'],
        says: 'is privileged: it has every capability and every device of the node',
        hint: 'leave privileged out, and add the capabilities that it needs',
      })
      findings.push(finding)
    }
  },
})
