import { appArmor } from './app-armor.ts'
import { capabilitiesBaseline } from './capabilities-baseline.ts'
import { capabilitiesRestricted } from './capabilities-restricted.ts'
import { type RegisteredCheck, register } from './check.ts'
import { controlPlaneFlags } from './control-plane-flags.ts'
import { etcdBootstrap } from './etcd-bootstrap.ts'
import { guardedLabels } from './guarded-labels.ts'
import { hostNamespaces } from './host-namespaces.ts'
import { hostPath } from './host-path.ts'
import { hostPathVolumes } from './host-path-volumes.ts'
import { hostPorts } from './host-ports.ts'
import { hostProbes } from './host-probes.ts'
import { hostProcess } from './host-process.ts'
import { memoryLimits } from './memory-limits.ts'
import { nodeNetworkSysctls } from './node-network-sysctls.ts'
import { podAdoption } from './pod-adoption.ts'
import { privilegeEscalation } from './privilege-escalation.ts'
import { privileged } from './privileged.ts'
import { procMount } from './proc-mount.ts'
import { procMountRestricted } from './proc-mount-restricted.ts'
import { restrictedVolumes } from './restricted-volumes.ts'
import { runAsNonRoot } from './run-as-non-root.ts'
import { runAsUser } from './run-as-user.ts'
import { seLinux } from './se-linux.ts'
import { seccompBaseline } from './seccomp-baseline.ts'
import { seccompRestricted } from './seccomp-restricted.ts'
import { sysctls } from './sysctls.ts'
import { webhookConfiguration } from './webhook-configuration.ts'

/** Every built-in check, in the order of the documentation. A check that is not in this list does not exist. */
export const CHECKS: readonly RegisteredCheck[] = [
  register(hostPath),
  register(nodeNetworkSysctls),
  register(etcdBootstrap),
  register(podAdoption),
  register(webhookConfiguration),
  register(controlPlaneFlags),
  register(memoryLimits),
  register(guardedLabels),
  // Pod Security Standards: baseline
  register(privileged),
  register(hostNamespaces),
  register(hostProcess),
  register(hostPathVolumes),
  register(hostPorts),
  register(hostProbes),
  register(capabilitiesBaseline),
  register(appArmor),
  register(seLinux),
  register(procMount),
  register(seccompBaseline),
  register(sysctls),
  // Pod Security Standards: restricted
  register(restrictedVolumes),
  register(privilegeEscalation),
  register(runAsNonRoot),
  register(runAsUser),
  register(capabilitiesRestricted),
  register(procMountRestricted),
  register(seccompRestricted),
]
