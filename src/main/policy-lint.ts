#!/usr/bin/env node
import process from 'node:process'

const OLDEST = [22, 19] as const

async function main(): Promise<number> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    process.stderr.write(`policy-lint needs Node ${OLDEST.join('.')} or newer; this is ${process.version}\n`)
    return 2
  }
  let isLost = false
  // A reader such as `head` may leave early: what it did not want to see is no failure. A full disk is.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      isLost ||= error.code !== 'EPIPE'
    })
  // Only now: what is imported may not even load on an older Node.
  const [{ policyLint }, { processIo }] = await Promise.all([
    import('../cli/policy-lint.ts'),
    import('../cli/process-io.ts'),
  ])
  const code = await policyLint.run(process.argv.slice(2), processIo())
  return isLost ? 2 : code
}

try {
  process.exitCode = await main()
} catch (error) {
  // An installation that is not complete, or a bug; Node's own exit code for this would say "violations".
  process.stderr.write(
    `policy-lint: internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  )
  process.exitCode = 2
}
