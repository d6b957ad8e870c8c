import { oneLine } from '../../admission/text.ts'
import type { Io } from '../io.ts'
import { isNamespaceName } from '../shared-options.ts'

/** What the process says by its exit code. Errors win over denials. */
export const CLEAN = 0
export const VIOLATIONS = 1
export const NOT_CHECKED = 2

/** Says what is wrong with the command line; nothing was checked. */
export function refuse(io: Io, problems: readonly string[]): number {
  for (const problem of problems) io.stderr(`policy-lint: ${oneLine(problem)}\n`)
  return NOT_CHECKED
}

/** What is wrong with the arguments that every command on files has. */
export function usageProblems(namespace: string, positionals: readonly string[]): readonly string[] {
  if (positionals.length === 0)
    return ['nothing to check: name files, folders or globs, or - for the standard input; see --help']
  return isNamespaceName(namespace) ? [] : [`--namespace must be the name of a namespace, not "${namespace}"`]
}
