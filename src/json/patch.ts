import { type Pointer, parseIndex, parsePointer } from './pointer.ts'
import { deepEqual, get, isList, isObject, type Json, type JsonObject } from './value.ts'

export { type ParsedPatch, parsePatch } from './patch-document.ts'

/** One operation of a JSON Patch (RFC 6902, section 4). */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: Pointer; readonly value: Json }
  | { readonly op: 'remove'; readonly path: Pointer }
  | { readonly op: 'move' | 'copy'; readonly from: Pointer; readonly path: Pointer }

/** The one operation that can be proven to keep what is there. */
export interface AddOperation {
  readonly op: 'add'
  readonly path: Pointer
  readonly value: Json
}

/** The patched document, or the first operation that does not apply (`index` counts from 0) and why. */
export type PatchResult =
  | { readonly ok: true; readonly document: Json }
  | { readonly ok: false; readonly index: number; readonly message: string }

type MutableObject = { [key: string]: Json }
type Container = MutableObject | Json[]

/** A document while it is patched. `owned` are the containers that this patch made and may therefore write to. */
interface Draft {
  readonly holder: MutableObject
  readonly owned: Set<object>
}

/** Why an operation does not apply. A class of its own, so that it cannot be taken for a JSON value. */
class Inapplicable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** The holder's key for the document, so that the root is a member like any other. */
const ROOT = ''

/**
 * Applies `operations` in order, all or none. `document` is not changed: containers on a patched path are copied once,
 * everything else is shared with it (and with the operations' values), so the cost is that of the patch and of the
 * containers it touches. Keys are own properties, `__proto__` and `constructor` included.
 *
 * Where RFC 6902 leaves it open, the stricter reading: the whole document can be replaced but not removed.
 */
export function applyPatch(document: Json, operations: readonly PatchOperation[]): PatchResult {
  const draft: Draft = { holder: { [ROOT]: document }, owned: new Set() }
  draft.owned.add(draft.holder)
  for (const [index, operation] of operations.entries()) {
    const failure = applyOperation(draft, operation)
    if (failure !== undefined) {
      return { ok: false, index, message: `${operation.op} "${operation.path}": ${failure.reason}` }
    }
  }
  return { ok: true, document: draft.holder[ROOT] ?? null }
}

function applyOperation(draft: Draft, operation: PatchOperation): Inapplicable | undefined {
  const path = segmentsOf(operation.path)
  if (path instanceof Inapplicable) return path
  switch (operation.op) {
    case 'add':
      return add(draft, path, operation.value)
    case 'replace':
      return replace(draft, path, operation.value)
    case 'remove':
      return remove(draft, path)
    case 'test':
      return test(draft, path, operation.value)
  }
  const from = segmentsOf(operation.from)
  if (from instanceof Inapplicable) return from
  return operation.op === 'move' ? move(draft, from, path) : copy(draft, from, path)
}

function segmentsOf(pointer: Pointer): readonly string[] | Inapplicable {
  const segments = parsePointer(pointer)
  return segments === undefined ? new Inapplicable(`"${pointer}" is not a JSON Pointer`) : [ROOT, ...segments]
}

/** The value at `path`, without copying anything. */
function read(draft: Draft, path: readonly string[]): Json | Inapplicable {
  let at: Json = draft.holder
  for (const segment of path) {
    const found = member(at, segment)
    if (found instanceof Inapplicable) return found
    at = found
  }
  return at
}

/** The member `segment` of `container`; it must exist. */
function member(container: Json, segment: string): Json | Inapplicable {
  if (isList(container)) {
    const index = parseIndex(segment)
    if (index === undefined) return new Inapplicable(`"${segment}" is not the index of an element`)
    const found = container[index]
    return found === undefined ? new Inapplicable(pastTheEnd(segment, container)) : found
  }
  if (!isObject(container)) return new Inapplicable(`"${segment}" would be a member of ${describe(container)}`)
  const found = get(container, segment)
  return found === undefined ? new Inapplicable(`there is no "${segment}"`) : found
}

