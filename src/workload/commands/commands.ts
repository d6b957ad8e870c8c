import { getList, type JsonObject } from '../../json/value.ts'
import { expand, variablesOf } from './environment.ts'
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
export function commandsOf(container: JsonObject): ReadCommands {
  const variables = variablesOf(container)
  const words = (list: string): readonly Argument[] =>
    getList(container, list).map(word => (typeof word === 'string' ? expand(word, variables) : undefined))
  const command = words('command')
  const reader = new CommandReader()
  const args = words('args')
  if (command.length > 0) reader.readArgv([...command, ...args], variables)
  else if (args.length > 0) {
    // The image may have an entrypoint, which gets the arguments, or none: then they are the command.
    reader.readArgv([undefined, ...args], variables)
    reader.readArgv(args, variables)
  }
  return { commands: reader.commands, unreadable: [...reader.unreadable] }
}

/** The programs that a shell script runs. */
export function commandsInScript(text: string): ReadCommands {
  const reader = new CommandReader()
  reader.readScript(text, new Map())
  return { commands: reader.commands, unreadable: [...reader.unreadable] }
}
