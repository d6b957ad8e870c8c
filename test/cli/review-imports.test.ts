import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

/** Prints what each import leads to. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      process.stderr.write(resolved.url + '\\n')
      return resolved
    },
  })
`)}`

async function importsOf(...argv: readonly string[]): Promise<string> {
  const main = join(import.meta.dirname, '../../src/main/portcullis.ts')
  return (await run(process.execPath, ['--import', HOOK, main, ...argv])).stderr
}

it('portcullis review and certs load no web server, portcullis serve does', async () => {
  const [review, certs, serve] = await Promise.all([
    importsOf('review', '--help'),
    importsOf('certs', '--help'),
    importsOf('serve', '--help'),
  ])
  expect(review).toContain('/src/cli/review.ts')
  expect(certs).toContain('/src/cli/certs.ts')
  expect(review + certs).not.toMatch(/node_modules\/(fastify|pino|prom-client)\/|src\/server\//)
  expect(serve).toMatch(/node_modules\/fastify\//)
})
