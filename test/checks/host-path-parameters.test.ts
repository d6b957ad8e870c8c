import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hostPathParams } from '../../src/checks/host-path/params.ts'
import { DEFAULT_PROTECTED_PATHS } from '../../src/checks/host-path/protected-paths.ts'
import { HARMLESS_VOLUME_SOURCES } from '../../src/checks/host-path/sources.ts'
import { judgePath } from '../../src/checks/host-path/verdict.ts'
import { canonicalHostPath } from '../../src/workload/host-paths.ts'
import { denialsOf, documentsOf, hostPathSet, judge, load, requestFor } from '../support/engine.ts'
import { HOST_PATH_CASES, persistentVolume, pod, specWithHostPath, specWithVolume } from '../support/host-path-cases.ts'

/** Whether a pod with one hostPath volume, mounted writable, is allowed. */
function allows(params: unknown, path: string, type?: string): boolean {
  const spec = specWithVolume({ hostPath: { path, ...(type !== undefined && { type }) } })
  return judge(hostPathSet(params), requestFor(pod(spec))).allowed
}

describe('mode', () => {
  it.each<[params: unknown, path: string, allowed: boolean]>([
    // Each list adds to the default one, unless that is dropped.
    [{}, '/data', true],
    [{ mode: 'protected' }, '/etc', false],
    [{ protected: ['/data/critical'] }, '/data/critical', false],
    [{ protected: ['/data/critical'] }, '/data/critical/x', false],
    [{ protected: ['/data/critical'] }, '/data', false],
    [{ protected: ['/data/critical'] }, '/data/critical-not', true],
    [{ protected: ['/data/critical'] }, '/etc', false],
    [{ protected: ['/data//critical/'] }, '/data/critical', false],
    [{ defaults: true }, '/etc', false],
    [{ defaults: false }, '/etc', true],
    [{ defaults: false }, '/', true],
    [{ defaults: false }, '/data/../etc', false],
    [{ defaults: false }, 'etc', false],
    [{ defaults: false, protected: ['/data'] }, '/', false],
    [{ defaults: false, protected: ['/var/run'] }, '/run/x', false],
    // Holes.
    [{ allowed: [{ path: '/var/log' }] }, '/var/log', true],
    [{ allowed: [{ path: '/var/log' }] }, '/var/log/pods', true],
    [{ allowed: [{ path: '/var/log' }] }, '/var', false],
    [{ allowed: [{ path: '/var/log' }] }, '/var/logs', true],
    [{ allowed: [{ path: '/var/log' }] }, '/etc', false],
    [{ allowed: [{ path: '/var/log' }] }, '/var/log/../lib/kubelet', false],
    [{ allowed: [{ path: '/var/run/my-agent' }] }, '/run/my-agent', true],
    [{ allowed: [{ path: '/' }] }, '/etc', true],
    [{ allowed: [{ path: '/proc' }] }, '/proc/1/root', false],
    // Nothing but the list.
    [{ mode: 'allowlist' }, '/data', false],
    [{ mode: 'allowlist', allowed: [{ path: '/data' }] }, '/data/app', true],
    [{ mode: 'allowlist', allowed: [{ path: '/data' }] }, '/database', false],
    [{ mode: 'allowlist', allowed: [{ path: '/data' }] }, '/', false],
    [{ mode: 'allowlist', allowed: [{ path: '/etc' }] }, '/etc', true],
    // Nothing at all.
    [{ mode: 'none' }, '/data', false],
    [{ mode: 'none' }, 'C:\\data', false],
    // Windows.
    [{ windowsPaths: ['C:\\Logs'] }, 'c:/logs/', true],
    [{ windowsPaths: ['C:\\Logs'] }, 'C:\\logs\\app', false],
    [{ windowsPaths: ['C:\\Logs'] }, 'D:\\logs', false],
    [{ windowsPaths: ['C:\\Logs'] }, 'C:\\logs\\..\\windows', false],
    [{ windowsPaths: ['\\\\.\\pipe\\csi-proxy'] }, '//./PIPE/csi-proxy', true],
    [{ mode: 'allowlist', windowsPaths: ['C:\\Logs'] }, 'C:\\Logs', true],
  ])('%j: %j is allowed: %s', (params, path, allowed) => {
    expect(allows(params, path)).toBe(allowed)
  })
})

describe('allowed.types', () => {
  const params = { mode: 'allowlist', allowed: [{ path: '/data', types: ['Directory', ''] }] }

  it.each<[type: string | undefined, allowed: boolean]>([
    ['Directory', true],
    ['', true],
    [undefined, true],
    ['DirectoryOrCreate', false],
    ['Socket', false],
  ])('type %j is allowed: %s', (type, allowed) => {
    expect(allows(params, '/data/app', type)).toBe(allowed)
  })
})

