import { describe, expect, it } from 'vitest'
import type { JudgedFinding } from '../../src/policy/decide.ts'
import { hostPathSet, json, judge, requestFor } from '../support/engine.ts'
import { type Manifest, persistentVolume, pod, specWithHostPath, specWithVolume } from '../support/host-path-cases.ts'

const set = hostPathSet()
const shown = ({ finding }: JudgedFinding) => ({
  pointer: finding.pointer,
  message: finding.message,
  hint: finding.hint ?? '',
})

/** The one denial of a manifest. */
function denial(manifest: Manifest, params?: unknown) {
  const { denials } = judge(params === undefined ? set : hostPathSet(params), requestFor(manifest))
  expect(denials).toHaveLength(1)
  return denials.map(shown)[0]
}

const INSTEAD =
  "use an emptyDir, a PersistentVolumeClaim or a directory of the application's own such as /data/<app>; a component that must reach the node needs a PolicyException"
const KUBELET =
  "the kubelet's volumes could not be torn down any more and new pods of the node would hang in ContainerCreating"

describe('a hostPath', () => {
  it.each<[path: string, says: string]>([
    ['/var/lib/kubelet', `"/var/lib/kubelet", which is a protected path: ${KUBELET}`],
    [
      '/var/lib/kubelet/pods/',
      `"/var/lib/kubelet/pods/" (understood as "/var/lib/kubelet/pods"), which lies under the protected path "/var/lib/kubelet": ${KUBELET}`,
    ],
    ['/', `"/", which contains the protected path "/var/lib/kubelet" and 302 more: ${KUBELET}`],
    [
      '/opt',
      '"/opt", which contains the protected path "/opt/cni" and 25 more: a pod could change every other pod\'s network',
    ],
    [
      '/var/run/docker.sock',
      '"/var/run/docker.sock" (understood as "/run/docker.sock"), which lies under the protected path "/run": the sockets of the container runtime live here: whoever reaches one controls every container of the node',
    ],
    [
      '/run/dbus',
      '"/run/dbus", which is a protected path: the sockets of the container runtime live here: whoever reaches one controls every container of the node',
    ],
    ['/data/../etc', '"/data/../etc", which is refused: the path holds a ".." segment'],
    ['', '"", which is refused: the path is empty'],
    ['data', '"data", which is refused: the path is not absolute'],
    ['/data\u001b[2J', '"/data\\u001b[2J", which is refused: the path holds a control character'],
    [
      '/proc/1/root',
      '"/proc/1/root", which is refused: the path leads through /proc to wherever a process of the node points it',
    ],
    ['C:\\', '"C:\\" (understood as "c:\\"), which is a Windows path that windowsPaths does not list'],
  ])('%j', (path, says) => {
    expect(denial(pod(specWithHostPath(path)))).toEqual({
      pointer: '/spec/volumes/0/hostPath/path',
      message: `volume "data" mounts hostPath ${says}`,
      hint: INSTEAD,
    })
  })

  it('says which list it is not on', () => {
    const allowed = [{ path: '/data' }, { path: '/srv' }]
    const at = (params: unknown, path: string) => denial(pod(specWithHostPath(path)), params)?.message
    expect(at({ mode: 'allowlist', allowed }, '/mnt')).toBe(
      'volume "data" mounts hostPath "/mnt", which is not under an allowed path (allowed: /data, /srv)',
    )
    expect(at({ mode: 'allowlist' }, '/mnt')).toBe(
      'volume "data" mounts hostPath "/mnt", which is not under an allowed path (allowed: none)',
    )
    expect(at({ mode: 'none' }, '/mnt')).toBe(
      'volume "data" mounts hostPath "/mnt", which is refused: no host path is allowed',
    )
    expect(at({ protected: ['/mnt'] }, '/mnt')).toBe(
      'volume "data" mounts hostPath "/mnt", which is a protected path: the cluster\'s administrator protects it',
    )
    const typed = { mode: 'allowlist', allowed: [{ path: '/mnt', types: ['Directory', 'File'] }] }
    expect(at(typed, '/mnt')).toBe(
      'volume "data" mounts hostPath "/mnt", which is allowed only with type "Directory", "File", not ""',
    )
  })

  it('keeps a name from breaking out of the message', () => {
    const spec = { volumes: [{ name: 'a"\n\u202e', hostPath: { path: '/etc\n"' } }] }
    expect(denial(pod(spec))?.message).toBe(
      'volume "a\\"\\u000a\\u202e" mounts hostPath "/etc\\u000a\\"", which is refused: the path holds a control character',
    )
  })

  it('is shown at most in part', () => {
    const message = denial(pod(specWithHostPath(`/etc/${'x'.repeat(5000)}`)))?.message ?? ''
    expect(message.length).toBeLessThan(400)
    expect(message).toMatch(/^volume "data" mounts hostPath "\/etc\/x+…", which is refused: /)
  })
})

