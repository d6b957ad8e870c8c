import { get, getList, getString, isObject, type JsonObject } from '../../json/value.ts'
import type { Budget } from './budget.ts'

/** The value of a variable: a text, undefined where nobody can read it here; `has` tells which are there at all. */
export type Variables = ReadonlyMap<string, string | undefined>

/** The variables of a container: literal ones with their values, those from elsewhere (`valueFrom`) without. */
export function variablesOf(container: JsonObject, budget: Budget): Variables {
  const variables = new Map<string, string | undefined>()
  for (const item of getList(container, 'env')) {
    const name = getString(item, 'name')
    if (name === undefined || !isObject(item)) continue
    const raw = get(item, 'valueFrom') !== undefined ? undefined : (getString(item, 'value') ?? '')
    // A reference to an earlier variable is replaced, as in a command.
    variables.set(name, raw === undefined ? undefined : expand(raw, variables, budget))
  }
  return variables
}

/** Longer ones the kernel gives to no program (MAX_ARG_STRLEN). */
const MAX_VALUE = 128 * 1024

/**
 * Replaces `$(NAME)` as the kubelet does: `$$` is a dollar, and a name that is not defined stays as it is.
 *
 * @returns undefined where a variable's value cannot be read here, or the text would be too long.
 */
export function expand(text: string, variables: Variables, budget: Budget): string | undefined {
  if (!text.includes('$')) return text
  let isKnown = true
  let length = text.length
  const expanded = text.replace(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return '$'
    if (!variables.has(name)) return match
    const value = variables.get(name)
    length += value?.length ?? 0
    // Each variable may hold the one before it twice, and each word any of them.
    if (value === undefined || length > MAX_VALUE || !budget.spend(value.length)) isKnown = false
    return isKnown && value !== undefined ? value : ''
  })
  return isKnown ? expanded : undefined
}
