import { EVENT_ID, type Event } from 'js-yaml'
import { isList, isObject, type Json } from '../json/value.ts'

export type MutableObject = { [key: string]: Json }

/** The members of a mapping while it is composed. */
export interface Members {
  readonly object: MutableObject | undefined
  /** Keys of `object` that came from a merge, and that an explicit key may still set. */
  merged: Set<string> | undefined
}

/** Sets an own property. Assigning to `__proto__` would set the prototype instead. */
export function setMember(object: MutableObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

/**
 * `<<`: sets the members of a mapping, or of a list of mappings with the first winning. As in goyaml v2 they replace
 * members that stand above the merge key, and members below replace them. False where `value` is something else; a list
 * that an alias stands for is something else too.
 */
export function mergeInto(members: Members, value: Json, isAlias: boolean): boolean {
  const parts = isList(value) && !isAlias ? value.toReversed() : [value]
  for (const part of parts) {
    if (!isObject(part)) return false
    for (const key of Object.keys(part)) setMerged(members, key, part[key] ?? null)
  }
  return true
}

function setMerged(members: Members, key: string, value: Json): void {
  if (members.object === undefined) return
  if (!Object.hasOwn(members.object, key)) {
    members.merged ??= new Set()
    members.merged.add(key)
  }
  setMember(members.object, key, value)
}

/** The events of the keys in the mapping that begins at `events[mapping]`, as far as they go. */
export function keyEvents(events: readonly Event[], mapping: number): readonly Event[] {
  const keys: Event[] = []
  let depth = 0
  let isKey = true
  for (let index = mapping + 1; index < events.length; index++) {
    const event = events[index]
    if (event === undefined) break
    if (event.type === EVENT_ID.MAPPING || event.type === EVENT_ID.SEQUENCE) depth++
    else if (event.type === EVENT_ID.POP) {
      if (depth === 0) break
      depth--
      if (depth === 0) isKey = true
    } else if (depth === 0) {
      if (isKey) keys.push(event)
      isKey = !isKey
    }
  }
  return keys
}
