import type { Command } from './io.ts'
import { NOT_CHECKED } from './policy-lint/exit.ts'

/** The commands beside the plain check, each loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  explain: async () => (await import('./policy-lint/explain.ts')).explain,
  inject: async () => (await import('./policy-lint/inject.ts')).inject,
  test: async () => (await import('./policy-lint/test.ts')).test,
}

/** `policy-lint`: a first word that is a command is one, and anything else is a path; a folder `inject` is `./inject`. */
export const policyLint: Command = {
  async run(argv, io) {
    const [first = '', ...rest] = argv
    const load = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined
    // The one catch of the program: a bug never looks like a clean run.
    try {
      if (load !== undefined) return await (await load()).run(rest, io)
      return await (await import('./policy-lint/lint.ts')).lint.run(argv, io)
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      io.stderr(`policy-lint: internal error, nothing can be said about the files: ${detail}\n`)
      return NOT_CHECKED
    }
  },
}
