import { type NamespaceFacts, type Rings, ringOf, ringOfClusterScoped } from './rings.ts'
import { inForceAt, type Reach } from './status.ts'

/** The document that a rollout brings. */
export interface Target {
  readonly kind: 'Policy' | 'SidecarInjection'
  readonly name: string
}

/**
 * How far a rollout has come: all that a gateway has to know of it. It outlives the rollout, so that one that is deleted changes
 * nothing.
 */
export interface RolloutRecord {
  /** Rises with every change. */
  readonly number: number
  /** The rollout's. */
  readonly uid: string
  /** Its name, and its stages. */
  readonly rings: Rings
  readonly target: Target
  /** What stays in force where the target has not come. */
  readonly replaces: string | undefined
  /** What the target does there. */
  readonly elsewhere: 'Audit' | 'Off'
  readonly reach: Reach
  /** What an earlier rollout of the same target has left in force where this one has not come. */
  readonly before: RolloutRecord | undefined
}

/** Where something happens: in a namespace, or in none. */
export type Place = NamespaceFacts | 'cluster'

/** What is in force at a place. */
export interface Versions {
  /** Revisions of the target. */
  readonly revisions: ReadonlySet<string>
  /** Names of what it replaces. */
  readonly replaced: ReadonlySet<string>
  /** Nobody knows the ring of the place: more is named than would be in force otherwise. */
  readonly isUnknown: boolean
}

/**
 * Which versions are in force at a place: never none, where there is one.
 *
 * @param isThere whether a revision of the target is still to be had. One that is not brings back what it replaced.
 */
export function versionsAt(record: RolloutRecord, place: Place, isThere: (revision: string) => boolean): Versions {
  const ring = place === 'cluster' ? ringOfClusterScoped(record.rings) : ringOf(record.rings, place)
  const found = inForceAt(record.reach, ring)
  switch (found.kind) {
    case 'replaced':
      return below(record, place, isThere)
    case 'revision':
      return isThere(found.revision)
        ? { revisions: new Set([found.revision]), replaced: NONE, isUnknown: false }
        : below(record, place, isThere)
    case 'any': {
      const revisions = found.revisions.filter(isThere)
      const rest = found.replaced || revisions.length < found.revisions.length ? below(record, place, isThere) : NOTHING
      return {
        revisions: new Set([...revisions, ...rest.revisions]),
        replaced: rest.replaced,
        isUnknown: true,
      }
    }
  }
}

const NONE: ReadonlySet<string> = new Set()
const NOTHING: Versions = { revisions: NONE, replaced: NONE, isUnknown: false }

/** What is in force where a rollout has not come. */
function below({ before, replaces }: RolloutRecord, place: Place, isThere: (revision: string) => boolean): Versions {
  const rest = before === undefined ? NOTHING : versionsAt(before, place, isThere)
  if (replaces === undefined) return rest
  // An earlier rollout may have brought the target here already; then that is in force, and not what it replaced.
  const isBrought = rest.revisions.size > 0 && !rest.isUnknown
  if (isBrought && before !== undefined && replacedNames(before).has(replaces)) return rest
  return { ...rest, replaced: new Set([...rest.replaced, replaces]) }
}

/** The names of everything that a record may take out of force somewhere. */
export function replacedNames({ replaces, before }: RolloutRecord): ReadonlySet<string> {
  return new Set([
    ...(replaces === undefined ? [] : [replaces]),
    ...(before === undefined ? [] : replacedNames(before)),
  ])
}

/** Every revision of the target that may be in force somewhere. */
export function revisionsInForce({ reach, before }: RolloutRecord): ReadonlySet<string> {
  const isReached = reach.phase === 'Complete' || reach.stage >= 0
  const own = [...(isReached ? [reach.revision] : []), ...reach.older.map(({ revision }) => revision)]
  return new Set([...own, ...(before === undefined ? [] : revisionsInForce(before))])
}

/** Every revision of the target that a record names: those that must be kept. */
export function revisionsIn({ reach, before }: RolloutRecord): ReadonlySet<string> {
  const own = [reach.revision, ...reach.older.map(({ revision }) => revision)].filter(revision => revision !== '')
  return new Set([...own, ...(before === undefined ? [] : revisionsIn(before))])
}
