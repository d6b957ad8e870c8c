/*
Pod Security Standards, restricted: capabilities_restricted. What a program does not need it cannot misuse: every
capability is dropped, and only the one that ports below 1024 need may come back.

Fields: securityContext.capabilities.drop and .add in all three container lists.

Allowed: a drop that holds ALL; an add that holds nothing but NET_BIND_SERVICE. Since v1.22, in the place of
capabilities-baseline; since v1.25 not asked of pods whose spec.os.name is windows.
*/
import { quote } from '../admission/text.ts'
import { get, getList } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { securityContextOf, textOf } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** Demands that containers drop all capabilities, and add at most NET_BIND_SERVICE. */
export const capabilitiesRestricted = podSecurityCheck({
  id: 'capabilities-restricted',
  summary: 'Demands that containers drop ALL capabilities and add none but NET_BIND_SERVICE.',
  judge(pod, _minor, findings) {
    for (const container of pod.containers) {
      const capabilities = get(securityContextOf(container), 'capabilities')
      if (!getList(capabilities, 'drop').includes('ALL')) {
        const finding = violation(pod, container, {
          rule: 'drop',
          isMissing: true,
          path: ['securityContext', 'capabilities', 'drop'],
          says: 'does not drop all capabilities',
          hint: 'set securityContext.capabilities.drop to ["ALL"]',
        })
        findings.push(finding)
      }
      for (const [index, capability] of getList(capabilities, 'add').entries()) {
        const name = textOf(capability)
        if (name === 'NET_BIND_SERVICE') continue
        const finding = violation(pod, container, {
          rule: `add ${JSON.stringify(name)}`,
          path: ['securityContext', 'capabilities', 'add', index],
          says: `adds the capability ${quote(name)}`,
          hint: 'leave it out; allowed: NET_BIND_SERVICE',
          atMost: ['add "ALL"'],
        })
        findings.push(finding)
      }
    }
  },
})
