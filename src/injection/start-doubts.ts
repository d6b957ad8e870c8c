import { quote } from '../admission/text.ts'
import { append, type Pointer } from '../json/pointer.ts'
import { get, getString, type Json, type JsonObject } from '../json/value.ts'
import type { ValueProblem } from '../policy/problems.ts'
import type { ActiveInjection } from './active.ts'
import type { PodDraft } from './draft.ts'
import type { Additions } from './injection.ts'
import { DECLARED_CONTAINERS, missingVolume } from './judge.ts'
import { nameOf } from './names.ts'
import { type Demand, hasResource } from './resources.ts'

/** What a pod or a container says of the user that processes run as. */
interface RunAs {
  readonly nonRoot: boolean | undefined
  readonly user: number | undefined
}

function runAsOf(holder: Json | undefined): RunAs {
  const context = get(holder, 'securityContext')
  const [nonRoot, user] = [get(context, 'runAsNonRoot'), get(context, 'runAsUser')]
  return {
    nonRoot: typeof nonRoot === 'boolean' ? nonRoot : undefined,
    user: typeof user === 'number' ? user : undefined,
  }
}

/**
 * Says why a container that is to be injected will not start, or may not: the kubelet starts nothing as root under `runAsNonRoot`
 * (`verifyRunAsNonRoot` of kuberuntime). Undefined if nothing speaks against it.
 *
 * @param podSpec the pod's; what the container does not say, the pod says for it.
 */
export function rootDoubt(container: JsonObject, podSpec: Json | undefined): string | undefined {
  const [own, pod] = [runAsOf(container), runAsOf(podSpec)]
  if ((own.nonRoot ?? pod.nonRoot) !== true) return undefined
  const user = own.user ?? pod.user
  const name = `container ${quote(nameOf(container))}`
  const demand = `${own.nonRoot === true ? 'it' : 'the pod'} says runAsNonRoot: true`
  if (user === 0) {
    const whose = own.user === 0 ? 'it runs as root (runAsUser: 0)' : 'the pod says runAsUser: 0'
    return `${name} will not start: ${whose}, and ${demand}; set another runAsUser in the injection, or runAsNonRoot: false`
  }
  // Who demands it of his own container knows what its image runs as.
  if (user !== undefined || own.nonRoot === true) return undefined
  return `${name} may not start: ${demand}, and the kubelet refuses an image that runs as root or as a user without a number; set runAsUser in the injection`
}

/**
 * Says which volume the pod does not have that an injection of the generic format mounts: it is made all the same, as its users know it.
 * Asked when every volume is there that an injection brings.
 */
export function volumeDoubt(
  { injection, additions, record }: ActiveInjection,
  draft: PodDraft,
  claimed: ReadonlySet<string> | undefined,
): string | undefined {
  if (injection.generic === undefined || record.isEmpty) return undefined
  const added = new Set([...record.lists.containers, ...record.lists.initContainers])
  const missing = missingVolume(additions, added, draft, claimed)
  return missing && `${missing}: the API server refuses the pod`
}

/** Warns of containers that will not start in some pods, or in any. */
export function startWarnings(additions: Additions): readonly ValueProblem[] {
  return DECLARED_CONTAINERS.flatMap(([list]) =>
    additions[list].flatMap((container, index) => {
      const pointer = append('/spec', list, index)
      const isShort = list !== 'containers' && getString(container, 'restartPolicy') !== 'Always'
      return [...rootWarnings(container, pointer), ...resourceWarnings(container, pointer, isShort)]
    }),
  )
}

function rootWarnings(container: JsonObject, pointer: Pointer): readonly ValueProblem[] {
  const { nonRoot, user } = runAsOf(container)
  if (user !== 0 || nonRoot === false) return []
  const message =
    nonRoot === true
      ? `container ${quote(nameOf(container))} never starts: it says runAsNonRoot: true and runAsUser: 0`
      : `container ${quote(nameOf(container))} runs as root (runAsUser: 0): it does not start in pods that say runAsNonRoot: true; set runAsNonRoot: false beside it`
  return [{ pointer: append(pointer, 'securityContext', 'runAsUser'), part: 'value', message }]
}

const WANTED: readonly Demand[] = ['requests.cpu', 'requests.memory', 'limits.memory']

/** @param isShort it runs before the others and ends: no autoscaler looks at it. */
function resourceWarnings(container: JsonObject, pointer: Pointer, isShort: boolean): readonly ValueProblem[] {
  const missing = WANTED.filter(demand => !hasResource(container, demand))
  if (missing.length === 0) return []
  const scaling = isShort ? '' : 'a HorizontalPodAutoscaler cannot compute the utilization of its pods, and '
  const message = `container ${quote(nameOf(container))} has no ${missing.join(', ')}: ${scaling}a ResourceQuota or the check memory-limits may refuse its pods; set resources`
  return [{ pointer, part: 'value', message }]
}
