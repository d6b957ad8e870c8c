import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CanonicalPath, canonicalHostPath, isWithin, relationOf } from '../../src/workload/host-paths.ts'
import { HOST_PATH_CASES } from '../support/host-path-cases.ts'

const path = (text: string): CanonicalPath => ({ kind: 'path', path: text })
const windows = (text: string): CanonicalPath => ({ kind: 'windows', path: text })
const refused = (reason: string): CanonicalPath => ({ kind: 'refused', reason })

const CLIMBS = refused('the path holds a ".." segment')
const CONTROL = refused('the path holds a control character')
const RELATIVE = refused('the path is not absolute')
const PROC = refused('the path leads through /proc to wherever a process of the node points it')

describe('canonicalHostPath', () => {
  it.each<[raw: string, canonical: CanonicalPath]>([
    // What is dropped.
    ['/', path('/')],
    ['//', path('/')],
    ['/.', path('/')],
    ['/./', path('/')],
    ['/data', path('/data')],
    ['/data/', path('/data')],
    ['//data///app//', path('/data/app')],
    ['/./data/./app/.', path('/data/app')],
    // What only looks like a dot segment.
    ['/data/...', path('/data/...')],
    ['/data/..a', path('/data/..a')],
    ['/data/.git', path('/data/.git')],
    ['/data/a..', path('/data/a..')],
    // Links.
    ['/var/run', path('/run')],
    ['/var/run/', path('/run')],
    ['/var//run/docker.sock', path('/run/docker.sock')],
    ['/var/running', path('/var/running')],
    ['/var/lock', path('/run/lock')],
    ['/var/lock/lvm', path('/run/lock/lvm')],
    ['/bin', path('/usr/bin')],
    ['/bin/sh', path('/usr/bin/sh')],
    ['/sbin/init', path('/usr/sbin/init')],
    ['/lib', path('/usr/lib')],
    ['/lib/modules', path('/usr/lib/modules')],
    ['/lib64/ld.so', path('/usr/lib64/ld.so')],
    ['/lib32', path('/usr/lib32')],
    ['/vmlinuz.old', path('/boot/vmlinuz.old')],
    ['/library', path('/library')],
    ['/binary', path('/binary')],
    ['/data/var/run', path('/data/var/run')],
    // Literal: nothing is decoded, folded or trimmed.
    ['/%2e%2e/etc', path('/%2e%2e/etc')],
    ['/ETC', path('/ETC')],
    ['/ etc', path('/ etc')],
    ['/etc ', path('/etc ')],
    ['/\u212Bngstrom', path('/\u212Bngstrom')],
    ['/~/data', path('/~/data')],
    ['/$HOME', path('/$HOME')],
    // Refused.
    ['', refused('the path is empty')],
    ['.', RELATIVE],
    ['data', RELATIVE],
    ['./data', RELATIVE],
    [' /data', RELATIVE],
    ['..', CLIMBS],
    ['/..', CLIMBS],
    ['/data/..', CLIMBS],
    ['/data/../etc', CLIMBS],
    ['/data\\..\\etc', CLIMBS],
    ['C:\\data\\..', CLIMBS],
    ['/data\u0000', CONTROL],
    ['/data\n', CONTROL],
    ['/data\u007f', CONTROL],
    ['/data\u0085', CONTROL],
    ['\u0000', CONTROL],
    ['/data\\app', refused('the path holds a backslash')],
    ['/data/\\', refused('the path holds a backslash')],
    // /proc leads anywhere.
    ['/proc', path('/proc')],
    ['/proc/1', path('/proc/1')],
    ['/proc/1/rooted', path('/proc/1/rooted')],
    ['/proc/self/fdinfo', path('/proc/self/fdinfo')],
    ['/proc/1/root', PROC],
    ['/proc/1/root/', PROC],
    ['/proc/1//root/etc', PROC],
    ['/proc/self/root', PROC],
    ['/proc/self/cwd', PROC],
    ['/proc/4711/cwd/data', PROC],
    ['/proc/self/fd', PROC],
    ['/proc/self/fd/7', PROC],
    ['/proc/thread-self/root', PROC],
    ['/proc/1/task/2/root', PROC],
    ['/data/proc/1/root', path('/data/proc/1/root')],
    // Windows, judged before separators are dropped.
    ['C:', windows('c:')],
    ['C:\\', windows('c:\\')],
    ['c:/', windows('c:\\')],
    ['C:\\Data\\', windows('c:\\data')],
    ['C:/Data//App', windows('c:\\data\\app')],
    ['\\\\.\\pipe\\docker_engine', windows('\\\\.\\pipe\\docker_engine')],
    ['//./pipe/docker_engine', windows('\\\\.\\pipe\\docker_engine')],
    ['//./PIPE/docker_engine', windows('\\\\.\\pipe\\docker_engine')],
    ['\\\\server\\share', windows('\\\\server\\share')],
    ['//./pipeline', windows('\\\\.\\pipeline')],
    ['//./C:/', windows('\\\\.\\c:')],
    ['//?/C:/Windows', windows('\\\\?\\c:\\windows')],
    ['//./data', path('/data')],
    ['//./data', path('/data')],
    ['/./pipe', path('/pipe')],
    ['\\\\', windows('\\\\')],
    ['\\\\\\', windows('\\\\')],
    ['\\data', RELATIVE],
  ])('understands %j', (raw, canonical) => {
    expect(canonicalHostPath(raw)).toEqual(canonical)
  })

  it('refuses what no system call would take', () => {
    expect(canonicalHostPath(`/${'a'.repeat(4095)}`)).toEqual(path(`/${'a'.repeat(4095)}`))
    expect(canonicalHostPath(`/${'a'.repeat(4096)}`)).toEqual(refused('the path is longer than 4096 characters'))
    expect(canonicalHostPath('/.'.repeat(2049))).toEqual(refused('the path is longer than 4096 characters'))
  })
})

