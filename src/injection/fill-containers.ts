import { quote } from '../admission/text.ts'
import { getString, type JsonObject } from '../json/value.ts'
import type { ActiveInjection } from './active.ts'
import type { ContainerDraft } from './container-draft.ts'
import type { PodDraft } from './draft.ts'
import type { Additions, Injection } from './injection.ts'
import { differenceOf, mountDifferenceOf } from './items.ts'
import { DECLARED_CONTAINERS } from './judge.ts'
import { nameOf } from './names.ts'
import type { OtherInjectors } from './other-injectors.ts'
import type { InjectionRecord, RecordedMap } from './record.ts'
import { targetsOf } from './targets.ts'

/** What became of an injection's mounts and variables. */
export interface Filled {
  /** What is in the way, if the injection denies for it; otherwise only that item is left out, with a note. */
  readonly denial?: string | undefined
  /** How many containers they go into. */
  readonly containers: number
}

/** Adds an injection's mounts and variables to the containers that they are for; undefined if it has none. */
export function fillContainers(
  draft: PodDraft,
  active: ActiveInjection,
  all: readonly ActiveInjection[],
  records: readonly InjectionRecord[],
  others: OtherInjectors,
): Filled | undefined {
  const { additions, injection } = active
  if (additions.volumeMounts.length === 0 && additions.env.length === 0) return undefined
  const injected = injectedNames(active, all, records)
  let denial: string | undefined
  const targets = targetsOf(injection, additions, draft, injected, others)
  for (const container of targets) {
    const conflicts = [...addMounts(container, active), ...addVariables(container, active)]
    if (injection.onConflict === 'Deny') denial ??= conflicts[0]
  }
  return { denial, containers: targets.length }
}

/**
 * The names of the containers that are not the pod's own. In the generic format a mutation's mounts go into the containers
 * of earlier mutations too; the later ones' must stay out, or the next call would find them without. There only what is
 * really injected counts: in a job, a container that bears the name of a sidecar is the pod's own.
 */
function injectedNames(
  { injection }: ActiveInjection,
  all: readonly ActiveInjection[],
  records: readonly InjectionRecord[],
): ReadonlySet<string> {
  const names = new Set<string>()
  if (injection.generic === undefined) {
    for (const other of all) for (const name of other.injection.declaredNames) names.add(name)
  } else {
    const from = all.findIndex(other => other.injection === injection)
    for (const { additions } of all.slice(from)) for (const name of containerNames(additions)) names.add(name)
  }
  for (const { lists } of records) for (const name of [...lists.containers, ...lists.initContainers]) names.add(name)
  return names
}

function containerNames(additions: Additions): readonly string[] {
  return DECLARED_CONTAINERS.flatMap(([list]) => additions[list].map(nameOf))
}

/** Adds what is missing and returns what is in the way. */
function addMounts(container: ContainerDraft, active: ActiveInjection): readonly string[] {
  const conflicts: string[] = []
  const missing = active.additions.volumeMounts.filter(mount => {
    const path = getString(mount, 'mountPath') ?? ''
    const present = container.mountAt(path)
    if (present === undefined) {
      // As the generic injector does, so that its users' pods do not change.
      return active.injection.generic === undefined || !container.mountsVolume(nameOf(mount))
    }
    const difference = mountDifferenceOf(mount, present)
    if (difference === undefined) return false
    const what = `container ${quote(container.name)} has another mount at ${quote(path)} (its ${difference} differs)`
    note(what, active, 'volumeMounts', container, path, conflicts)
    return false
  })
  for (const mount of missing) {
    container.addMount(mount)
    active.record.addTo('volumeMounts', container.name, getString(mount, 'mountPath') ?? '')
  }
  return conflicts
}

function addVariables(container: ContainerDraft, active: ActiveInjection): readonly string[] {
  const conflicts: string[] = []
  for (const variable of active.additions.env) {
    const name = nameOf(variable)
    const present: JsonObject | undefined = container.variable(name)
    const difference = present === undefined ? undefined : differenceOf(variable, present)
    if (present === undefined) {
      container.addVariable(variable)
      active.record.addTo('env', container.name, name)
    } else if (difference !== undefined) {
      const what = `container ${quote(container.name)} has another variable ${quote(name)} (its ${difference} differs)`
      note(what, active, 'env', container, name, conflicts)
    }
  }
  return conflicts
}

function note(
  what: string,
  { injection, recorded, notes }: ActiveInjection,
  map: RecordedMap,
  container: ContainerDraft,
  item: string,
  conflicts: string[],
): void {
  const isRecorded = recorded?.maps[map].get(container.name)?.includes(item) === true
  const isDrift = isRecorded && (injection.onConflict satisfies Injection['onConflict']) === 'Skip'
  notes.push(
    isDrift
      ? { kind: 'drift', message: `${what}: it was injected and changed since, and is left alone` }
      : { kind: 'conflict', message: `${what}, which is kept` },
  )
  if (!isDrift) conflicts.push(what)
}
