import { describe, expect, it } from 'vitest'
import { canonicalHostPath } from '../../src/workload/host-paths.ts'
import { documentsOf, hostPathSet, judge, load, requestFor } from '../support/engine.ts'
import { pod, specWithHostPath } from '../support/host-path-cases.ts'

const set = hostPathSet()
const listed = hostPathSet({ windowsPaths: ['C:\\Logs'], allowed: [{ path: '/data' }] })
const messageOf = (path: string) =>
  judge(set, requestFor(pod(specWithHostPath(path)))).denials[0]?.finding.message ?? ''
const allows = (path: string, policies = set) => judge(policies, requestFor(pod(specWithHostPath(path)))).allowed

describe('a path without a drive is judged as Windows would read it too', () => {
  it.each([
    ['/windows', 'is a protected path'],
    ['/Windows/System32', 'lies under the protected path "/windows"'],
    ['/windows.', 'is a protected path'],
    ['/windows ', 'is a protected path'],
    ['/windows. . /system32', 'lies under the protected path "/windows"'],
    ['/windows::$INDEX_ALLOCATION/system32', 'lies under the protected path "/windows"'],
    ['/windows:$I30:$INDEX_ALLOCATION', 'is a protected path'],
    ['/w\u0131ndows', 'is a protected path'],
    ['/u\u017fers', 'is a protected path'],
    ['/\u212a', 'is a protected path'],
    ['/ /windows', 'is a protected path'],
    ['/etc./kubernetes', 'lies under the protected path "/etc"'],
    ['/Var/Lib/Kubelet ', 'is a protected path'],
    ['/...', 'contains the protected path "/var/lib/kubelet"'],
    ['/PROGRA~1', '"PROGRA~1" is a short name of Windows, which may be that of a protected folder'],
    ['/data/CONTAI~1/x', '"CONTAI~1" is a short name of Windows'],
    ['/A1B2~1.TXT', '"A1B2~1.TXT" is a short name of Windows'],
    ['/progra~1.', '"progra~1." is a short name of Windows'],
    ['/program files (x86)/x', 'lies under the protected path "/program files (x86)"'],
    ['/documents and settings/all users', 'lies under the protected path "/documents and settings"'],
    ['/ProgramData/Application Data', 'lies under the protected path "/programdata"'],
    ['/System Volume Information', 'is a protected path'],
    ['/config.msi', 'is a protected path'],
    ['/AzureData', 'is a protected path'],
    ['/c:/windows', 'it begins with a drive of Windows'],
    ['/data/.. /windows', 'the path holds a ".." segment'],
    ['/data/. ./windows', 'the path holds a ".." segment'],
  ])('%j', (path, says) => {
    expect(messageOf(path)).toContain(says)
  })

  it.each([
    '/data/file~',
    '/data/a~b',
    '/data/~1',
    '/data/app:1',
    '/data/v1.2',
    '/data/a b',
    '/data/abcdefgh~1',
    '/d\u00e4ta',
  ])('lets honest names be: %j', path => {
    expect(allows(path)).toBe(true)
  })
})

describe('a path of Windows is refused unless it is listed, however it is written', () => {
  it.each([
    'C:foo',
    'C:',
    'C:\\Windows.',
    'C:\\Logs.',
    'C:\\Logs ',
    'C:\\Logs::$DATA',
    'C:\\LOGS~1',
    'C:\\Logs\\link',
    '\\\\?\\C:\\Logs',
    '\\\\.\\C:\\Logs',
    '//?/C:/Logs',
    '//?/GLOBALROOT/Device/HarddiskVolume1/Windows',
    '//./GLOBALROOT/Device/HarddiskVolumeShadowCopy1/',
    '//./PhysicalDrive0',
    '//./HarddiskVolume1/windows',
    '//?/Volume{4c1b02c1-d990-11dc-99ae-806e6f6e6963}/',
    '//?/UNC/localhost/c$',
    '//./UNC/localhost/c$',
    '/??/C:/Windows',
    '/./??/C:/Windows',
    '\\??\\C:\\Windows',
    '\\\\localhost\\c$\\windows',
    '\\\\127.0.0.1\\admin$',
    '//localhost/c$/windows',
    '//127.0.0.1/admin$',
    '//node-7/ADMIN$',
    '//localhost/share',
    '///localhost/c$',
    '\\Windows',
    '/windows\\system32',
  ])('%j', path => {
    expect([allows(path), allows(path, listed)]).toEqual([false, false])
  })

  it('knows only simple folding for what is listed: another alphabet is another folder', () => {
    const policies = hostPathSet({ windowsPaths: ['C:\\k', 'C:\\\u00c4'] })
    expect([allows('C:\\K', policies), allows('C:\\\u212a', policies), allows('c:\\\u00e4', policies)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('is its own canonical form', () => {
    for (const raw of ['/??/C:/x', '/./??/C:/x', '//localhost/c$/x/', '//?/GLOBALROOT/x', '//./PhysicalDrive0']) {
      const canonical = canonicalHostPath(raw)
      expect(canonical.kind).toBe('windows')
      expect(canonicalHostPath(canonical.kind === 'windows' ? canonical.path : '')).toEqual(canonical)
    }
  })
})

it.each([
  ['C:logs', 'the path is relative to the current folder of its drive'],
  ['C:', 'the path is relative to the current folder of its drive'],
  ['C:\\logs.', 'a segment ends in a dot or a blank, which Windows drops'],
  ['C:\\logs \\a', 'a segment ends in a dot or a blank, which Windows drops'],
  ['C:\\logs:a', 'the path names a stream of a file'],
  ['C:\\PROGRA~1\\a', 'a segment is a short name (8.3), which Windows gives to another folder'],
])('windowsPaths may not list %j', (path, reason) => {
  const spec = { validationActions: ['Deny'], checks: [{ check: 'host-path', params: { windowsPaths: [path] } }] }
  const policy = { apiVersion: 'portcullis.dev/v1alpha1', kind: 'Policy', metadata: { name: 'host-path' }, spec }
  expect(load(documentsOf(JSON.stringify(policy))).problems.map(({ message }) => message)).toEqual([
    `${reason}; write it as C:\\logs or \\\\.\\pipe\\name`,
  ])
})

it('folds a long run of blanks in one pass', () => {
  const path = `/é${' '.repeat(3000)}x`
  const volumes = Array.from({ length: 300 }, (_, at) => ({ name: `v${at}`, hostPath: { path } }))
  // A pattern would take a minute and the test its timeout.
  expect(judge(hostPathSet(), requestFor(pod({ containers: [], volumes }))).allowed).toBe(true)
})
