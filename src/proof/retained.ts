import { append, type Pointer } from '../json/pointer.ts'
import { isList, isObject, type Json, type JsonObject } from '../json/value.ts'
import type { Spine } from './spine.ts'

/**
 * Where something that `before` had is missing, changed or in another order in `after`; undefined where nothing is. A
 * null may have become an object or a list: Kubernetes reads null as absent.
 */
export function changeIn(
  before: Json,
  after: Json | undefined,
  spine: Spine,
  replaceable: ReadonlySet<Pointer>,
  at: Pointer = '',
): string | undefined {
  if (before === after || replaceable.has(at)) return undefined
  if (after === undefined) return `${at} is gone`
  if (before === null && (isObject(after) || isList(after))) return undefined
  const isCopy = (isObject(after) || isList(after)) && spine.originalOf(after) === before
  if (!isCopy) return `${at || 'the document'} is not what it was`
  if (isList(before) && isList(after)) return changeInList(before, after, spine, replaceable, at)
  return isObject(before) && isObject(after)
    ? changeInObject(before, after, spine, replaceable, at)
    : `${at} has another type`
}

function changeInObject(
  before: JsonObject,
  after: JsonObject,
  spine: Spine,
  replaceable: ReadonlySet<Pointer>,
  at: Pointer,
): string | undefined {
  const keys = Object.keys(before)
  const kept = Object.keys(after).filter(key => Object.hasOwn(before, key))
  if (keys.some((key, index) => kept[index] !== key))
    return `the keys of ${at || 'the document'} are not what they were`
  for (const key of keys) {
    // Nearly every key: its pointer need not be written.
    if (before[key] === after[key]) continue
    const change = changeIn(before[key] ?? null, after[key], spine, replaceable, append(at, key))
    if (change !== undefined) return change
  }
  return undefined
}

/** The elements of `before` appear in `after` in their order; what stands between them is new. */
function changeInList(
  before: readonly Json[],
  after: readonly Json[],
  spine: Spine,
  replaceable: ReadonlySet<Pointer>,
  at: Pointer,
): string | undefined {
  let next = 0
  for (const element of after) {
    const expected = before[next]
    if (expected === undefined || !isSame(expected, element, spine)) continue
    const change = expected === element ? undefined : changeIn(expected, element, spine, replaceable, append(at, next))
    if (change !== undefined) return change
    next++
  }
  return next === before.length ? undefined : `${append(at, next)} is gone or has moved`
}

function isSame(before: Json, after: Json, spine: Spine): boolean {
  return before === after || ((isObject(after) || isList(after)) && spine.originalOf(after) === before)
}
