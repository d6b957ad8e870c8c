import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** The folders of src/ from the top down: an import points to its own layer or to a lower one. */
const LAYERS = [
  'main',
  'cli',
  'lint',
  'server',
  'controller',
  'cluster',
  'certs',
  'simulation',
  'review',
  'injection',
  'policy',
  'rollout-report',
  'rollout',
  'checks',
  'cel',
  'workload',
  'proof',
  'admission',
  'yaml',
  'json',
]
/** From here down everything is pure. */
const PURE = LAYERS.slice(LAYERS.indexOf('injection'))

/** The packages that a pure layer may import; every other pure layer may import none. */
const PURE_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  injection: ['zod'],
  policy: ['zod'],
  checks: ['zod'],
  workload: ['unbash'],
  yaml: ['js-yaml'],
  proof: ['fast-json-patch'],
}

/** What the outside world is reached by without an import. */
const IMPURE_GLOBALS =
  /\b(?:process|console|performance|fetch|setTimeout|setInterval|setImmediate|queueMicrotask|Buffer|__dirname)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bimport\.meta\b/

interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string
  readonly layer: string
  readonly text: string
  /** What stands between the quotes of its imports. */
  readonly imports: readonly string[]
}

/** The specifiers of every static import, re-export, dynamic import and worker of a module. */
function importsOf(text: string): readonly string[] {
  const code = withoutComments(text)
  const patterns = [
    /\b(?:import|export)\s+(?:type\s+)?(?:[\w$*\s{},]*?\s*from\s*)?['"]([^'"]+)['"]/g,
    /\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]*\.[cm]?[jt]s)['"]\s*,\s*import\.meta\.url/g,
  ]
  return patterns.flatMap(pattern => [...code.matchAll(pattern)].map(([, specifier = '']) => specifier))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** The code alone: no comments, and strings and regular expressions emptied as far as one line tells. */
function withoutTexts(text: string): string {
  return withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "''")
}

function sourceFiles(): readonly SourceFile[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => {
      const path = relative(SRC, join(entry.parentPath, entry.name)).replaceAll('\\', '/')
      const text = readFileSync(join(SRC, path), 'utf8')
      return { path, layer: path.split('/')[0] ?? '', text, imports: importsOf(text) }
    })
}

const FILES = sourceFiles()
const layerOf = (file: SourceFile, specifier: string) =>
  relative(SRC, join(SRC, dirname(file.path), specifier)).split('/')[0] ?? ''
/** `@scope/name` or `name` of a package's specifier. */
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** Every import that breaks a rule, as `file → specifier`. */
function offenders(breaks: (file: SourceFile, specifier: string) => boolean): readonly string[] {
  return FILES.flatMap(file =>
    file.imports.filter(specifier => breaks(file, specifier)).map(specifier => `${file.path} → ${specifier}`),
  )
}

const isRelative = (specifier: string) => specifier.startsWith('.')
const isNode = (specifier: string) => specifier.startsWith('node:')

describe('the reader of imports', () => {
  it.each([
    ["import { a } from './a.ts'", ['./a.ts']],
    ["import type { A } from './a.ts'", ['./a.ts']],
    ["import {\n  a,\n  type B,\n} from './a.ts'", ['./a.ts']],
    ["import a, { b } from 'a'", ['a']],
    ["import * as a from '@scope/a/b'", ['@scope/a/b']],
    ["import 'node:fs'", ['node:fs']],
    ["export { a } from './a.ts'", ['./a.ts']],
    ["export * from './a.ts'", ['./a.ts']],
    ["const a = await import('./a.ts')", ['./a.ts']],
    ["new Worker(new URL('./worker.ts', import.meta.url))", ['./worker.ts']],
    ["// import { a } from './a.ts'", []],
    ["/* import { a } from './a.ts' */", []],
    ["export const a = 1\nconst b = 'from'", []],
  ])('reads %j', (text, expected) => {
    expect(importsOf(text)).toEqual(expected)
  })

  it('sees every line that begins with import in the sources', () => {
    const lines = FILES.map(file => withoutComments(file.text).match(/^import\b/gm)?.length ?? 0)
    const total = lines.reduce((sum, count) => sum + count, 0)
    expect(total).toBeGreaterThan(100)
    const seen = FILES.reduce((sum, { imports }) => sum + imports.length, 0)
    expect(seen).toBeGreaterThanOrEqual(total)
  })
})

