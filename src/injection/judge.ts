import { quote } from '../admission/text.ts'
import { getList, getString, isObject, type JsonObject } from '../json/value.ts'
import type { ContainerList } from '../workload/pod.ts'
import type { ContainerDraft } from './container-draft.ts'
import type { PodDraft } from './draft.ts'
import type { Additions, Injection } from './injection.ts'
import { clash, differenceOf, type Port, portsOf, volumeDifferenceOf } from './items.ts'
import { nameOf } from './names.ts'
import type { InjectionNote } from './outcome.ts'
import type { InjectionRecord } from './record.ts'
import type { PodTraits } from './selection.ts'

/** What an injection declares, compared with what is there. */
export interface Judged {
  /** The names of what is not there yet. */
  readonly missing: ReadonlySet<string>
  readonly notes: readonly InjectionNote[]
  /** What stands in the way of the whole injection. */
  readonly conflict?: string
}

/** What an injection knows of an earlier call, and what a difference means to it. */
export interface JudgedBy {
  readonly recorded: InjectionRecord | undefined
  readonly onConflict: Injection['onConflict']
  /**
   * What the status annotation of the generic format says; undefined for a SidecarInjection. In this format the pod's own
   * volume of a name is always kept, and once the status says "injected" a container that differs is drift.
   */
  readonly isInjected?: boolean | undefined
}

/** The lists of an injection that hold containers, and where each goes. */
export const DECLARED_CONTAINERS = [
  ['initContainersFirst', 'initContainers'],
  ['initContainers', 'initContainers'],
  ['containers', 'containers'],
] as const

/** Compares the containers that an injection declares with those of the pod: by name, over all three lists. */
export function judgeContainers(additions: Additions, traits: PodTraits, by: JudgedBy): Judged {
  const missing = new Set<string>()
  const notes: InjectionNote[] = []
  const ports = new Ports(traits)
  for (const [declared, list] of DECLARED_CONTAINERS) {
    for (const value of additions[declared]) {
      const name = nameOf(value)
      const present = traits.draft.container(name)
      if (present === undefined) {
        const taken = ports.clashOf(value)
        if (taken !== undefined) return conflict(`container ${quote(name)} needs ${taken}`)
        notes.push(...ports.notesOf(value))
        missing.add(name)
        continue
      }
      const difference = containerDifference(value, list, present)
      if (difference === undefined) continue
      const what = `the pod has another container ${quote(name)} (${difference})`
      const isOurs = by.isInjected === true && present.list === list
      if (!isOurs && !isDrift(by, list, name)) return conflict(what)
      notes.push({ kind: 'drift', message: `${what}: it was injected and changed since, and is left alone` })
    }
  }
  return { missing, notes }
}

function containerDifference(declared: JsonObject, list: ContainerList, present: ContainerDraft): string | undefined {
  if (present.list !== list) return `it is one of ${present.list}`
  const difference = differenceOf(declared, present.value)
  return difference && `its ${difference} differs`
}

/** Compares the volumes that an injection declares with those of the pod. */
export function judgeVolumes(additions: Additions, draft: PodDraft, by: JudgedBy): Judged {
  const missing = new Set<string>()
  const notes: InjectionNote[] = []
  for (const value of additions.volumes) {
    const name = nameOf(value)
    const present = draft.volumes.find(name)
    const difference = present === undefined ? undefined : volumeDifferenceOf(value, present)
    if (present === undefined) missing.add(name)
    if (difference === undefined) continue
    const what = `the pod has another volume ${quote(name)} (its ${difference} differs)`
    if (by.isInjected !== undefined) {
      notes.push({ kind: 'volume-kept', message: `${what}: it is kept, and the containers mount it` })
      continue
    }
    if (!isDrift(by, 'volumes', name)) return conflict(what)
    notes.push({ kind: 'drift', message: `${what}: it was injected and changed since, and is left alone` })
  }
  return { missing, notes }
}

function conflict(message: string): Judged {
  return { missing: new Set(), notes: [], conflict: message }
}

function isDrift({ recorded, onConflict }: JudgedBy, list: keyof InjectionRecord['lists'], name: string): boolean {
  return onConflict === 'Skip' && recorded !== undefined && recorded.lists[list].includes(name)
}

/** The volume that is to be mounted although the pod will not have it; the API server would refuse the pod. */
export function missingVolume(
  additions: Additions,
  missing: ReadonlySet<string>,
  draft: PodDraft,
  claimed: ReadonlySet<string> | undefined,
): string | undefined {
  const declared = new Set(additions.volumes.map(nameOf))
  const has = (volume: string) =>
    declared.has(volume) || draft.volumes.find(volume) !== undefined || claimed?.has(volume) === true
  const containers = DECLARED_CONTAINERS.flatMap(([list]) => additions[list]).filter(value =>
    missing.has(nameOf(value)),
  )
  for (const container of containers) {
    for (const mount of [...getList(container, 'volumeMounts'), ...getList(container, 'volumeDevices')]) {
      const volume = getString(mount, 'name') ?? ''
      if (!has(volume))
        return `container ${quote(nameOf(container))} mounts volume ${quote(volume)}, which the pod does not have`
    }
  }
  const mount = additions.volumeMounts.find(value => !has(nameOf(value)))
  return mount && `it mounts volume ${quote(nameOf(mount))}, which the pod does not have, into containers`
}

/** The ports that are open already, counted when the first new container opens one. */
class Ports {
  readonly #traits: PodTraits
  #open: Port[] | undefined

  constructor(traits: PodTraits) {
    this.#traits = traits
  }

  /** A port of the node that a new container needs and cannot have. */
  clashOf(container: JsonObject): string | undefined {
    const taken = this.#clashes(container).find(({ isHost }) => isHost)
    return taken === undefined ? undefined : `port ${taken.number}/${taken.protocol} of the node, which is taken`
  }

  /** Ports of the pod that are opened twice: allowed, and hardly ever meant. Remembers what the container opens. */
  notesOf(container: JsonObject): readonly InjectionNote[] {
    const clashes = this.#clashes(container)
    this.#open?.push(...portsOf(container, this.#traits.hasHostNetwork))
    return clashes.map(({ number, protocol }) => ({
      kind: 'port-clash',
      message: `container ${quote(nameOf(container))} opens port ${number}/${protocol}, which another container of the pod opens too`,
    }))
  }

  #clashes(container: JsonObject): readonly Port[] {
    const { draft, hasHostNetwork } = this.#traits
    const wanted = portsOf(container, hasHostNetwork)
    if (wanted.length === 0) return []
    this.#open ??= openPorts(draft, hasHostNetwork)
    const open = this.#open
    return wanted.filter(port => open.some(other => clash(port, other)))
  }
}

function openPorts(draft: PodDraft, hasHostNetwork: boolean): Port[] {
  const containers: readonly ContainerDraft[] = [...draft.list('initContainers'), ...draft.list('containers')]
  return containers.flatMap(({ value }) => (isObject(value) ? portsOf(value, hasHostNetwork) : []))
}
