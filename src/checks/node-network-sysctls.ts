/*
War story 2: on one host net.bridge.bridge-nf-call-iptables was 0. Packets between pods of that node went over its bridge
past iptables, kube-proxy's rules never saw them, and services failed from that node alone.

Fields: securityContext.sysctls of a pod; the commands, arguments and inline scripts of all three container lists, their
hooks and probes too, read as a shell would split them; the texts of a ConfigMap, as sysctl.conf or as a script.

Allowed: 1, which is what Kubernetes needs, and reading a value. A value that cannot be read is skipped, never guessed.
*/
import { z } from 'zod'
import { POD_TEMPLATE_KINDS, sameKind } from '../workload/kinds.ts'
import type { Check, Finding } from './check.ts'
import { judgeConfigMap } from './node-network/config-map.ts'
import { judgeContainer } from './node-network/container.ts'
import { judgeSecurityContext } from './node-network/security-context.ts'
import { CONFIG_MAP, rulesFor } from './resources.ts'

const KINDS = [...POD_TEMPLATE_KINDS, CONFIG_MAP]

/** Refuses what switches off the sysctls that the network of a node needs. */
export const nodeNetworkSysctls: Check<Record<string, never>> = {
  id: 'node-network-sysctls',
  summary: "Refuses what switches off the bridge and forwarding sysctls that a node's network needs.",
  kinds: KINDS,
  resources: rulesFor(KINDS),
  params: z.strictObject({}),
  run({ request, object, pods }) {
    if (sameKind(request.kind, CONFIG_MAP)) return judgeConfigMap(object)
    const findings: Finding[] = []
    const skipped: string[] = []
    for (const pod of pods) {
      for (const finding of judgeSecurityContext(pod)) findings.push(finding)
      for (const container of pod.containers) {
        const judged = judgeContainer(container)
        for (const finding of judged.findings) findings.push(finding)
        if (judged.skipped !== undefined) skipped.push(judged.skipped)
      }
    }
    return skipped.length === 0 ? { findings } : { findings, skipped: skipped.join('; ') }
  },
}
