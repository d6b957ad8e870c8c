/*
Pod Security Standards, restricted: procMount_restricted. Runtimes mask what /proc tells of the node and what it lets
root change; Unmasked takes the masks away.

Fields: securityContext.procMount in all three container lists.

Allowed: absent, Default; in a pod with hostUsers: false, too. Since v1.35, in the place of proc-mount.
*/
import { podSecurityCheck } from './pod-security/check.ts'
import { judgeProcMount } from './pod-security/proc-mount.ts'

/** Refuses containers that see /proc without its masks, in user namespaces too. */
export const procMountRestricted = podSecurityCheck({
  id: 'proc-mount-restricted',
  summary: 'Refuses containers that see /proc without its masks, in user namespaces too.',
  judge: judgeProcMount,
})
