import type { Io } from '../io.ts'
import { describeOptions, type Options, parseOptions, type ValuesOf } from '../options.ts'
import { CLEAN, refuse } from './exit.ts'

/** The options and arguments of a command, or the exit code where there is nothing more to do. */
export type ReadArguments<O extends Options> =
  | { readonly ok: true; readonly values: ValuesOf<O>; readonly positionals: readonly string[] }
  | { readonly ok: false; readonly code: number }

/**
 * Reads a command line; a wrong one and `--help` are answered here.
 *
 * @param help what is said before the options are listed.
 */
export function readArguments<O extends Options>(
  options: O,
  help: string,
  argv: readonly string[],
  io: Io,
): ReadArguments<O> {
  const parsed = parseOptions(options, argv, io.env, false)
  if (!parsed.ok) return { ok: false, code: refuse(io, [parsed.message]) }
  const { values, positionals } = parsed
  if ((values as { readonly help?: unknown }).help !== true) return { ok: true, values, positionals }
  io.stdout(`${help}${describeOptions(options, false)}\n`)
  return { ok: false, code: CLEAN }
}
