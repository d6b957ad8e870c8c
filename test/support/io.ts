import { Readable } from 'node:stream'
import type { Io } from '../../src/cli/io.ts'

/** A process that a test can look into. */
export interface TestIo {
  readonly io: Io
  readonly out: () => string
  readonly err: () => string
  /** Asks the command to stop, as a signal would. */
  stop(): void
}

/** Makes an Io whose output is collected. */
export function testIo(
  options: { readonly stdin?: string; readonly env?: Io['env']; readonly cwd?: string } = {},
): TestIo {
  let out = ''
  let err = ''
  const callbacks: (() => void)[] = []
  return {
    io: {
      stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
      stdout: text => {
        out += text
      },
      stderr: text => {
        err += text
      },
      env: options.env ?? {},
      cwd: options.cwd ?? process.cwd(),
      isTerminal: false,
      onStop: callback => callbacks.push(callback),
    },
    out: () => out,
    err: () => err,
    stop: () => {
      for (const callback of callbacks) callback()
    },
  }
}
