/*
Pod Security Standards, baseline: procMount. Runtimes mask what /proc tells of the node and what it lets root change;
Unmasked takes the masks away.

Fields: securityContext.procMount in all three container lists.

Allowed: absent, Default; since v1.35 anything in a pod with hostUsers: false, whose root is nobody on the node. At the
level restricted, proc-mount-restricted judges in its place from v1.35 on.
*/
import { podSecurityCheck } from './pod-security/check.ts'
import { judgeProcMount } from './pod-security/proc-mount.ts'

/** Refuses containers that see /proc without its masks, but for pods in a user namespace. */
export const procMount = podSecurityCheck({
  id: 'proc-mount',
  summary: 'Refuses containers that see /proc without its masks, outside of user namespaces.',
  judge: judgeProcMount,
})