describe('OrCreate', () => {
  it.each(['DirectoryOrCreate', 'FileOrCreate'])('is a warning where the path is allowed: %s', type => {
    const decision = judge(set, requestFor(pod(specWithVolume({ hostPath: { path: '/data/', type } }))))
    expect(decision.allowed).toBe(true)
    expect(decision.warnings.map(shown)).toEqual([
      {
        pointer: '/spec/volumes/0/hostPath/type',
        message: `volume "data" mounts hostPath "/data/" (understood as "/data") with type "${type}": the kubelet creates it, owned by root, on every node where it is missing`,
        hint: `create it when the node is set up, and use type "${type.replace('OrCreate', '')}"`,
      },
    ])
  })

  it('is the same warning when it was there before', () => {
    const spec = specWithVolume({ hostPath: { path: '/data', type: 'FileOrCreate' } })
    const created = judge(set, requestFor(pod(spec)))
    expect(judge(set, requestFor(pod(spec), { oldObject: pod(spec) })).warnings).toEqual(created.warnings)
  })

  it('adds nothing to a denial', () => {
    const decision = judge(set, requestFor(pod(specWithVolume({ hostPath: { path: '/etc', type: 'FileOrCreate' } }))))
    expect(decision.denials).toHaveLength(1)
    expect(decision.warnings).toEqual([])
  })
})

describe('a mount', () => {
  const mounted = (mount: object, source: object = { hostPath: { path: '/data' } }) =>
    pod({
      volumes: [{ name: 'data', ...source }],
      containers: [{ name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }] }],
    })

  it.each(['subPath', 'subPathExpr'])('may not have %s on a writable hostPath', field => {
    expect(denial(mounted({ [field]: 'a' }))).toEqual({
      pointer: `/spec/containers/0/volumeMounts/0/${field}`,
      message: `container "app" mounts volume "data" with ${field} on a writable hostPath: a link placed in it can lead the kubelet to any path of the node (CVE-2021-25741)`,
      hint: 'mount it with readOnly: true, or name the directory in the hostPath itself',
    })
    expect(judge(set, requestFor(mounted({ [field]: 'a', readOnly: true }))).allowed).toBe(true)
    expect(judge(set, requestFor(mounted({ [field]: '' }))).allowed).toBe(true)
    expect(judge(set, requestFor(mounted({ [field]: 'a' }, { emptyDir: {} }))).allowed).toBe(true)
  })

  it.each([{ hostPath: { path: '/data' } }, { emptyDir: {} }, { persistentVolumeClaim: { claimName: 'data' } }])(
    'may not propagate to the node, whatever the volume: %j',
    source => {
      expect(denial(mounted({ mountPropagation: 'Bidirectional' }, source))).toEqual({
        pointer: '/spec/containers/0/volumeMounts/0/mountPropagation',
        message:
          'container "app" mounts volume "data" with mountPropagation Bidirectional: what it mounts appears on the node and stays there',
        hint: 'leave mountPropagation out',
      })
    },
  )

  it('may not propagate from a volume that does not exist', () => {
    expect(judge(set, requestFor(mounted({ name: 'gone', mountPropagation: 'Bidirectional' }))).allowed).toBe(false)
  })

  it.each(['None', 'HostToContainer', ''])('may have mountPropagation %j', mountPropagation => {
    expect(judge(set, requestFor(mounted({ mountPropagation }))).allowed).toBe(true)
  })
})

describe('workingDir', () => {
  const inDir = (workingDir: string, list = 'containers') => pod({ [list]: [{ name: 'app', workingDir }] })

  it.each(['containers', 'initContainers', 'ephemeralContainers'])('may not be under /proc, in %s', list => {
    expect(denial(inDir('/proc/self/fd/8', list))).toEqual({
      pointer: `/spec/${list}/0/workingDir`,
      message:
        'container "app" has workingDir "/proc/self/fd/8", under /proc: a file descriptor that leads to the node\'s files may wait there (CVE-2024-21626)',
      hint: 'use a directory of the image',
    })
  })

  it.each(['/proc', '/proc/', '//proc/1', '/./proc', '/app/../proc/1', 'proc/self', '../proc'])(
    'is refused: %s',
    path => {
      expect(judge(set, requestFor(inDir(path))).allowed).toBe(false)
    },
  )

  it.each(['', '/', '/app', '/processing', '/app/proc', '/proc/../app', '/Proc'])('is let through: %j', path => {
    expect(judge(set, requestFor(inDir(path))).allowed).toBe(true)
  })
})

describe('sources', () => {
  it.each<[source: string, why: string]>([
    ['gitRepo', 'it runs git on the node, with what the repository brings along (CVE-2024-10220)'],
    ['flexVolume', 'it runs a driver on the node that may mount any of its paths'],
    ['someFutureSource', 'this volume source is not known here, so what it reaches cannot be judged'],
  ])('%s', (source, why) => {
    expect(denial(pod(specWithVolume({ [source]: {} })))).toEqual({
      pointer: `/spec/volumes/0/${source}`,
      message: `volume "data" uses the source "${source}": ${why}`,
      hint: `use another kind of volume, or allow it in the policy: sources: [${source}]`,
    })
  })
})

