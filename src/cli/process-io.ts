import process from 'node:process'
import type { Io } from './io.ts'

/** The process as a command sees it. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: text => process.stdout.write(text),
    stderr: text => process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    isTerminal: process.stdout.isTTY === true,
    onStop: callback => {
      process.once('SIGTERM', callback)
      process.once('SIGINT', callback)
    },
  }
}
