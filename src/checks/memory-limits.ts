/*
War story 4: when a webhook made ReplicaSets create pods for ever, the API server grew until its node had no memory left,
and took the other components of the control plane along. A limit restarts one container; without one the node goes.

Fields: resources.limits.memory of every container and init container, also in the static pods of the control plane;
spec.resources.limits.memory, the limit of the pod as a whole. Ephemeral containers cannot have resources.

Allowed: a limit above zero on the container or on the pod.
*/
import { z } from 'zod'
import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import { dig, type Json } from '../json/value.ts'
import { POD_TEMPLATE_KINDS } from '../workload/kinds.ts'
import { type Container, isEphemeral } from '../workload/pod.ts'
import type { Check, Finding } from './check.ts'
import { MissingParts, sameAs } from './findings.ts'
import { rulesFor } from './resources.ts'

/** Wants a memory limit on every container. */
export const memoryLimits: Check<Record<string, never>> = {
  id: 'memory-limits',
  summary: 'Wants a memory limit on every container.',
  kinds: POD_TEMPLATE_KINDS,
  resources: rulesFor(POD_TEMPLATE_KINDS),
  params: z.strictObject({}),
  run({ pods }) {
    const findings: Finding[] = []
    const missing = new MissingParts()
    for (const pod of pods) {
      if (isLimit(dig(pod.spec, 'resources', 'limits', 'memory'))) continue
      const found = missing.heldBack(pod, findings)
      for (const container of pod.containers) {
        if (isEphemeral(container)) continue
        if (!isLimit(dig(container.value, 'resources', 'limits', 'memory'))) found.push(findingOf(container))
      }
    }
    const { skipped } = missing
    return { findings, ...(skipped !== undefined && { skipped }) }
  },
}

/** A quantity above zero: "0" means no limit. */
function isLimit(memory: Json | undefined): boolean {
  return (typeof memory === 'string' || typeof memory === 'number') && Number.parseFloat(`${memory}`) > 0
}

function findingOf({ name, image, list, pointer, value }: Container): Finding {
  const isThere = dig(value, 'resources', 'limits', 'memory') !== undefined
  return {
    pointer: isThere ? append(pointer, 'resources', 'limits', 'memory') : pointer,
    message: `container ${quote(name)} has no memory limit: it may take all the memory of its node, and everything else there with it`,
    hint: 'set resources.limits.memory to what the container needs at most',
    level: 'violation',
    key: `no-limit ${JSON.stringify([list, name])}`,
    ...(!isThere && { isMissing: true as const }),
    facts: { containers: [{ name, image }] },
    severity: sameAs('no-limit'),
  }
}
