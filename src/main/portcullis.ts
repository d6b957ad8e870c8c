#!/usr/bin/env node
import process from 'node:process'

const OLDEST = [22, 19] as const

async function main(): Promise<number> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    process.stderr.write(`portcullis needs Node ${OLDEST.join('.')} or newer; this is ${process.version}\n`)
    return 2
  }
  // Only now: what is imported may not even load on an older Node.
  const [{ portcullis }, { processIo }] = await Promise.all([
    import('../cli/portcullis.ts'),
    import('../cli/process-io.ts'),
  ])
  return portcullis(process.argv.slice(2), processIo())
}

// A reader such as `head` may leave early; what it did not want to see is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exitCode = 2
})
try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(
    `portcullis: internal error: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  )
  process.exitCode = 2
}
