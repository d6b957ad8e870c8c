import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { beforeAll, expect, test } from 'vitest'
import { stagesOf } from '../support/dockerfile.ts'
import { removeAtEnd } from './support/reaper.ts'

/** What the last stage of the image holds under /app. */
let image: string

/** Follows the Dockerfile without a container: copies what it copies, and runs what it runs. */
beforeAll(() => {
  const root = mkdtempSync(join(tmpdir(), 'portcullis-image-'))
  removeAtEnd(root)
  const [build = [], final = []] = stagesOf('Dockerfile')
  const stage = join(root, 'build')
  image = join(root, 'final')
  for (const folder of [stage, image]) mkdirSync(folder)
  for (const { name, value } of build) {
    if (name === 'COPY') copy(process.cwd(), stage, value.split(' '))
    if (name !== 'RUN') continue
    const { status, stderr } = spawnSync('sh', ['-c', value], { cwd: stage, encoding: 'utf8' })
    expect(status, `${value}\n${stderr}`).toBe(0)
  }
  for (const { name, value } of final)
    if (name === 'COPY') copy(stage, image, value.replaceAll('/app/', '').split(' ').slice(1))
})

function copy(from: string, to: string, words: readonly string[]): void {
  const target = words.at(-1) ?? ''
  for (const source of words.slice(0, -1)) {
    const path = target === './' ? join(to, source) : join(to, target)
    cpSync(join(from, source), path, { recursive: true, verbatimSymlinks: true })
  }
}

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['dist/main/portcullis.js', ...args], { cwd: image, encoding: 'utf8' })

test('runs every command by nothing but what was copied into it', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(run('--version').stdout).toBe(`${version}\n`)
  for (const command of ['serve', 'controller', 'preview', 'probe', 'review', 'certs']) {
    const { status, stderr } = run(command, '--help')
    expect([command, status, stderr]).toEqual([command, 0, ''])
  }
  const lint = spawnSync(
    process.execPath,
    ['dist/main/policy-lint.js', join(process.cwd(), 'examples/host-root-pod.yaml')],
    {
      cwd: image,
      encoding: 'utf8',
    },
  )
  expect(lint.stdout).toContain('host-path')
})

test('has no tool that builds, no source and no test', () => {
  for (const name of ['src', 'test', 'scripts', 'tsconfig.json', 'package-lock.json'])
    expect(existsSync(join(image, name)), name).toBe(false)
  for (const name of ['typescript', 'vitest', 'node', '@biomejs/biome', 'fast-check'])
    expect(existsSync(join(image, 'node_modules', name)), name).toBe(false)
})

test('says in its SBOM what it is made of: every package that is installed, by version and licence', () => {
  const { bomFormat, components } = JSON.parse(readFileSync(join(image, 'sbom.cdx.json'), 'utf8')) as {
    bomFormat: string
    components: { name: string; version: string; licenses?: { license?: { id?: string }; expression?: string }[] }[]
  }
  expect(bomFormat).toBe('CycloneDX')
  const lock = JSON.parse(readFileSync(join(image, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const installed = Object.entries(lock.packages).map(
    ([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`,
  )
  expect(installed.length).toBeGreaterThan(50)
  const listed = components.map(({ name, version }) => `${name}@${version}`)
  expect([...new Set(listed)].sort()).toEqual([...new Set(installed)].sort())
  const licences = components.flatMap(({ licenses = [] }) =>
    licenses.map(({ license, expression }) => license?.id ?? expression),
  )
  for (const licence of licences)
    expect(licence).toMatch(/MIT|Apache-2\.0|BSD|ISC|0BSD|BlueOak|Python-2\.0|PSF-2\.0|Unlicense|CC0/)
})
