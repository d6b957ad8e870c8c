/*
Pod Security Standards, baseline: windowsHostProcess. A HostProcess container of Windows is a process of the node, with
the node's files and its network.

Fields: securityContext.windowsOptions.hostProcess of the pod and in all three container lists.

Allowed: absent, false. The same since v1.0.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { visitSecurityContexts } from './pod-security/contexts.ts'
import { violation } from './pod-security/violation.ts'

/** Refuses HostProcess containers of Windows. */
export const hostProcess = podSecurityCheck({
  id: 'host-process',
  summary: 'Refuses HostProcess containers of Windows.',
  judge(pod, _minor, findings) {
    visitSecurityContexts(pod, (context, container) => {
      if (get(get(context, 'windowsOptions'), 'hostProcess') !== true) return
      const finding = violation(pod, container, {
        rule: 'hostProcess',
        path: ['securityContext', 'windowsOptions', 'hostProcess'],
        says: 'sets windowsOptions.hostProcess: it runs as a process of the node',
        hint: 'leave hostProcess out',
      })
      findings.push(finding)
    })
  },
})
