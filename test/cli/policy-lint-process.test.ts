import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { folderOf, podText } from '../lint/harness.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = resolve(root, 'src/main/policy-lint.ts')

function start(args: readonly string[], input = '', before: readonly string[] = []) {
  const options = { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  const { status, stdout, stderr } = spawnSync(process.execPath, [...before, main, ...args], options)
  return { status, stdout, stderr }
}

/** What a module imports when it runs; types are gone by then. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  const statements = text.matchAll(/(?:^(?:import|export)\s(?!type\s)[^'"]*?from\s|^import\s|\bimport\()'([^']+)'/gm)
  return [...statements].map(([, name = '']) => name)
}

/** Every file and package that running `entry` loads. */
function reachableFrom(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set([entry])
  const packages = new Set<string>()
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) files.add(resolve(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  return { files: [...files].map(file => relative(root, file)).sort(), packages: [...packages].sort() }
}

describe('the process', () => {
  it('exits with the code of the command and keeps results and messages apart', () => {
    const folder = folderOf({ 'a.yaml': podText('/etc'), 'b.yaml': podText('/data') })
    expect(start([resolve(folder, 'b.yaml')])).toMatchObject({ status: 0, stderr: '' })
    expect(start([resolve(folder, 'a.yaml')])).toMatchObject({ status: 1, stderr: '' })
    const broken = start(['--format=json', '-'], 'a: [')
    expect(broken).toMatchObject({
      status: 2,
      stderr: '<stdin>:1:5: error: a list or mapping in brackets is not closed\n',
    })
    expect(JSON.parse(broken.stdout)).toMatchObject({ summary: { errors: 1 } })
  })

  it.each([
    ['stdout', podText('/etc'), 1],
    ['stderr', 'a: [', 2],
  ] as const)('keeps the exit code of its verdict when the reader of %s leaves', async (stream, input, expected) => {
    const child = spawn(process.execPath, [main, '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
    const ended = new Promise(resolve => child.on('close', resolve))
    const other = stream === 'stdout' ? child.stderr : child.stdout
    other.resume()
    child[stream].destroy()
    // It reads to the end before it says anything: by then nobody is there.
    await new Promise(resolve => child[stream].once('close', resolve))
    child.stdin.end(input)
    expect(await ended).toBe(expected)
  })

  it('writes everything to a pipe, however long', () => {
    const text = Array.from({ length: 3000 }, (_, index) => podText('/etc', `p${index}`)).join('---\n')
    const { status, stdout } = start(['--format=json', '--policies=policies/host-path.yaml', '-'], text)
    expect(status).toBe(1)
    expect((JSON.parse(stdout) as { findings: unknown[] }).findings).toHaveLength(3000)
  })

  it('says what it needs on a Node that is too old, before it loads anything', () => {
    const old = (version: string) => [
      '--import',
      `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '${version}' })`,
    ]
    for (const version of ['18.20.0', '22.18.0']) {
      const { status, stdout, stderr } = start(['-'], podText('/data'), old(version))
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toMatch(/^policy-lint needs Node 22\.19 or newer; this is v/)
    }
    expect(importsOf(main).filter(name => !name.startsWith('node:'))).toEqual([
      '../cli/policy-lint.ts',
      '../cli/process-io.ts',
    ])
    expect(start(['-'], podText('/data'), old('22.19.0')).status).toBe(0)
  })

  it('loads no server, no issuing of certificates, no metrics and no Kubernetes client', () => {
    const { files, packages } = reachableFrom(main)
    expect(files).toContain('src/lint/lint-text.ts')
    expect(packages).toEqual(['diff', 'fast-json-patch', 'js-yaml', 'unbash', 'zod'])
    const servers = files.filter(file => /^src\/(server|controller|cluster|certs)\//.test(file))
    // Reading a certificate costs nothing until there is one.
    expect(servers).toEqual(['src/certs/facts.ts', 'src/certs/pem.ts'])
  })
})
