import { getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import type { Additions, PodFacts, Rendered } from '../injection.ts'
import { addAnnotationMounts } from './annotation-mounts.ts'
import { fill } from './fill.ts'
import { withSidecarLifecycle } from './lifecycle.ts'
import type { Mutation } from './mutations.ts'
import { type PodSidecars, SIDECAR_LISTS, type SidecarList, type Sidecars } from './sidecars.ts'
import { Budget } from './template/budget.ts'
import { attempt, Fault } from './template/fault.ts'
import { podValue } from './template/pod-value.ts'

/** The additions of one mutation, as a function of the pod. */
export function rendererOf(mutation: Mutation, sidecars: Sidecars): (pod: PodFacts) => Rendered {
  // Entries without templates are the same for every pod.
  const plain = new WeakSet<JsonObject>()
  const isPlain = (entry: JsonObject) => {
    if (plain.has(entry)) return true
    if (sidecars.isTemplated(entry)) return false
    plain.add(entry)
    return true
  }
  return pod => {
    const rendered = attempt(() => {
      const forPod = sidecars.forPod(() => podValue(pod), new Budget())
      return additionsOf(mutation, list => select(list, mutation[list], forPod, isPlain))
    })
    if (rendered instanceof Fault) {
      const message = `${sidecars.place(rendered.offset)}: ${rendered.message}`
      // As the original, which refuses a pod for which its file cannot be rendered.
      return { ok: false, message, denies: mutation.onFailure !== 'Allow' }
    }
    return finish(rendered, mutation, pod)
  }
}

function additionsOf(
  { initContainersFirst }: Mutation,
  select: (list: SidecarList) => readonly JsonObject[],
): Additions {
  const initContainers = select('initContainers')
  const isFirst = (container: JsonObject) => initContainersFirst.includes(getString(container, 'name') ?? '')
  return {
    labels: {},
    annotations: {},
    initContainersFirst: initContainers.filter(isFirst),
    initContainers: initContainers.filter(container => !isFirst(container)),
    containers: select('containers'),
    volumes: select('volumes'),
    volumeMounts: select('volumeMounts'),
    env: [],
    imagePullSecrets: [],
  }
}

/** The entries of these names, in the order of the sidecar file. */
function select(
  list: SidecarList,
  names: readonly string[],
  { lists, render }: PodSidecars,
  isPlain: (entry: JsonObject) => boolean,
): readonly JsonObject[] {
  return lists[list].flatMap((entry): readonly JsonObject[] => {
    const isReady = isPlain(entry)
    // What a template says is worked out only for entries that are wanted.
    const name = isReady ? entry['name'] : fill(entry['name'] ?? null, { kind: 'string' }, render)
    if (typeof name !== 'string' || !names.includes(name)) return []
    const filled: Json | undefined = isReady ? entry : fill(entry, SIDECAR_LISTS[list], render)
    return isObject(filled) ? [filled] : []
  })
}

function finish(additions: Additions, mutation: Mutation, pod: PodFacts): Rendered {
  const split = additions.initContainersFirst.length
  const injected = {
    initContainers: [...additions.initContainersFirst, ...additions.initContainers],
    containers: additions.containers,
  }
  const mounted = addAnnotationMounts(injected, mutation, () => pod.annotations)
  if (typeof mounted === 'string') return { ok: false, message: mounted, denies: true }
  const result = {
    ...additions,
    initContainersFirst: mounted.initContainers.slice(0, split),
    initContainers: mounted.initContainers.slice(split),
    containers: mounted.containers,
  }
  const needsLifecycle = mutation.implementsSidecarLifecycle && pod.isJob === true
  return { ok: true, additions: needsLifecycle ? withSidecarLifecycle(result) : result }
}
