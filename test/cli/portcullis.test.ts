import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { portcullis } from '../../src/cli/portcullis.ts'
import { serve } from '../../src/cli/serve.ts'
import { testIo } from '../support/io.ts'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-cli-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('portcullis', () => {
  it.each([
    { argv: ['--help'], code: 0, out: 'portcullis <command> --help says more' },
    { argv: ['--version'], code: 0, out: '0.1.0\n' },
    { argv: ['serve', '--help'], code: 0, out: '[PORTCULLIS_CLIENT_AUTH]' },
    { argv: ['review', '--help'], code: 0, out: '--subresource NAME' },
    { argv: ['certs', '--help'], code: 0, out: 'portcullis certs init' },
  ])('$argv exits with $code', async ({ argv, code, out }) => {
    const test = testIo()
    expect(await portcullis(argv, test.io)).toBe(code)
    expect(test.out()).toContain(out)
  })

  it.each([
    { argv: [], err: 'Usage: portcullis <command>' },
    {
      argv: ['server'],
      err: 'unknown command "server" (did you mean "serve"?); the commands are serve, controller, preview, rollout, probe, review, certs',
    },
    { argv: ['toString'], err: 'unknown command "toString"' },
  ])('$argv exits with 2', async ({ argv, err }) => {
    const test = testIo()
    expect(await portcullis(argv, test.io)).toBe(2)
    expect(test.err()).toContain(err)
  })
})

describe('portcullis serve', () => {
  async function start(...argv: readonly string[]) {
    const test = testIo({ cwd: directory })
    const code = await serve.run(
      ['--dev', '--listen', '127.0.0.1:0', '--health-listen', '127.0.0.1:0', ...argv],
      test.io,
    )
    return { code, err: test.err() }
  }

  it('S6 names a document that was never good, with file, line and column, and exits with 2', async () => {
    const file = join(directory, 'broken.yaml')
    await writeFile(
      file,
      'apiVersion: portcullis.dev/v1alpha1\nkind: Policy\nmetadata: {name: p}\nspec:\n  validationAction: [Deny]\n  checks: [{check: host-path}]\n',
    )
    const { code, err } = await start('--policies', file)
    expect(code).toBe(2)
    expect(err).toContain(
      `${file}:5:3: /spec/validationAction: unknown field "validationAction" (did you mean "validationActions"?)`,
    )
  })

  it.each([
    { argv: ['--policies', '/nowhere'], err: 'portcullis serve: --policies /nowhere: no such file or folder\n' },
    { argv: ['--exceptions', '/nowhere'], err: 'portcullis serve: --exceptions /nowhere: no such file or folder\n' },
    { argv: ['--injections', '/nowhere'], err: 'portcullis serve: --injections /nowhere: no such file or folder\n' },
    { argv: ['--enable-exception', 'k3s'], err: '--enable-exception knows no "k3s"' },
    {
      argv: ['--namespaces', '/nowhere.yaml'],
      err: 'portcullis serve: --namespaces /nowhere.yaml: no such file or folder\n',
    },
    { argv: ['--client-name', ''], err: 'portcullis serve: --client-name must not be empty\n' },
    {
      argv: ['--exclude-namespaces', 'Foo Bar'],
      err: 'portcullis serve: --exclude-namespaces must be names of namespaces, separated by commas, not "Foo Bar"\n',
    },
    { argv: ['--tls-cert', '/nowhere.crt'], err: '/nowhere.crt' },
    { argv: ['extra'], err: 'serve takes no arguments, but got "extra"' },
    { argv: ['--drain', 'soon'], err: '--drain must be a duration' },
  ])('refuses $argv with a reason and exit code 2', async ({ argv, err }) => {
    const result = await start(...argv)
    expect(result.code).toBe(2)
    expect(result.err).toContain(err)
  })

  it('refuses a folder without a policy', async () => {
    const empty = await mkdtemp(join(directory, 'empty-'))
    expect((await start('--policies', empty)).err).toBe(
      `portcullis serve: there is no policy in the folder of --policies, ${empty}\n`,
    )
  })

  it('refuses a port that is taken, with a reason and exit code 2', async () => {
    const first = spawnServe('--listen', '127.0.0.1:0', '--drain', '0s')
    const { port } = (await first.serving).admission
    const second = spawnServe('--listen', `127.0.0.1:${port}`)
    expect(await second.exit).toBe(2)
    expect(second.log()).toMatch(
      /portcullis serve: cannot listen: .*EADDRINUSE.*; choose other addresses with --listen/,
    )
    first.child.kill()
    expect(await first.exit).toBe(0)
  })

  it('S1 ends with 0 after SIGTERM, when the drain is over', async () => {
    const { child, serving, exit, log } = spawnServe('--listen', '127.0.0.1:0', '--drain', '300ms')
    const { health } = await serving
    child.kill('SIGTERM')
    const ready = await fetch(`http://127.0.0.1:${health.port}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.text()).toBe('not ready:\n- the gateway is shutting down\n')
    expect(await exit).toBe(0)
    expect(log()).toContain('"msg":"stopped"')
  })
})

interface Serving {
  readonly admission: { readonly port: number }
  readonly health: { readonly port: number }
}

function spawnServe(...argv: readonly string[]) {
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, '../../src/main/portcullis.ts'),
      'serve',
      '--dev',
      '--health-listen',
      '127.0.0.1:0',
      ...argv,
    ],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let log = ''
  const exit = new Promise<number | null>(resolve => child.on('close', resolve))
  const serving = new Promise<Serving>((resolve, reject) => {
    child.stderr.on('data', chunk => {
      log += chunk
      const line = log.split('\n').find(text => text.includes('"msg":"serving"'))
      if (line !== undefined) resolve(JSON.parse(line) as Serving)
    })
    child.on('close', () => reject(new Error(log)))
  })
  serving.catch(() => undefined)
  return { child, serving, exit, log: () => log }
}
