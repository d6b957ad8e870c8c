import type { Readable } from 'node:stream'

/** Everything a command touches of its process; tests pass an object literal. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether stdout is a terminal that takes colours. */
  readonly isTerminal: boolean
  /** Calls back on the signal that asks the process to stop. */
  readonly onStop: (callback: () => void) => void
}

/** A command as a value: arguments in, exit code out. It never ends the process itself. */
export interface Command {
  run(argv: readonly string[], io: Io): Promise<number>
}
