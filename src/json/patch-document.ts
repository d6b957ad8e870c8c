import type { PatchOperation } from './patch.ts'
import { parsePointer } from './pointer.ts'
import { get, isList, isObject, type Json } from './value.ts'

/** The operations of a patch, or what is wrong with it; `index` (from 0) names the operation where one is at fault. */
export type ParsedPatch =
  | { readonly ok: true; readonly operations: readonly PatchOperation[] }
  | { readonly ok: false; readonly index?: number; readonly message: string }

/**
 * Reads a JSON Patch document (RFC 6902, sections 3 and 4): a list of objects, each with a known `op`, valid pointers
 * and the members that its `op` needs. Other members are ignored, as the RFC demands.
 */
export function parsePatch(value: Json): ParsedPatch {
  if (!isList(value)) return { ok: false, message: 'a JSON Patch is a list of operations' }
  const operations: PatchOperation[] = []
  for (const [index, item] of value.entries()) {
    const operation = parseOperation(item)
    if (typeof operation === 'string') return { ok: false, index, message: operation }
    operations.push(operation)
  }
  return { ok: true, operations }
}

/** The operation, or a message. */
function parseOperation(item: Json): PatchOperation | string {
  if (!isObject(item)) return 'an operation is an object'
  const op = get(item, 'op')
  if (op === undefined) return 'the operation has no "op"'
  const path = parsePointerMember(item, 'path')
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = get(item, 'value')
      if (!path.ok) return path.message
      return value === undefined ? `${op} needs a "value"` : { op, path: path.pointer, value }
    }
    case 'remove':
      return path.ok ? { op, path: path.pointer } : path.message
    case 'move':
    case 'copy': {
      const from = parsePointerMember(item, 'from')
      if (!path.ok) return path.message
      return from.ok ? { op, from: from.pointer, path: path.pointer } : from.message
    }
    default:
      return `unknown op ${JSON.stringify(op)}; it must be add, remove, replace, move, copy or test`
  }
}

type PointerMember = { readonly ok: true; readonly pointer: string } | { readonly ok: false; readonly message: string }

function parsePointerMember(item: Json, name: 'path' | 'from'): PointerMember {
  const pointer = get(item, name)
  if (pointer === undefined) return { ok: false, message: `the operation has no "${name}"` }
  if (typeof pointer !== 'string' || parsePointer(pointer) === undefined) {
    return { ok: false, message: `"${name}" must be a JSON Pointer, not ${JSON.stringify(pointer)}` }
  }
  return { ok: true, pointer }
}
