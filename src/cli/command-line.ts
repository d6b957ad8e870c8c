import type { Io } from './io.ts'
import { describeOptions, type Options, parseOptions, type ValuesOf } from './options.ts'

/** The options of a command line, or the exit code where there is nothing more to do. */
export type CommandLine<O extends Options> =
  | { readonly ok: true; readonly values: ValuesOf<O>; readonly arguments: readonly string[] }
  | { readonly ok: false; readonly code: number }

/** How a command of `portcullis` that takes options alone says what is wrong: one line each, exit code 2. */
export function refuse(command: string, io: Io, problems: readonly string[]): 2 {
  for (const problem of problems) io.stderr(`portcullis ${command}: ${problem}\n`)
  return 2
}

/**
 * Reads the command line of such a command; shows its help where it is asked for.
 *
 * @param takes how many arguments it takes beside its options, at most.
 */
export function readCommandLine<O extends Options>(
  command: string,
  help: string,
  options: O,
  argv: readonly string[],
  io: Io,
  takes = 0,
): CommandLine<O> {
  const parsed = parseOptions(options, argv, io.env, true)
  if (!parsed.ok) return { ok: false, code: refuse(command, io, [parsed.message]) }
  const { values, positionals } = parsed
  if ((values as Readonly<Record<string, unknown>>)['help'] === true) {
    io.stdout(`${help}${describeOptions(options, true)}\n`)
    return { ok: false, code: 0 }
  }
  const extra = positionals[takes]
  if (extra === undefined) return { ok: true, values, arguments: positionals }
  const allowed = takes === 0 ? 'no arguments' : takes === 1 ? 'one argument' : `${takes} arguments`
  return { ok: false, code: refuse(command, io, [`${command} takes ${allowed}, but got "${extra}"; see --help`]) }
}
