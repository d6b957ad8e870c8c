/*
Pod Security Standards, baseline: hostNamespaces. A pod in a namespace of its node sees the node's network, processes or
shared memory; through /proc/<pid>/root of a process of the node it sees the node's files.

Fields: spec.hostNetwork, spec.hostPID, spec.hostIPC.

Allowed: absent, false. The same since v1.0.
*/
import { get } from '../json/value.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { violation } from './pod-security/violation.ts'

const FIELDS = [
  ['hostNetwork', "shares the node's network: it reaches what listens on the node's loopback, and sees its traffic"],
  ['hostPID', "shares the node's processes: it can signal them, and reach the node's files through /proc"],
  ['hostIPC', "shares the node's IPC: it can read the shared memory of the node's processes"],
] as const

/** Refuses pods in the network, PID or IPC namespace of their node. */
export const hostNamespaces = podSecurityCheck({
  id: 'host-namespaces',
  summary: "Refuses pods that share the node's network, processes or IPC.",
  judge(pod, _minor, findings) {
    for (const [field, says] of FIELDS) {
      if (get(pod.spec, field) !== true) continue
      findings.push(
        violation(pod, undefined, {
          rule: field,
          path: [field],
          says: `${says} (${field})`,
          hint: `leave ${field} out`,
        }),
      )
    }
  },
})