/** Segments that mean something to one of the steps, put together at random. */
const segment = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    'var',
    'run',
    'lock',
    'lib',
    'lib64',
    'bin',
    'usr',
    'proc',
    'self',
    '1',
    'root',
  ),
  fc.constantFrom(
    'fd',
    'cwd',
    'etc',
    'data',
    'pipe',
    'PIPE',
    'C:',
    'thread-self',
    'task',
    '%2e',
    'modules',
    'a b',
    'é',
  ),
  fc.string({ maxLength: 4 }),
)
const separator = fc.constantFrom('/', '/', '/', '/', '//', '/./', '\\')
const anyPath = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(...HOST_PATH_CASES.map(entry => entry.path)),
  fc
    .array(fc.tuple(separator, segment), { maxLength: 8 })
    .map(parts => parts.map(([before, text]) => before + text).join('')),
)

describe('laws of the canonical form', () => {
  it('is its own canonical form', () => {
    fc.assert(
      fc.property(anyPath, raw => {
        const canonical = canonicalHostPath(raw)
        if (canonical.kind === 'refused') return
        expect(canonicalHostPath(canonical.path)).toEqual(canonical)
      }),
      { numRuns: 5000 },
    )
  })

  it('is absolute, and has no empty, dotted or trailing segment', () => {
    fc.assert(
      fc.property(anyPath, raw => {
        const canonical = canonicalHostPath(raw)
        if (canonical.kind !== 'path' || canonical.path === '/') return
        const [first, ...segments] = canonical.path.split('/')
        expect(first).toBe('')
        expect(segments.filter(text => text === '' || text === '.' || text === '..')).toEqual([])
      }),
      { numRuns: 5000 },
    )
  })

  it('says the same of a path in another spelling', () => {
    fc.assert(
      fc.property(anyPath, fc.constantFrom('/', '/.', '/./', '//'), (raw, suffix) => {
        const canonical = canonicalHostPath(raw)
        // A spelling that is too long is refused for its length; a Windows path spells its separators otherwise.
        if (canonical.kind !== 'path' || raw.length + suffix.length > 4096) return
        expect(canonicalHostPath(raw + suffix)).toEqual(canonical)
      }),
      { numRuns: 5000 },
    )
  })

  it('says the same on the short way for plain paths as on the long one', () => {
    const plain = fc
      .array(fc.stringMatching(/^[\w-][\w.-]{0,6}$/), { minLength: 1, maxLength: 6 })
      .map(segments => `/${segments.join('/')}`)
    const known = fc.constantFrom(...HOST_PATH_CASES.map(entry => entry.path))
    fc.assert(
      fc.property(
        fc.oneof(
          plain,
          known.filter(text => text.startsWith('/') && !/\\|pipe/.test(text)),
        ),
        raw => {
          // A doubled separator keeps a path from being plain and means nothing.
          const long = `/${raw.replaceAll('/', '//').slice(1)}`
          expect(canonicalHostPath(raw)).toEqual(canonicalHostPath(long))
        },
      ),
      { numRuns: 5000 },
    )
  })
})

describe('relationOf', () => {
  it.each([
    ['/data', '/data', 'is'],
    ['/', '/data', 'contains'],
    ['/var', '/var/lib/kubelet', 'contains'],
    ['/var/lib/kubelet/pods', '/var/lib/kubelet', 'lies under'],
    ['/database', '/data', undefined],
    ['/data', '/database', undefined],
    ['/', '/', 'is'],
    ['/data', '/', 'lies under'],
  ])('%s and %s: %s', (one, guarded, relation) => {
    expect(relationOf(one, guarded)).toBe(relation)
  })

  it('is within itself and the root, and not within what only begins alike', () => {
    expect(isWithin('/data', '/data')).toBe(true)
    expect(isWithin('/data', '/')).toBe(true)
    expect(isWithin('/', '/')).toBe(true)
    expect(isWithin('/', '/data')).toBe(false)
    expect(isWithin('/data-2', '/data')).toBe(false)
  })
})