/** The container that holds the last segment of `path`, copied with all that lie above it unless they are ours already. */
function writable(draft: Draft, path: readonly string[]): Container | Inapplicable {
  let at: Container = draft.holder
  for (const [depth, segment] of path.entries()) {
    if (depth === path.length - 1) break
    const child = member(at, segment)
    if (child instanceof Inapplicable) return child
    if (typeof child !== 'object' || child === null) {
      return new Inapplicable(`"${path[depth + 1]}" would be a member of ${describe(child)}`)
    }
    const own = ownContainer(draft, child)
    if (own !== child) assign(at, segment, own)
    at = own
  }
  return at
}

function ownContainer(draft: Draft, value: readonly Json[] | JsonObject): Container {
  // Only containers made below are in `owned`, and those are mutable.
  if (draft.owned.has(value)) return value as Container
  // A spread defines properties, so an own `__proto__` stays an own property.
  const own: Container = isList(value) ? [...value] : { ...value }
  draft.owned.add(own)
  return own
}

/** Sets an existing list index or any object key, as an own property. */
function assign(container: Container, segment: string, value: Json): void {
  if (isList(container)) container[Number(segment)] = value
  else if (segment === '__proto__') {
    Object.defineProperty(container, segment, { value, writable: true, enumerable: true, configurable: true })
  } else container[segment] = value
}

function add(draft: Draft, path: readonly string[], value: Json): Inapplicable | undefined {
  const container = writable(draft, path)
  if (container instanceof Inapplicable) return container
  const segment = lastOf(path)
  if (!isList(container)) {
    assign(container, segment, value)
    return undefined
  }
  const index = segment === '-' ? container.length : parseIndex(segment)
  if (index === undefined) return new Inapplicable(`"${segment}" is not a list index`)
  if (index > container.length) return new Inapplicable(pastTheEnd(segment, container))
  container.splice(index, 0, value)
  return undefined
}

function replace(draft: Draft, path: readonly string[], value: Json): Inapplicable | undefined {
  const container = writable(draft, path)
  if (container instanceof Inapplicable) return container
  const old = member(container, lastOf(path))
  if (old instanceof Inapplicable) return old
  assign(container, lastOf(path), value)
  return undefined
}

function remove(draft: Draft, path: readonly string[]): Inapplicable | undefined {
  if (path.length === 1) return new Inapplicable('the whole document cannot be removed')
  const container = writable(draft, path)
  if (container instanceof Inapplicable) return container
  const segment = lastOf(path)
  const old = member(container, segment)
  if (old instanceof Inapplicable) return old
  if (isList(container)) container.splice(Number(segment), 1)
  else delete container[segment]
  return undefined
}

function test(draft: Draft, path: readonly string[], expected: Json): Inapplicable | undefined {
  const found = read(draft, path)
  if (found instanceof Inapplicable) return found
  return deepEqual(found, expected) ? undefined : new Inapplicable('the value is not the expected one')
}

function move(draft: Draft, from: readonly string[], path: readonly string[]): Inapplicable | undefined {
  const value = read(draft, from)
  if (value instanceof Inapplicable) return value
  const within = from.length <= path.length && from.every((segment, i) => segment === path[i])
  if (within && from.length === path.length) return undefined
  if (within) return new Inapplicable('a value cannot be moved into itself')
  return remove(draft, from) ?? add(draft, path, value)
}

function copy(draft: Draft, from: readonly string[], path: readonly string[]): Inapplicable | undefined {
  const value = read(draft, from)
  if (value instanceof Inapplicable) return value
  disown(draft, value)
  return add(draft, path, value)
}

/**
 * Makes `value` read-only again: from now on two places share it, so a later write through one must copy it. Owned
 * containers lie only under owned ones, and each was copied by this patch, so the walk costs no more than the copies.
 */
function disown(draft: Draft, value: Json): void {
  const pending = [value]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (typeof at !== 'object' || at === null || !draft.owned.delete(at)) continue
    for (const child of isList(at) ? at : Object.values(at)) pending.push(child)
  }
}

function lastOf(path: readonly string[]): string {
  return path[path.length - 1] ?? ROOT
}

function pastTheEnd(segment: string, list: readonly Json[]): string {
  return `index ${segment} is past the end of a list of ${list.length}`
}

function describe(value: Json): string {
  return value === null ? 'null' : `a ${typeof value}`
}