describe('allowed.readOnly', () => {
  const set = hostPathSet({ allowed: [{ path: '/var/log', readOnly: true }] })
  const container = (mount: object) => ({
    name: 'app',
    image: 'registry.example/app:1',
    volumeMounts: [{ name: 'log', mountPath: '/log', ...mount }],
  })
  const volumes = [{ name: 'log', hostPath: { path: '/var/log/pods' } }]
  const denials = (spec: object) => denialsOf(judge(set, requestFor(pod({ volumes, ...spec }))))
  const writable = (list: string) =>
    `/spec/${list}/0/volumeMounts/0: container "app" mounts volume "log" writable, but "/var/log" is allowed read-only`

  it.each(['containers', 'initContainers', 'ephemeralContainers'])('demands readOnly of a mount in %s', list => {
    expect(denials({ [list]: [container({ readOnly: true })] })).toEqual([])
    expect(denials({ [list]: [container({})] })).toEqual([writable(list)])
    expect(denials({ [list]: [container({ readOnly: false })] })).toEqual([writable(list)])
    expect(denials({ [list]: [container({ readOnly: 'true' })] })).toEqual([writable(list)])
  })

  it('demands it of every mount, not of one', () => {
    const mounts = [
      { name: 'log', mountPath: '/a', readOnly: true },
      { name: 'log', mountPath: '/b' },
    ]
    expect(denials({ containers: [{ name: 'app', volumeMounts: mounts }] })).toEqual([
      '/spec/containers/0/volumeMounts/1: container "app" mounts volume "log" writable, but "/var/log" is allowed read-only',
    ])
  })

  it.each(['HostToContainer', 'Bidirectional'])('refuses mountPropagation %s', mountPropagation => {
    expect(denials({ containers: [container({ readOnly: true, mountPropagation })] })).toHaveLength(1)
  })

  it('takes mountPropagation None for none', () => {
    expect(denials({ containers: [container({ readOnly: true, mountPropagation: 'None' })] })).toEqual([])
  })

  it('asks nothing of a volume that nobody mounts', () => {
    expect(denials({ containers: [{ name: 'app' }] })).toEqual([])
  })

  it('cannot be promised by a PersistentVolume', () => {
    expect(denialsOf(judge(set, requestFor(persistentVolume('local', '/var/log'))))).toEqual([
      '/spec/local: the PersistentVolume has the local path "/var/log", which is allowed read-only: a PersistentVolume cannot promise that',
    ])
  })

  const logs = { path: '/var/log', readOnly: true }
  const own = { path: '/var/log/app' }
  it.each([[[logs, own]], [[own, logs]]])('follows the closest of several holes, in any order: %j', allowed => {
    expect(allows({ allowed }, '/var/log/app/today')).toBe(true)
    expect(allows({ allowed }, '/var/log/pods')).toBe(false)
  })

  it('takes two holes of one path together', () => {
    const allowed = [
      { path: '/data', types: ['File'] },
      { path: '/data', types: ['Directory'] },
    ]
    expect(allows({ mode: 'allowlist', allowed }, '/data', 'Directory')).toBe(true)
    expect(allows({ mode: 'allowlist', allowed }, '/data', 'File')).toBe(true)
    expect(allows({ mode: 'allowlist', allowed }, '/data', 'Socket')).toBe(false)
  })
})

