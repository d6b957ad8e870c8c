import fastJsonPatch from 'fast-json-patch'
import type { AddOperation } from '../json/patch.ts'
import { type Pointer, parsePointer } from '../json/pointer.ts'
import { get, isList, type JsonObject } from '../json/value.ts'
import { changeIn } from './retained.ts'
import { Spine } from './spine.ts'

/** Something that a patch must not break, relative to the document as it came. */
export interface Invariant {
  readonly name: string
  /** Says what the patch breaks; undefined where it breaks nothing. */
  check(before: JsonObject, after: JsonObject): string | undefined
}

export interface ProofOptions {
  /** Exactly these keys are the patch's own, and may get another value. */
  readonly replaceable: ReadonlySet<Pointer>
  /** Asked in order, once the patch is known to apply and to keep everything. */
  readonly invariants: readonly Invariant[]
}

/** The patched document, or the invariant that the patch breaks; `index` names the operation at fault, from 0. */
export type Proof =
  | { readonly ok: true; readonly result: JsonObject }
  | { readonly ok: false; readonly invariant: string; readonly message: string; readonly index?: number }

/**
 * Proves that a patch only adds: an applier that shares no code with the one who wrote the patch takes it, everything
 * that was there is there, unchanged and in its order, and every further invariant holds. Neither the document nor the
 * patch is written; what is copied are the objects and lists on the patch's paths, and what is not copied is compared by
 * identity, so the work is that of the patch and the lists that it touches.
 */
export function prove(document: JsonObject, patch: readonly AddOperation[], options: ProofOptions): Proof {
  const spine = new Spine(document)
  for (const [index, operation] of patch.entries()) {
    const broken = faultOf(operation, spine, options.replaceable) ?? apply(operation, spine)
    if (broken !== undefined) return { ok: false, ...broken, index }
  }
  const result = spine.root
  const change = changeIn(document, result, spine, options.replaceable)
  if (change !== undefined) return { ok: false, invariant: 'retained', message: change }
  for (const { name, check } of options.invariants) {
    const message = check(document, result)
    if (message !== undefined) return { ok: false, invariant: name, message }
  }
  return { ok: true, result }
}

type Fault = { readonly invariant: 'add-only' | 'overwrites' | 'applies'; readonly message: string }

/** What is wrong with an operation before it is applied; copies what it is going to write to. */
function faultOf(operation: AddOperation, spine: Spine, replaceable: ReadonlySet<Pointer>): Fault | undefined {
  // Patches come from our own code: what the types promise is looked at all the same.
  const { op, path, value } = operation as { op: string; path: unknown; value: unknown }
  const segments = typeof path === 'string' ? parsePointer(path) : undefined
  const last = segments?.at(-1)
  if (op !== 'add' || typeof path !== 'string' || segments === undefined || last === undefined || value === undefined) {
    return { invariant: 'add-only', message: 'an operation is no "add" of a value at a pointer' }
  }
  const parent = spine.own(segments.slice(0, -1))
  if (parent === undefined) return { invariant: 'applies', message: `the parent of ${path} does not exist` }
  const present = isList(parent) ? undefined : get(parent, last)
  if (present === undefined || present === null || replaceable.has(path)) return undefined
  return { invariant: 'overwrites', message: `${path} exists already` }
}

function apply(operation: AddOperation, spine: Spine): Fault | undefined {
  try {
    fastJsonPatch.applyOperation(spine.root, operation, true, true, true)
    return undefined
  } catch (error) {
    // Its messages quote the document: only the name leaves.
    const name = error instanceof Error ? error.name : 'error'
    return { invariant: 'applies', message: `${operation.path} cannot be added (${name})` }
  }
}
