/** Any JSON value, as `JSON.parse` makes it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object. Keys come from users: read them with {@link get}, which sees own properties only. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** True for a JSON object; false for null and lists. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a JSON list. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

/**
 * The own property `key` of `value`, or undefined where `value` is no object or has no such key. Never the prototype's:
 * a manifest may hold keys such as `__proto__`, `constructor` or `toString`.
 */
export function get(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** Follows own properties from `value` along `keys`; undefined as soon as one is missing. */
export function dig(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  let at = value
  for (const key of keys) at = get(at, key)
  return at
}

/** The string under `key`, or undefined where it is missing or not a string. */
export function getString(value: Json | undefined, key: string): string | undefined {
  const found = get(value, key)
  return typeof found === 'string' ? found : undefined
}

/** The list under `key`; empty where it is missing or not a list. */
export function getList(value: Json | undefined, key: string): readonly Json[] {
  const found = get(value, key)
  return isList(found) ? found : []
}

/**
 * Whether two JSON values are equal: objects by their own keys in any order, lists by position. Iterative, so that deep
 * values cannot exhaust the stack.
 */
export function deepEqual(left: Json | undefined, right: Json | undefined): boolean {
  const pending: [Json | undefined, Json | undefined][] = [[left, right]]
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [a, b] = pair
    if (a === b) continue
    if (isList(a) && isList(b)) {
      if (a.length !== b.length) return false
      for (let i = 0; i < a.length; i++) pending.push([a[i], b[i]])
    } else if (isObject(a) && isObject(b)) {
      const keys = Object.keys(a)
      if (keys.length !== Object.keys(b).length) return false
      for (const key of keys) {
        if (!Object.hasOwn(b, key)) return false
        pending.push([a[key], b[key]])
      }
    } else return false
  }
  return true
}

/**
 * Whether `value` nests deeper than `limit` levels; a scalar has depth 0, `[]` and `{}` depth 1. Goes down no further
 * than `limit`, so that a hostile value cannot exhaust the stack; `limit` itself must be modest (hundreds).
 */
export function isDeeperThan(value: Json, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (limit === 0) return true
  if (isList(value)) {
    for (const item of value) if (isDeeperThan(item, limit - 1)) return true
    return false
  }
  // JSON objects inherit nothing enumerable: this is Object.keys without the list.
  for (const key in value) if (isDeeperThan(value[key] ?? null, limit - 1)) return true
  return false
}
