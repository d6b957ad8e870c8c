/** `portcullis serve` as a process of its own, for tests of signals, exit codes and logs. */
import { serve } from '../../src/cli/serve.ts'

process.exitCode = await serve.run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: text => void process.stdout.write(text),
  stderr: text => void process.stderr.write(text),
  env: {},
  cwd: process.cwd(),
  isTerminal: false,
  onStop: callback => void process.once('SIGTERM', callback),
})