describe('the walls', () => {
  it('has every file in a layer', () => {
    expect(FILES.filter(({ layer }) => !LAYERS.includes(layer)).map(({ path }) => path)).toEqual([])
  })

  it('lets imports point only downwards', () => {
    const isUpwards = (file: SourceFile, specifier: string) =>
      isRelative(specifier) && LAYERS.indexOf(layerOf(file, specifier)) < LAYERS.indexOf(file.layer)
    expect(offenders(isUpwards)).toEqual([])
  })

  it('lets nobody import main', () => {
    expect(offenders((file, specifier) => isRelative(specifier) && layerOf(file, specifier) === 'main')).toEqual([])
  })

  it('keeps Node out of the pure layers', () => {
    const isNodeInPure = (file: SourceFile, specifier: string) => PURE.includes(file.layer) && isNode(specifier)
    expect(offenders(isNodeInPure)).toEqual([])
  })

  it('keeps all but a few packages out of the pure layers', () => {
    const isForeign = (file: SourceFile, specifier: string) =>
      PURE.includes(file.layer) &&
      !isRelative(specifier) &&
      !isNode(specifier) &&
      !(PURE_PACKAGES[file.layer] ?? []).includes(packageOf(specifier))
    expect(offenders(isForeign)).toEqual([])
  })

  it('keeps clock, timers, chance, process and console out of the pure layers', () => {
    const impure = FILES.filter(file => PURE.includes(file.layer)).flatMap(({ path, text }) => {
      const found = IMPURE_GLOBALS.exec(withoutTexts(text))
      return found === null ? [] : [`${path}: ${found[0]}`]
    })
    expect(impure).toEqual([])
  })

  it('keeps the Kubernetes client in cluster', () => {
    const isClient = (file: SourceFile, specifier: string) =>
      file.layer !== 'cluster' && packageOf(specifier) === '@kubernetes/client-node'
    expect(offenders(isClient)).toEqual([])
  })

  it('writes Node modules with their prefix', () => {
    const isBare = (_: SourceFile, specifier: string) =>
      /^(?:fs|path|os|crypto|http|https|net|tls|url|util|events|stream|worker_threads|child_process)(?:\/|$)/.test(
        specifier,
      )
    expect(offenders(isBare)).toEqual([])
  })
})

describe('the one iterator over containers', () => {
  /** Reading one of the three lists: a member of a spec, or the list's name as a key. */
  const READS = [
    /\bspec\??\.containers\b/,
    /\.(?:initContainers|ephemeralContainers)\b/,
    /(?<!Facts\[)['"`](?:containers|initContainers|ephemeralContainers)['"`]/,
    /\{[^{}]*\b(?:initContainers|ephemeralContainers)\b[^{}]*\}\s*=/,
  ]

  /**
   * Files whose lists are not a pod's: a PolicyException has a list of container names (exceptions.ts, exception-scope.ts), and an injection declares the
   * containers that it adds (it reads the pod through the iterator, too).
   */
  const OTHER_LISTS = ['policy/exception', 'injection/']

  it.each([
    'pod.spec.containers',
    'spec?.containers',
    'x.initContainers',
    "get(spec, 'containers')",
    "spec['ephemeralContainers']",
    'const { initContainers } = spec',
  ])('would notice %s', code => {
    expect(READS.some(pattern => pattern.test(code))).toBe(true)
  })

  it('is the only one: nothing outside src/workload reads a list of containers', () => {
    const others = FILES.filter(
      ({ layer, path }) => layer !== 'workload' && !OTHER_LISTS.some(other => path.startsWith(other)),
    )
    const readers = others.flatMap(({ path, text }) =>
      READS.some(pattern => pattern.test(withoutComments(text))) ? [path] : [],
    )
    expect(readers).toEqual([])
  })
})
