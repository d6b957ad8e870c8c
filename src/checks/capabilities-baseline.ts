/*
Pod Security Standards, baseline: capabilities_baseline. Capabilities beyond those that a container has anyway (and
NET_RAW, which lets it forge packets) give it a part of what root of the node may do.

Fields: securityContext.capabilities.add in all three container lists.

Allowed: absent, and the capabilities of the list below. The same since v1.0; at the level restricted,
capabilities-restricted judges in its place from v1.22 on.
*/
import { quote } from '../admission/text.ts'
import { get, getList } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { securityContextOf, textOf } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** What a container may have beyond what it drops. */
export const BASELINE_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

/** Refuses capabilities beyond the default ones. */
export const capabilitiesBaseline = podSecurityCheck({
  id: 'capabilities-baseline',
  summary: 'Refuses capabilities beyond the default ones.',
  judge(pod, _minor, findings) {
    for (const container of pod.containers) {
      const added = getList(get(securityContextOf(container), 'capabilities'), 'add')
      for (const [index, capability] of added.entries()) {
        const name = textOf(capability)
        if (BASELINE_CAPABILITIES.includes(name)) continue
        const finding = violation(pod, container, {
          rule: `add ${JSON.stringify(name)}`,
          path: ['securityContext', 'capabilities', 'add', index],
          says: `adds the capability ${quote(name)}, which is none of the default ones`,
          atMost: ['add "ALL"'],
          hint: `leave it out; allowed: ${BASELINE_CAPABILITIES.join(', ')}`,
        })
        findings.push(finding)
      }
    }
  },
})