describe('csiDrivers and sources', () => {
  const denials = (params: unknown, source: object) =>
    denialsOf(judge(hostPathSet(params), requestFor(pod(specWithVolume({ ...source })))))
  const csi = { csi: { driver: 'disk.example' } }

  it('allows any CSI driver unless it lists some', () => {
    expect(denials({}, csi)).toEqual([])
    expect(denials({ csiDrivers: 'any' }, csi)).toEqual([])
    expect(denials({ csiDrivers: ['disk.example'] }, csi)).toEqual([])
    const message = 'volume "data" uses the CSI driver "disk.example", which csiDrivers does not list'
    expect(denials({ csiDrivers: ['other.example'] }, csi)).toEqual([`/spec/volumes/0/csi/driver: ${message}`])
    expect(denials({ csiDrivers: [] }, csi)).toEqual([`/spec/volumes/0/csi/driver: ${message}`])
    expect(denials({ mode: 'none', csiDrivers: [] }, csi)).toHaveLength(1)
  })

  it('judges the driver of a PersistentVolume too', () => {
    const volume = persistentVolume('hostPath', '/data')
    const object = { ...volume, spec: { csi: { driver: 'disk.example', volumeHandle: '1' } } }
    expect(denialsOf(judge(hostPathSet({ csiDrivers: ['other.example'] }), requestFor(object)))).toEqual([
      '/spec/csi/driver: the PersistentVolume uses the CSI driver "disk.example", which csiDrivers does not list',
    ])
  })

  it('allows a source that sources names, and it alone', () => {
    expect(denials({ sources: ['flexVolume'] }, { flexVolume: { driver: 'a/b' } })).toEqual([])
    expect(denials({ mode: 'none', sources: ['flexVolume'] }, { flexVolume: { driver: 'a/b' } })).toEqual([])
    expect(denials({ sources: ['flexVolume'] }, { gitRepo: { repository: 'x' } })).toHaveLength(1)
  })

  it('judges every source of a volume, though the API allows one', () => {
    expect(denials({}, { emptyDir: {}, hostPath: { path: '/etc' }, gitRepo: {} })).toHaveLength(2)
  })

  it('takes a source that is null for none', () => {
    expect(denials({}, { hostPath: null, emptyDir: {} })).toEqual([])
  })

  it.each(['hostPath', 'gitRepo', 'flexVolume', 'local'])('does not know %s as harmless', source => {
    expect(HARMLESS_VOLUME_SOURCES.has(source)).toBe(false)
  })

  it.each(['constructor', '__proto__', 'toString'])('refuses the source %s', source => {
    const text = JSON.stringify(pod(specWithVolume({ source: {} }))).replace('"source"', JSON.stringify(source))
    expect(judge(hostPathSet(), requestFor(JSON.parse(text))).allowed).toBe(false)
  })
})

/** The one problem or warning that loading a policy with these params has. */
function loaded(params: unknown) {
  const policy = {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'host-path' },
    spec: { validationActions: ['Deny'], checks: [{ check: 'host-path', params }] },
  }
  const { problems, warnings } = load(documentsOf(JSON.stringify(policy)))
  const show = ({ pointer, message }: { pointer: string; message: string }) =>
    `${pointer.replace('/spec/checks/0/params', '')}: ${message}`
  return { problems: problems.map(show), warnings: warnings.map(show) }
}

describe('what is wrong with parameters is said when the policy is loaded', () => {
  it.each<[params: unknown, problem: string]>([
    [
      { mode: 'allowlist', protected: [] },
      '/protected: is not read in mode allowlist, only in mode protected: remove it or change the mode',
    ],
    [
      { mode: 'allowlist', defaults: true },
      '/defaults: is not read in mode allowlist, only in mode protected: remove it or change the mode',
    ],
    [
      { mode: 'none', protected: ['/data'] },
      '/protected: is not read in mode none, only in mode protected: remove it or change the mode',
    ],
    [
      { mode: 'none', allowed: [] },
      '/allowed: is not read in mode none, only in mode protected, allowlist and strict: remove it or change the mode',
    ],
    [
      { mode: 'none', windowsPaths: [] },
      '/windowsPaths: is not read in mode none, only in mode protected, allowlist and strict: remove it or change the mode',
    ],
    [{ mode: 'deny' }, '/mode: "deny" is not allowed; must be one of "protected", "allowlist", "strict", "none"'],
    [
      { mode: 'alowlist' },
      '/mode: "alowlist" is not allowed (did you mean "allowlist"?); must be one of "protected", "allowlist", "strict", "none"',
    ],
    [
      { protect: ['/data'] },
      '/protect: unknown field "protect" (did you mean "protected"?); allowed: mode, protected, defaults, allowed, windowsPaths, csiDrivers, sources',
    ],
    [
      { window: [] },
      '/window: unknown field "window"; allowed: mode, protected, defaults, allowed, windowsPaths, csiDrivers, sources',
    ],
    [
      { allowed: [{ path: '/data', readonly: true }] },
      '/allowed/0/readonly: unknown field "readonly" (did you mean "readOnly"?); allowed: path, readOnly, types',
    ],
    [{ protected: '/data' }, '/protected: must be a list of strings, not a string'],
    [{ protected: [1] }, '/protected/0: must be a string, not a number'],
    [{ defaults: 'no' }, '/defaults: must be true or false, not a string'],
    [{ allowed: ['/data'] }, '/allowed/0: must be an object, not a string'],
    [{ allowed: [{ readOnly: true }] }, '/allowed/0/path: required field "path" is missing: a string'],
    [{ protected: ['data'] }, '/protected/0: the path is not absolute; write an absolute path such as /data'],
    [{ protected: [''] }, '/protected/0: the path is empty; write an absolute path such as /data'],
    [
      { allowed: [{ path: '/a/../b' }] },
      '/allowed/0/path: the path holds a ".." segment; write an absolute path such as /data',
    ],
    [
      { allowed: [{ path: 'C:\\logs' }] },
      '/allowed/0/path: the path is a Windows path: see windowsPaths; write an absolute path such as /data',
    ],
    [
      { windowsPaths: ['/data'] },
      '/windowsPaths/0: the path is not a Windows path; write it as C:\\logs or \\\\.\\pipe\\name',
    ],
    [{ csiDrivers: 'none' }, '/csiDrivers: must be "any" or a list of strings'],
    [{ sources: 'flexVolume' }, '/sources: must be a list of strings, not a string'],
    [[], ': must be an object, not a list'],
    ['protected', ': must be an object, not a string'],
  ])('%j', (params, problem) => {
    expect(loaded(params).problems).toEqual([problem])
  })

  it('names every fault at once', () => {
    expect(loaded({ mode: 'none', protected: [], allowed: [] }).problems).toHaveLength(2)
  })

  it('takes no params for the defaults', () => {
    expect(loaded(undefined).problems).toEqual([])
    expect(loaded(null).problems).toEqual([])
  })
})

