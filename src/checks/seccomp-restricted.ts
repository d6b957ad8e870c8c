/*
Pod Security Standards, restricted: seccompProfile_restricted. Without a profile of its own a container runs with the
node's default, which is none unless the kubelet was told otherwise.

Fields: securityContext.seccompProfile.type of the pod and in all three container lists.

Allowed: RuntimeDefault, Localhost; absent in a container where the pod has one of them. Since v1.19, in the place of
seccomp-baseline; since v1.25 not asked of pods whose spec.os.name is windows.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { visitSecurityContexts } from './pod-security/contexts.ts'
import { forbiddenSeccomp, seccompOf } from './pod-security/seccomp.ts'
import { violation } from './pod-security/violation.ts'

/** Demands a seccomp profile for every container. */
export const seccompRestricted = podSecurityCheck({
  id: 'seccomp-restricted',
  summary: 'Demands a seccomp profile for every container.',
  judge(pod, _minor, findings) {
    const isSetByPod = seccompOf(get(pod.spec, 'securityContext')) === 'allowed'
    visitSecurityContexts(pod, (context, container) => {
      const setting = seccompOf(context)
      if (setting === 'forbidden') findings.push(forbiddenSeccomp(pod, context, container))
      else if (setting === 'unset' && container !== undefined && !isSetByPod) {
        const finding = violation(pod, container, {
          rule: 'unset',
          isMissing: true,
          // Without a profile a container runs as `Unconfined` does, or better.
          atMost: ['type "Unconfined"'],
          path: ['securityContext', 'seccompProfile'],
          says: 'has no seccomp profile, of its own or from the pod',
          hint: 'set securityContext.seccompProfile.type of the pod to RuntimeDefault',
        })
        findings.push(finding)
      }
    })
  },
})
