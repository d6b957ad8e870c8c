import { get, getString, isObject, type Json } from '../../json/value.ts'
import { type Budget, COST } from '../../workload/commands/budget.ts'
import { commandsInScript } from '../../workload/commands/commands.ts'
import type { ConfigMapText } from '../../workload/config-map.ts'
import { parseYaml } from '../../yaml/parse.ts'
import { EtcdFlags } from './flags.ts'
import { argvOf } from './program.ts'

/** What a text says about the start of etcd. */
export interface EtcdText {
  /** Undefined where it cannot be read. */
  readonly state: string | undefined
  /** How many members it lists; several where it lists none and does not have to. */
  readonly members: number
  readonly isForced: boolean
  /** Whether it is etcd's own configuration file: there, what is left out has a default. */
  readonly isFile: boolean
}

const SEVERAL = 2
const STATE = 'ETCD_INITIAL_CLUSTER_STATE'

/**
 * Reads a text of a ConfigMap: a configuration file, a variable, a file of variables, or a script that starts etcd.
 *
 * @param wasFile whether it was a configuration file before: then it is one, however little is left of it.
 * @param budget what reading scripts may cost, together with the other texts.
 */
export function readText({ key, text }: ConfigMapText, wasFile: boolean, budget: Budget): EtcdText | undefined {
  if (key === STATE) return { state: text.trim(), members: SEVERAL, isForced: false, isFile: false }
  const isFile = text.includes('initial-cluster')
  return (
    (isFile || wasFile ? fileOf(text, wasFile, budget) : undefined) ??
    variablesIn(text) ??
    (isFile ? scriptOf(text, budget) : undefined)
  )
}

function fileOf(text: string, wasFile: boolean, budget: Budget): EtcdText | undefined {
  // Each text may have aliases that stand for a hundred thousand nodes.
  const hasAliases = /&\S/.test(text) && /\*\S/.test(text)
  if (!budget.spend(COST.text + text.length * COST.parsed + (hasAliases ? COST.aliases : 0))) return undefined
  const mayRetry = (characters: number) => budget.spend(characters * COST.parsed)
  const value: Json | undefined = parseYaml(text, { mayRetry }).documents[0]?.value
  const cluster = getString(value, 'initial-cluster')
  if (!isObject(value) || (cluster === undefined && !wasFile)) return undefined
  return {
    state: getString(value, 'initial-cluster-state') || 'new',
    members: membersIn(cluster),
    isForced: String(get(value, 'force-new-cluster')) === 'true',
    isFile: true,
  }
}

/** A line of a file that a shell or a unit of systemd reads. */
function variablesIn(text: string): EtcdText | undefined {
  if (!text.includes(STATE)) return undefined
  const lines = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?ETCD_INITIAL_CLUSTER_STATE=["']?(\w*)/gm)]
  const state = lines.at(-1)?.[1]
  return state === undefined ? undefined : { state: state || 'new', members: SEVERAL, isForced: false, isFile: false }
}

function scriptOf(text: string, budget: Budget): EtcdText | undefined {
  const argv = argvOf(commandsInScript(text, budget).commands)
  if (argv === undefined) return undefined
  const flags = new EtcdFlags(argv, new Map())
  const state = flags.get('initial-cluster-state')
  return {
    state: state.isSet ? state.value : 'new',
    members: Math.max(
      membersIn(flags.get('initial-cluster').value),
      flags.get('initial-cluster').value === undefined ? SEVERAL : 0,
    ),
    isForced: flags.isForced,
    isFile: false,
  }
}

function membersIn(cluster: string | undefined): number {
  return cluster?.split(',').filter(Boolean).length ?? 0
}
