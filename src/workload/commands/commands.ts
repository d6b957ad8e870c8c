import { dig, getList, type Json, type JsonObject } from '../../json/value.ts'
import type { Budget } from './budget.ts'
import { expand, type Variables } from './environment.ts'
import type { Argument } from './output.ts'
import { CommandReader, type RunCommand } from './reader.ts'

/** The programs that something runs, as far as that can be read, and why some of it cannot. */
export interface ReadCommands {
  readonly commands: readonly RunCommand[]
  readonly unreadable: readonly string[]
}

/**
 * The programs that a container runs: `command` and `args` with the variables that they name, followed through
 * wrappers, shells and scripts. Without a `command` it is the image that says which program gets the arguments.
 */
export function commandsOf(container: JsonObject, variables: Variables, budget: Budget): ReadCommands {
  const words = (list: string): readonly Argument[] =>
    getList(container, list).map(word => (typeof word === 'string' ? expand(word, variables, budget) : undefined))
  const command = words('command')
  const reader = new CommandReader(budget)
  const args = words('args')
  if (command.length > 0) reader.readArgv([...command, ...args], variables)
  else if (args.length > 0) {
    // The image may have an entrypoint, which gets the arguments, or none: then they are the command.
    reader.readArgv([undefined, ...args], variables)
    reader.readArgv(args, variables)
  }
  return { commands: reader.commands, unreadable: [...reader.unreadable] }
}

/** Where a container names commands that the kubelet runs in it, beside its own. */
const HOOKS: readonly (readonly [field: string, ...rest: string[]])[] = [
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
]

/** The words of a container's hooks and probes, and where they stand. */
export function hooksOf(
  container: JsonObject,
): readonly { readonly path: readonly string[]; readonly words: readonly Json[] }[] {
  const found: { readonly path: readonly string[]; readonly words: readonly Json[] }[] = []
  for (const hook of HOOKS) {
    // Asked of every container, and few have any.
    if (container[hook[0]] === undefined) continue
    const words = getList(dig(container, ...hook, 'exec'), 'command')
    if (words.length > 0) found.push({ path: [...hook, 'exec', 'command'], words })
  }
  return found
}

/** The programs that a container's hooks and probes run. */
export function commandsOfHooks(container: JsonObject, variables: Variables, budget: Budget): ReadCommands {
  const hooks = hooksOf(container)
  if (hooks.length === 0) return { commands: [], unreadable: [] }
  const reader = new CommandReader(budget)
  for (const { words } of hooks) {
    reader.readArgv(
      words.map(word => (typeof word === 'string' ? expand(word, variables, budget) : undefined)),
      variables,
    )
  }
  return { commands: reader.commands, unreadable: [...reader.unreadable] }
}

/** The programs that a shell script runs. */
export function commandsInScript(text: string, budget: Budget): ReadCommands {
  const reader = new CommandReader(budget)
  reader.readScript(text, new Map())
  return { commands: reader.commands, unreadable: [...reader.unreadable] }
}
