/*
Pod Security Standards, baseline: sysctls. Most settings of the kernel are the node's: a pod that changes one changes it
for every other pod. Allowed are those that belong to the pod's own namespaces and harm nobody else.

Fields: spec.securityContext.sysctls[*].name.

Allowed: the lists below, by version.
*/
import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import { get, getList } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { textOf } from './pod-security/contexts.ts'

/** What each version added, from the newest to the oldest. */
export const SAFE_SYSCTLS: readonly { readonly since: number; readonly names: readonly string[] }[] = [
  { since: 37, names: ['net.ipv4.tcp_slow_start_after_idle', 'net.ipv4.tcp_notsent_lowat'] },
  { since: 32, names: ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'] },
  {
    since: 29,
    names: [
      'net.ipv4.tcp_keepalive_time',
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
    ],
  },
  { since: 27, names: ['net.ipv4.ip_local_reserved_ports'] },
  {
    since: 0,
    names: [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.tcp_syncookies',
      'net.ipv4.ping_group_range',
      'net.ipv4.ip_unprivileged_port_start',
    ],
  },
]

/** Refuses sysctls that reach beyond the pod. */
export const sysctls = podSecurityCheck({
  id: 'sysctls',
  summary: 'Refuses sysctls that reach beyond the pod.',
  judge(pod, minor, findings) {
    for (const [index, sysctl] of getList(get(pod.spec, 'securityContext'), 'sysctls').entries()) {
      const name = textOf(get(sysctl, 'name'))
      if (SAFE_SYSCTLS.some(({ since, names }) => minor >= since && names.includes(name))) continue
      const allowed = SAFE_SYSCTLS.filter(({ since }) => minor >= since).flatMap(({ names }) => names)
      const entry = pod.specAt('securityContext', 'sysctls', index)
      findings.push({
        pointer: get(sysctl, 'name') === undefined ? entry : append(entry, 'name'),
        message: `the pod sets the sysctl ${quote(name)}, which may reach beyond the pod`,
        hint: `leave it out, or set it when the node is set up; allowed: ${allowed.join(', ')}`,
        level: 'violation',
        key: `sysctl ${JSON.stringify([name, textOf(get(sysctl, 'value'))])}`,
      })
    }
  },
})
