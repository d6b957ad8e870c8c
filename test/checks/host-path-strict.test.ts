import { describe, expect, it } from 'vitest'
import { denialsOf, documentsOf, hostPathSet, judge, load, requestFor } from '../support/engine.ts'
import { persistentVolume, pod } from '../support/host-path-cases.ts'

const PARAMS = {
  mode: 'strict',
  allowed: [
    { path: '/data/app' },
    { path: '/var/log', readOnly: true },
    { path: '/var/log/app' },
    { path: '/srv/models', readOnly: true, types: ['Directory'] },
  ],
  windowsPaths: ['C:\\logs'],
}
const set = hostPathSet(PARAMS)

/** A pod with one volume, mounted writable or not. */
function podWith(path: string, mount: object = {}, type?: string) {
  return pod({
    volumes: [{ name: 'h', hostPath: { path, ...(type !== undefined && { type }) } }],
    containers: [{ name: 'a', image: 'a:1', volumeMounts: [{ name: 'h', mountPath: '/h', ...mount }] }],
  })
}
const readOnly = { readOnly: true }

describe('mode strict', () => {
  it.each<[what: string, path: string, mount: object, type: string | undefined, allowed: boolean]>([
    ['a writable path as a whole', '/data/app', {}, undefined, true],
    ['the same, written otherwise', '//data/./app/', {}, undefined, true],
    ['what lies under a writable path', '/data/app/link', {}, undefined, false],
    ['the same, mounted read-only: the link is followed all the same', '/data/app/link', readOnly, undefined, false],
    ['what contains a writable path', '/data', {}, undefined, false],
    ['what is not listed', '/mnt/disks/ssd0', {}, undefined, false],
    ['the root', '/', readOnly, undefined, false],
    ['a read-only path', '/var/log', readOnly, undefined, true],
    ['a read-only path, mounted writable', '/var/log', {}, undefined, false],
    ['what lies under a read-only path', '/var/log/pods/x', readOnly, undefined, true],
    ['what lies under a read-only path, mounted writable', '/var/log/pods', {}, undefined, false],
    ['a writable path under a read-only one', '/var/log/app', {}, undefined, true],
    ['what lies under it', '/var/log/app/link', readOnly, undefined, false],
    ['a subPath of a writable path', '/data/app', { subPath: 'x' }, undefined, false],
    ['a subPath of a read-only path', '/var/log', { ...readOnly, subPath: 'pods' }, undefined, true],
    ['a type that the path allows', '/srv/models', readOnly, 'Directory', true],
    ['a type that it does not allow', '/srv/models', readOnly, 'DirectoryOrCreate', false],
    ['a Windows path as a whole', 'c:/LOGS/', {}, undefined, true],
    ['what lies under it on Windows', 'C:\\logs\\link', {}, undefined, false],
  ])('%s', (_what, path, mount, type, allowed) => {
    expect(judge(set, requestFor(podWith(path, mount, type))).allowed).toBe(allowed)
  })

  it('says what lies above, and what to do', () => {
    const [denial] = judge(set, requestFor(podWith('/data/app/link'))).denials
    expect(denial?.finding).toMatchObject({
      message:
        'volume "h" mounts hostPath "/data/app/link", which lies under the allowed path "/data/app", to which pods may write: a link put in its place leads the volume to any file of the node',
      hint: 'mount "/data/app" as a whole and use a subdirectory of it in the container, or list a path of its own that does not lie under another',
    })
  })

  it('closes the way of a link in two pods', () => {
    expect(
      judge(hostPathSet({ mode: 'strict', allowed: [{ path: '/tmp/a' }] }), requestFor(podWith('/tmp/a/link'))).allowed,
    ).toBe(false)
  })

  it.each(['hostPath', 'local'] as const)(
    'takes a PersistentVolume spec.%s as a whole only, and where it may be written',
    source => {
      const allows = (path: string) => judge(set, requestFor(persistentVolume(source, path))).allowed
      expect(['/data/app', '/data/app/pvc-1', '/var/log', '/var/log/pods'].map(allows)).toEqual([
        true,
        false,
        false,
        false,
      ])
    },
  )

  it('takes the folder of a provisioner as a whole only', () => {
    const storageClass = (nodePath: string) => ({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local' },
      provisioner: 'rancher.io/local-path',
      parameters: { nodePath },
    })
    expect(denialsOf(judge(set, requestFor(storageClass('/data/app'))))).toEqual([])
    expect(denialsOf(judge(set, requestFor(storageClass('/data/app/x'))))).toHaveLength(1)
  })

  it('refuses everything where nothing is listed', () => {
    expect(judge(hostPathSet({ mode: 'strict' }), requestFor(podWith('/data'))).allowed).toBe(false)
  })
})

describe('parameters of mode strict', () => {
  const problems = (params: object) => {
    const spec = {
      validationActions: ['Deny'],
      checks: [{ check: 'host-path', params: { mode: 'strict', ...params } }],
    }
    const policy = { apiVersion: 'portcullis.dev/v1alpha1', kind: 'Policy', metadata: { name: 'host-path' }, spec }
    return load(documentsOf(JSON.stringify(policy))).problems.map(({ pointer, message }) => {
      return `${pointer.replace('/spec/checks/0/params', '')}: ${message}`
    })
  }
  const under = (path: string, above: string) =>
    `"${path}" lies under the allowed path "${above}", to which pods may write: they can put a link in its place; allow one of the two, or the upper one with readOnly: true`

  it.each<[params: object, expected: readonly string[]]>([
    [{ allowed: [{ path: '/data' }, { path: '/data/app' }] }, [`/allowed/1/path: ${under('/data/app', '/data')}`]],
    [
      { allowed: [{ path: '/data/app', readOnly: true }, { path: '/data' }] },
      [`/allowed/0/path: ${under('/data/app', '/data')}`],
    ],
    [{ allowed: [{ path: '/run/a/b' }, { path: '/var/run/a' }] }, [`/allowed/0/path: ${under('/run/a/b', '/run/a')}`]],
    [{ allowed: [{ path: '/' }, { path: '/data' }] }, [`/allowed/1/path: ${under('/data', '/')}`]],
    [{ windowsPaths: ['C:\\logs', 'c:/logs/app'] }, [`/windowsPaths/1: ${under('c:\\logs\\app', 'c:\\logs')}`]],
    [{ allowed: [{ path: '/data', readOnly: true }, { path: '/data/app' }] }, []],
    [{ allowed: [{ path: '/data' }, { path: '/data', types: ['File'] }] }, []],
    [{ allowed: [{ path: '/data' }, { path: '/database' }] }, []],
    [
      { protected: [] },
      ['/protected: is not read in mode strict, only in mode protected: remove it or change the mode'],
    ],
    [
      { defaults: false },
      ['/defaults: is not read in mode strict, only in mode protected: remove it or change the mode'],
    ],
  ])('%j', (params, expected) => {
    expect(problems(params)).toEqual(expected)
  })
})
