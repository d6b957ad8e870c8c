/*
Pod Security Standards, restricted: runAsUser. User 0 is root, and root of a container is root of the node to whatever
breaks out of it.

Fields: securityContext.runAsUser of the pod and in all three container lists.

Allowed: absent, every number but 0. Since v1.23; since v1.35 not asked of pods with hostUsers: false, whose root is
nobody on the node.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { visitSecurityContexts } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** Refuses containers that run as user 0. */
export const runAsUser = podSecurityCheck({
  id: 'run-as-user',
  summary: 'Refuses to run containers as user 0.',
  judge(pod, _minor, findings) {
    visitSecurityContexts(pod, (context, container) => {
      if (get(context, 'runAsUser') !== 0) return
      const finding = violation(pod, container, {
        rule: 'root',
        path: ['securityContext', 'runAsUser'],
        says: 'runs as user 0, which is root',
        hint: 'set runAsUser to a number above 0, such as 1000, or leave it out if the image names a user that is not root',
      })
      findings.push(finding)
    })
  },
})
