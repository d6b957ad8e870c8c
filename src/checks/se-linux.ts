/*
Pod Security Standards, baseline: seLinuxOptions. The type decides what SELinux lets a container touch: spc_t, for one,
is not confined at all. A user or a role of its own leads out of the confinement, too.

Fields: securityContext.seLinuxOptions.type, .user and .role of the pod and in all three container lists.

Allowed: as type absent, "", container_t, container_init_t, container_kvm_t, and since v1.31 container_engine_t; user and
role absent or "".
*/
import { quote } from '../admission/text.ts'
import { get, isObject } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { textOf, visitSecurityContexts } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

const TYPES_1_0 = ['container_t', 'container_init_t', 'container_kvm_t']
const TYPES_1_31 = [...TYPES_1_0, 'container_engine_t']

/** Refuses SELinux types, users and roles that lead out of a container's confinement. */
export const seLinux = podSecurityCheck({
  id: 'se-linux',
  summary: 'Refuses SELinux options that lead out of the confinement of containers.',
  judge(pod, minor, findings) {
    const allowed = minor >= 31 ? TYPES_1_31 : TYPES_1_0
    visitSecurityContexts(pod, (context, container) => {
      const options = get(context, 'seLinuxOptions')
      if (!isObject(options)) return
      for (const field of ['type', 'user', 'role'] as const) {
        const value = textOf(get(options, field))
        if (value === '' || (field === 'type' && allowed.includes(value))) continue
        const finding = violation(pod, container, {
          rule: `${field} ${JSON.stringify(value)}`,
          path: ['securityContext', 'seLinuxOptions', field],
          says: `sets seLinuxOptions.${field} to ${quote(value)}`,
          hint: field === 'type' ? `leave it out; allowed: ${allowed.join(', ')}` : 'leave it out',
        })
        findings.push(finding)
      }
    })
  },
})