describe('PersistentVolume', () => {
  const hint =
    'keep volumes on a disk or in a directory that is set apart for them, such as /mnt/disks/ssd0; a provisioner that must keep them elsewhere needs a PolicyException'

  it.each([
    ['hostPath', 'mounts hostPath'],
    ['local', 'has the local path'],
  ] as const)('%s', (source, verb) => {
    expect(denial(persistentVolume(source, '/etc'))).toEqual({
      pointer: `/spec/${source}/path`,
      message: `the PersistentVolume ${verb} "/etc", which is a protected path: a pod could change the node's own configuration and keys`,
      hint,
    })
  })

  it('refuses block devices, which are paths too', () => {
    expect(judge(set, requestFor(persistentVolume('local', '/dev/sdb'))).allowed).toBe(false)
  })

  it('refuses a source that it does not know, and knows every other field', () => {
    const spec = {
      accessModes: [],
      capacity: {},
      claimRef: {},
      mountOptions: [],
      nodeAffinity: {},
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'x',
      volumeAttributesClassName: 'x',
      volumeMode: 'Block',
    }
    const volume = { ...persistentVolume('local', '/data'), spec }
    expect(judge(set, requestFor(volume)).allowed).toBe(true)
    expect(denial({ ...volume, spec: { ...spec, someFutureSource: {} } })?.message).toBe(
      'the PersistentVolume uses the source "someFutureSource": this volume source is not known here, so what it reaches cannot be judged',
    )
  })
})

describe('StorageClass', () => {
  const storageClass = (parameters: object, provisioner = 'rancher.io/local-path') => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'local' },
    provisioner,
    parameters,
  })

  it.each(['/etc/{{ .PVC.Name }}', '/data/x', '../x', 'a/../../x', 'a/..'])(
    'may not lead out: pathPattern %s',
    pathPattern => {
      expect(denial(storageClass({ pathPattern }))).toEqual({
        pointer: '/parameters/pathPattern',
        message: `the StorageClass has the pathPattern "${pathPattern}", which leaves the provisioner's folder`,
        hint: 'write a relative pattern such as {{ .PVC.Namespace }}/{{ .PVC.Name }}',
      })
    },
  )

  it.each(['{{ .PVC.Namespace }}/{{ .PVC.Name }}', 'a/b', 'a..b', '..a/b'])(
    'may stay inside: pathPattern %s',
    pathPattern => {
      expect(judge(set, requestFor(storageClass({ pathPattern }))).allowed).toBe(true)
    },
  )

  it('may not keep volumes in a path of the node', () => {
    expect(denial(storageClass({ nodePath: '/var/lib' }))?.message).toBe(
      `the StorageClass keeps volumes in the node's path "/var/lib", which contains the protected path "/var/lib/kubelet" and 99 more: ${KUBELET}`,
    )
    expect(judge(set, requestFor(storageClass({ nodePath: '/mnt/disks' }))).allowed).toBe(true)
  })

  it('is the business of another provisioner otherwise', () => {
    expect(judge(set, requestFor(storageClass({ pathPattern: '../x' }, 'ebs.csi.aws.com'))).allowed).toBe(true)
  })
})

describe('the order of findings', () => {
  const spec = {
    containers: [{ name: 'app', workingDir: '/proc', volumeMounts: [{ name: 'c', mountPath: '/c', subPath: 'x' }] }],
    initContainers: [{ name: 'init', workingDir: '/proc' }],
    volumes: [
      { name: 'b', hostPath: { path: '/etc' } },
      { name: 'a', hostPath: { path: '/usr' } },
      { name: 'c', hostPath: { path: '/data' } },
    ],
  }

  it('is that of the manifest, the same on every run', () => {
    const pointers = () => judge(set, requestFor(pod(spec))).denials.map(({ finding }) => finding.pointer)
    expect(pointers()).toEqual([
      '/spec/volumes/0/hostPath/path',
      '/spec/volumes/1/hostPath/path',
      '/spec/initContainers/0/workingDir',
      '/spec/containers/0/workingDir',
      '/spec/containers/0/volumeMounts/0/subPath',
    ])
    expect(pointers()).toEqual(pointers())
  })

  it('changes nothing in the object', () => {
    const request = requestFor(pod(spec), { oldObject: pod(spec) })
    const [object, oldObject] = [JSON.stringify(request.object), JSON.stringify(request.oldObject)]
    judge(set, request)
    expect(JSON.stringify(request.object)).toBe(object)
    expect(JSON.stringify(request.oldObject)).toBe(oldObject)
    expect(json(pod(spec))).toEqual(request.object)
  })
})
