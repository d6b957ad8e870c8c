import { append, type Pointer } from '../json/pointer.ts'
import { get, isList, isObject, type Json } from '../json/value.ts'

/** kubectl keeps a copy of the whole manifest here, secrets included. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** What stands in a record in place of a text that nobody may read. */
export const MARK = 'REDACTED'

/** Told of each value that nobody may read, and where it stands. What it holds is not visited any more. */
export type SecretVisitor = (value: Json, at: Pointer) => void

/**
 * Finds what nobody may read in a build log or a record: `data` and `stringData` of Secrets, the `value` of every entry of an
 * `env`, and copies of whole manifests. In any depth and whatever the object's kind.
 *
 * @param at where `value` stands.
 */
export function eachSecret(value: Json, at: Pointer, visit: SecretVisitor): void {
  if (isList(value)) for (const [index, item] of value.entries()) eachSecret(item, append(at, index), visit)
  if (!isObject(value)) return
  const secretKeys = secretMapsOf(value)
  for (const [key, child] of Object.entries(value)) {
    const pointer = append(at, key)
    if (key === LAST_APPLIED) visit(child, pointer)
    else if (secretKeys.includes(key)) eachMember(child, pointer, visit)
    else if (key === 'env' && isList(child)) eachVariable(child, pointer, visit)
    else if (get(value, 'kind') === 'SecretList' && key === 'items' && isList(child)) eachItem(child, pointer, visit)
    else eachSecret(child, pointer, visit)
  }
}

function secretMapsOf(value: Json): readonly string[] {
  return get(value, 'kind') === 'Secret' ? ['data', 'stringData'] : []
}

/** The items of a SecretList need not say that they are Secrets. */
function eachItem(items: readonly Json[], at: Pointer, visit: SecretVisitor): void {
  for (const [index, item] of items.entries()) {
    eachSecret(isObject(item) ? { ...item, kind: 'Secret' } : item, append(at, index), visit)
  }
}

function eachVariable(entries: readonly Json[], at: Pointer, visit: SecretVisitor): void {
  for (const [index, entry] of entries.entries()) {
    const pointer = append(at, index)
    if (!isObject(entry)) continue
    for (const [key, child] of Object.entries(entry)) {
      if (key === 'value') visit(child, append(pointer, key))
      else eachSecret(child, append(pointer, key), visit)
    }
  }
}

function eachMember(value: Json, at: Pointer, visit: SecretVisitor): void {
  if (!isObject(value)) visit(value, at)
  else for (const [key, child] of Object.entries(value)) visit(child, append(at, key))
}
