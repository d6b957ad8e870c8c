import { getString } from '../json/value.ts'
import type { ContainerDraft } from './container-draft.ts'
import type { PodDraft } from './draft.ts'
import type { Additions, Injection } from './injection.ts'
import { nameOf } from './names.ts'
import type { OtherInjectors } from './other-injectors.ts'

/** What containers are to an injection that has variables and mounts for them. */
export const TARGET_KINDS = ['Containers', 'InitContainers', 'NativeSidecars'] as const
export type TargetKind = (typeof TARGET_KINDS)[number]

/** Which of the pod's own containers get variables and mounts, as a document says it. */
export interface Targets {
  /** Undefined: all, but for those that run before the injection's own init containers are done. */
  readonly kinds?: readonly TargetKind[]
  /** Undefined: all, but for those of other injectors. */
  readonly isNamed?: (name: string) => boolean
  readonly isExcepted?: (name: string) => boolean
}

/**
 * The containers that an injection's variables and mounts go into, in the order of the pod. The generic format has its own rule: all that
 * are not injected.
 *
 * @param injected the names of the containers that injections of ours declare.
 */
export function targetsOf(
  injection: Injection,
  additions: Additions,
  draft: PodDraft,
  injected: ReadonlySet<string>,
  others: OtherInjectors,
): readonly ContainerDraft[] {
  const all = [...draft.list('initContainers'), ...draft.list('containers')].filter(({ name }) => !injected.has(name))
  if (injection.generic !== undefined) return all
  const { kinds, isNamed, isExcepted } = injection.into ?? {}
  const early = kinds === undefined ? earlyContainers(draft, additions) : undefined
  return all.filter(container => {
    const { name } = container
    if (kinds === undefined ? early?.has(container) : !kinds.includes(kindOf(container))) return false
    if (isNamed === undefined ? others.has(name) : !isNamed(name)) return false
    return isExcepted?.(name) !== true
  })
}

function kindOf({ list, value }: ContainerDraft): TargetKind {
  if (list === 'containers') return 'Containers'
  return getString(value, 'restartPolicy') === 'Always' ? 'NativeSidecars' : 'InitContainers'
}

/** Init containers that start before the last of the injection's own init containers has ended; a native sidecar never ends. */
function earlyContainers(draft: PodDraft, additions: Additions): ReadonlySet<ContainerDraft> | undefined {
  const own = [...additions.initContainersFirst, ...additions.initContainers].filter(
    value => getString(value, 'restartPolicy') !== 'Always',
  )
  if (own.length === 0) return undefined
  const names = new Set(own.map(nameOf))
  const list = draft.list('initContainers')
  return new Set(
    list.slice(
      0,
      Math.max(
        0,
        list.findLastIndex(({ name }) => names.has(name)),
      ),
    ),
  )
}
