import { compareText } from '../admission/text.ts'
import type { Place } from '../rollout/record.ts'
import type { Injection } from './injection.ts'
import type { InjectionSet } from './plan.ts'

/** The injections that are in force at a place. */
export interface PlacedInjections {
  readonly here: InjectionSet
  /** Those that are not, and why. */
  readonly away: readonly { readonly injection: Injection; readonly result: 'other-stage' | 'unknown-namespace' }[]
}

/**
 * What is in force at a place. Where nobody knows which version is, none of them: a pod without a sidecar can be made again, one with
 * the wrong one would have to be found first.
 *
 * @param placeOf asked for only where a rollout is about an injection.
 */
export function injectionsAt(set: InjectionSet, placeOf: () => Place): PlacedInjections {
  if (!set.injections.some(({ placement }) => placement !== undefined)) return { here: set, away: [] }
  const place = placeOf()
  const here: Injection[] = []
  const away: PlacedInjections['away'][number][] = []
  for (const injection of set.injections) {
    const isHere = injection.placement?.isAt(place) ?? true
    if (isHere === true) here.push(injection)
    else away.push({ injection, result: isHere === 'unknown' ? 'unknown-namespace' : 'other-stage' })
  }
  return { here: { ...set, injections: here }, away }
}

/** The shadows that watch at a place. */
export function shadowsAt({ shadows }: InjectionSet, placeOf: () => Place): readonly Injection[] {
  if (shadows.length === 0) return []
  const place = placeOf()
  return shadows.filter(({ placement }) => placement?.isAt(place) === true)
}

/** The set as it would be if a shadow were in force, and what it displaces were not. */
export function asIfInForce(here: InjectionSet, shadow: Injection): InjectionSet {
  const others = here.injections.filter(({ name }) => shadow.placement?.displaces.has(name) !== true)
  const isGeneric = ({ generic }: Injection) => generic !== undefined
  const ordered = [...others.filter(injection => !isGeneric(injection)), shadow].toSorted((a, b) =>
    compareText(a.name, b.name),
  )
  return { ...here, injections: [...others.filter(isGeneric), ...ordered] }
}
