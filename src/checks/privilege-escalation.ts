/*
Pod Security Standards, restricted: allowPrivilegeEscalation. With no_new_privs a process cannot gain rights that its
parent did not have, through set-user-ID files for one; a container that does not ask for it goes without.

Fields: securityContext.allowPrivilegeEscalation in all three container lists.

Allowed: false. Since v1.8; since v1.25 not asked of pods whose spec.os.name is windows.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { securityContextOf } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** Demands that containers forbid privilege escalation. */
export const privilegeEscalation = podSecurityCheck({
  id: 'privilege-escalation',
  summary: 'Demands allowPrivilegeEscalation: false of every container.',
  judge(pod, _minor, findings) {
    for (const container of pod.containers) {
      const setting = get(securityContextOf(container), 'allowPrivilegeEscalation')
      if (setting === false) continue
      const finding = violation(pod, container, {
        rule: setting === true ? 'allowed' : 'unset',
        path: ['securityContext', 'allowPrivilegeEscalation'],
        says: setting === true ? 'allows privilege escalation' : 'does not forbid privilege escalation',
        ...(setting === true ? {} : { atMost: ['allowed'], isMissing: true as const }),
        hint: 'set securityContext.allowPrivilegeEscalation to false',
      })
      findings.push(finding)
    }
  },
})