describe('wide holes', () => {
  const hole = (path: string) => loaded({ allowed: [{ path }] })

  it.each<[path: string, inside: string]>([
    ['/', '/var/lib/kubelet'],
    ['/var', '/var/lib/kubelet'],
    ['/var/lib', '/var/lib/kubelet'],
    ['/opt', '/opt/cni'],
    ['/var/spool', '/var/spool/cron'],
  ])('warns of a hole %s, which contains %s', (path, inside) => {
    expect(hole(path)).toEqual({
      problems: [],
      warnings: [
        `/allowed/0/path: the hole "${path}" contains the protected path "${inside}": pods may mount both; name a narrower path`,
      ],
    })
  })

  it.each(['/var/log', '/var/log/pods', '/data', '/proc', '/var/lib/kubelet/plugins'])(
    'says nothing about %s, which contains none',
    path => {
      expect(hole(path)).toEqual({ problems: [], warnings: [] })
    },
  )

  it('knows that a list without the default paths may still be holed by mistake', () => {
    expect(loaded({ defaults: false, allowed: [{ path: '/' }] }).warnings).toHaveLength(1)
  })
})

describe('the default list', () => {
  it('is refused entry by entry, for a reason', () => {
    for (const { path, why } of DEFAULT_PROTECTED_PATHS) {
      expect(allows({}, path)).toBe(false)
      expect(why.length).toBeGreaterThan(20)
    }
  })
})

describe('verdict(p) = verdict(canonical(p))', () => {
  const params = [
    {},
    { defaults: false, protected: ['/data'] },
    { allowed: [{ path: '/var/log', types: ['Directory'] }] },
    { mode: 'allowlist', allowed: [{ path: '/run' }], windowsPaths: ['C:\\logs'] },
    { mode: 'none' },
  ].map(raw => hostPathParams.parse(raw))
  const segment = fc.constantFrom('', '.', '..', 'var', 'run', 'log', 'lib', 'etc', 'data', 'proc', '1', 'root', 'logs')
  const anyPath = fc.oneof(
    fc.array(segment, { maxLength: 7 }).map(segments => `/${segments.join('/')}`),
    fc.constantFrom('C:\\logs', 'c:/LOGS/', '//./pipe/x', ...HOST_PATH_CASES.map(({ path }) => path)),
    fc.string({ unit: 'binary' }),
  )

  it('holds for every mode', () => {
    fc.assert(
      fc.property(anyPath, fc.constantFrom(...params), fc.constantFrom('', 'Directory'), (raw, mode, type) => {
        const canonical = canonicalHostPath(raw)
        const understood = canonical.kind === 'refused' ? raw : canonical.path
        expect(judgePath(understood, type, mode)).toEqual(judgePath(raw, type, mode))
        if (canonical.kind === 'refused') expect(judgePath(raw, type, mode).kind).toBe('refused')
      }),
      { numRuns: 5000 },
    )
  })

  it('holds for a pod, as it comes and as it is understood', () => {
    for (const { path } of HOST_PATH_CASES) {
      const canonical = canonicalHostPath(path)
      if (canonical.kind === 'refused') continue
      const verdictOn = (text: string) => judge(hostPathSet(), requestFor(pod(specWithHostPath(text)))).allowed
      expect(verdictOn(canonical.path)).toBe(verdictOn(path))
    }
  })
})
