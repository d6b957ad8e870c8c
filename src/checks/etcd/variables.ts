import { getList } from '../../json/value.ts'
import type { Variables } from '../../workload/commands/environment.ts'
import { baseName } from '../../workload/commands/output.ts'
import type { Container } from '../../workload/pod.ts'

/**
 * A variable of etcd that a command sets, with a value that can be read where it stands between quotes or blanks. What stands
 * without quotes is looked ahead for, so that it is not tried shorter and shorter.
 */
const SET =
  /\b(ETCD_[A-Z0-9_]+)=(?:"([^"$`\\]{0,256})"|'([^']{0,256})'|(?=([^\s"'$`;&|<>()\\]{0,256}))\4)(?=[\s;&|)]|$)/g
/** One that a command names without reading it: `unset`, `env -u`, a value that cannot be read here. */
const NAMED = /(?:(?<![\w$]|\$\{)|(?<=-u))ETCD_[A-Z0-9_]+/g

/** The variables that etcd gets from a container: its own, and over them what its command does to them. */
export function etcdVariablesOf({ value, variables: own }: Container): Variables {
  const variables = new Map(own)
  const assigned = new Map<string, string[]>()
  const words = ['command', 'args'].flatMap(list => getList(value, list)).filter(word => typeof word === 'string')
  const text = words.join('\n')
  const isCleared = isEnvironmentCleared(words)
  if (!isCleared && !text.includes('ETCD_')) return variables
  for (const name of isCleared ? variables.keys() : []) if (name.startsWith('ETCD_')) variables.set(name, undefined)
  for (const [name] of text.matchAll(NAMED)) variables.set(name, undefined)
  for (const [, name = '', double, single, plain] of text.matchAll(SET)) {
    const values = assigned.get(name) ?? []
    values.push(double ?? single ?? plain ?? '')
    assigned.set(name, values)
  }
  for (const [name, values] of assigned) variables.set(name, agreed(own.get(name), values))
  return variables
}

/** What a variable comes to; undefined where its values differ, unless the last one makes a new cluster. */
function agreed(own: string | undefined, values: readonly string[]): string | undefined {
  const last = values.at(-1)
  if (last === 'new') return last
  return [...values, own ?? last].every(value => value === last) ? last : undefined
}

/** `env -i`, as far as words tell. */
function isEnvironmentCleared(words: readonly string[]): boolean {
  const all = words.flatMap(word => word.split(/\s+/))
  if (!all.some(word => baseName(word) === 'env')) return false
  return all.some(word => word === '-' || word === '-i' || word === '--ignore-environment')
}
