import { type LabelReader, selects } from '../workload/selector.ts'
import type { Stage } from './spec.ts'

/** How far a rollout reaches, and when. */
export interface Rings {
  /** Of the rollout: which namespaces a percentage reaches depends on it. */
  readonly name: string
  readonly stages: readonly [Stage, ...Stage[]]
}

/** A namespace, as far as its place in a rollout goes. */
export interface NamespaceFacts {
  readonly name: string
  /** Undefined where nobody knows them. */
  readonly labels: Readonly<Record<string, string>> | undefined
}

/**
 * The stage at which a rollout reaches a namespace, from 0 on.
 *
 * @returns undefined where no stage does; `'unknown'` where it depends on labels that nobody knows.
 */
export function ringOf(rings: Rings, namespace: NamespaceFacts): number | 'unknown' | undefined {
  let isUnknown = false
  for (const [index, stage] of rings.stages.entries()) {
    const answer = reaches(rings, stage, namespace)
    // An earlier stage may have reached it already.
    if (answer === true) return isUnknown ? 'unknown' : index
    if (answer === 'unknown') isUnknown = true
  }
  return isUnknown ? 'unknown' : undefined
}

/** Objects that are in no namespace join at the last stage. */
export function ringOfClusterScoped({ stages }: Rings): number {
  return stages.length - 1
}

/** Whether one of the stages reaches every namespace. */
export function reachesAll({ stages }: Rings): boolean {
  return stages.some(({ selector = [], percent = 100 }) => selector.length === 0 && percent >= 100)
}

function reaches({ name: rollout }: Rings, stage: Stage, { name, labels }: NamespaceFacts): boolean | 'unknown' {
  if (stage.selector !== undefined) {
    const read: LabelReader = key => {
      // The API server puts it on every namespace.
      if (key === 'kubernetes.io/metadata.name') return { value: name }
      if (labels === undefined) return 'unknown'
      return { value: Object.hasOwn(labels, key) ? labels[key] : undefined }
    }
    return selects(stage.selector, read)
  }
  return stage.percent === undefined || shareOf(rollout, name) < stage.percent
}

/**
 * Where a namespace stands among all, from 0 to below 100: the same for ever, and another for another rollout, so that not always the
 * same namespaces come first. FNV-1a with the finalizer of MurmurHash3, which spreads names that differ in one letter.
 */
export function shareOf(rollout: string, namespace: string): number {
  let hash = 0x811c9dc5
  const text = `${rollout}\n${namespace}`
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000) * 100
}
