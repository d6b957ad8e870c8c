import { describe, expect, it } from 'vitest'
import { denialsOf, hostPathSet, judge, requestFor } from '../support/engine.ts'
import { pod, specWithVolume } from '../support/host-path-cases.ts'

const set = hostPathSet()
const denials = (object: unknown) => denialsOf(judge(set, requestFor(object)))
const persistentVolume = (spec: object, annotations: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'v', annotations },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'], ...spec },
})
const nfs = { nfs: { server: 'nfs.example', path: '/export' } }
const storageClass = (fields: object) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 's' },
  provisioner: 'nfs.csi.k8s.io',
  ...fields,
})

describe('mountOptions of a PersistentVolume', () => {
  const redirects = 'with it the kubelet mounts a path of the node in place of the volume'

  it.each([
    ['bind', redirects],
    ['rbind', redirects],
    ['move', redirects],
    ['remount', redirects],
    ['loop', redirects],
    ['loop=/dev/loop3', redirects],
    ['lowerdir=/etc', redirects],
    ['ro,bind', redirects],
    ['ro, BIND', redirects],
    ['"bind"', redirects],
    ['X-mount.subdir=etc', 'it changes what is mounted, or makes folders on the node'],
    ['x-mount.mkdir', 'it changes what is mounted, or makes folders on the node'],
    ['helper=x', 'it names a program that runs as root of the node'],
    ['rshared', 'what is mounted in the volume appears on the node and stays there'],
    ['make-shared', 'what is mounted in the volume appears on the node and stays there'],
    ['credentials=/etc/shadow', 'whose path lies under the protected path "/etc"'],
    ['log-file=/root/x', 'whose path lies under the protected path "/root"'],
  ])('may not hold %j', (option, says) => {
    const [first, ...others] = denials(persistentVolume({ ...nfs, mountOptions: ['hard', option] }))
    expect(first).toMatch(/^\/spec\/mountOptions\/1: the PersistentVolume has the mount option "/)
    expect(first).toContain(says)
    expect(others).toEqual([])
  })

  it.each([
    'hard',
    'nfsvers=4.1',
    'noatime',
    'rsize=1048576',
    'sec=krb5',
    'dir_mode=0777',
    'uid=1000',
    'vers=3.0',
    'context="system_u:object_r:x:s0:c1,c2"',
    'private',
    'discard',
    'binding',
  ])('may hold %j', option => {
    expect(denials(persistentVolume({ ...nfs, mountOptions: [option] }))).toEqual([])
  })

  it('are read from the annotation that came before the field too', () => {
    const annotations = { 'volume.beta.kubernetes.io/mount-options': 'ro,bind' }
    expect(denials(persistentVolume(nfs, annotations))).toEqual([
      `/metadata/annotations/volume.beta.kubernetes.io~1mount-options: the PersistentVolume has the mount option "bind": ${redirects}`,
    ])
  })

  it('are read from a StorageClass, which gives them to its volumes', () => {
    expect(denials(storageClass({ mountOptions: ['bind'] }))).toEqual([
      `/mountOptions/0: the StorageClass has the mount option "bind": ${redirects}`,
    ])
    expect(denials(storageClass({ parameters: { mountOptions: 'hard,bind' } }))).toHaveLength(1)
    expect(
      denials(storageClass({ mountOptions: ['hard'], parameters: { server: 'nfs.example', share: '/' } })),
    ).toEqual([])
  })

  it('are read from a CSI volume, of a pod and of a PersistentVolume', () => {
    const csi = (name: string, value: string) => ({
      csi: { driver: 'nfs.csi.k8s.io', volumeAttributes: { [name]: value } },
    })
    expect(denials(pod(specWithVolume(csi('mountOptions', 'bind'))))).toEqual([
      `/spec/volumes/0/csi/volumeAttributes/mountOptions: volume "data" has the mount option "bind": ${redirects}`,
    ])
    for (const name of ['mountoptions', 'mount-options', 'mountFlags', 'csi.example.com/mountOptions'])
      expect(denials(persistentVolume(csi(name, 'rbind')))).toHaveLength(1)
    expect(denials(pod(specWithVolume(csi('secretProviderClass', 'bind'))))).toEqual([])
  })
})

describe('a server', () => {
  it.each([
    { nfs: { server: '/var/lib/kubelet/pods/1/volumes/x', path: '/y' } },
    { nfs: { server: '-obind', path: '/y' } },
    { nfs: { server: 'a b', path: '/y' } },
    { cephfs: { monitors: ['10.0.0.1', '/etc'] } },
    { rbd: { monitors: ['../x'] } },
    { csi: { driver: 'nfs.csi.k8s.io', volumeAttributes: { server: '/etc', share: '/' } } },
  ])('must be a name or an address: %j', source => {
    expect(denials(pod(specWithVolume(source)))).toEqual([
      expect.stringMatching(/ has the server ".+", which is neither a name nor an address: /),
    ])
    expect(denials(persistentVolume(source))).toHaveLength(1)
  })

  it.each(['nfs.example', '10.0.0.1', '[fd00::1]', 'fd00::1', 'fe80::1%eth0', 'nfs_1:2049', ''])(
    'may be %j',
    server => {
      expect(denials(pod(specWithVolume({ nfs: { server, path: '/y' } })))).toEqual([])
    },
  )
})

describe('fsType', () => {
  it.each([
    ['iscsi', 'fuse.sshfs'],
    ['iscsi', 'overlay'],
    ['iscsi', 'none'],
    ['iscsi', 'nfs'],
    ['local', 'proc'],
    ['local', 'fuse'],
    ['gcePersistentDisk', '../../tmp/x'],
    ['fc', 'ext4 -o bind'],
    ['csi', 'overlay'],
    ['csi', 'sysfs'],
    ['csi', '../x'],
  ])('of %s may not be %j', (source, fsType) => {
    const path = source === 'local' ? { path: '/mnt/disks/ssd0' } : {}
    expect(denials(persistentVolume({ [source]: { ...path, fsType } }))).toEqual([
      expect.stringContaining(`/spec/${source}/fsType: the PersistentVolume has the fsType "${fsType}"`),
    ])
  })

  it.each([
    ['iscsi', 'ext4'],
    ['local', 'xfs'],
    ['azureDisk', 'NTFS'],
    ['fc', ''],
    ['csi', 'lustre'],
    ['csi', 'ext4'],
    ['csi', 'nfs'],
  ])('of %s may be %j', (source, fsType) => {
    const path = source === 'local' ? { path: '/mnt/disks/ssd0' } : {}
    expect(denials(persistentVolume({ [source]: { ...path, fsType } }))).toEqual([])
  })
})

describe('a setting that names a path of the node', () => {
  it.each([
    ['hostPath', '/etc'],
    ['nodePath', '/var/lib/kubelet'],
    ['csi.example.com/hostDir', '/root'],
    ['pvDir', '/home'],
    ['basePath', '/data/../etc'],
  ])('is judged as a host path: %s', (name, path) => {
    const says = new RegExp(`keeps its files in the node's path "${path}" \\(${name}\\), which `)
    expect(denials(pod(specWithVolume({ csi: { driver: 'x', volumeAttributes: { [name]: path } } })))).toEqual([
      expect.stringMatching(says),
    ])
    expect(denials(storageClass({ provisioner: 'microk8s.io/hostpath', parameters: { [name]: path } }))).toHaveLength(1)
  })

  it('may be one of the application', () => {
    expect(
      denials(storageClass({ provisioner: 'microk8s.io/hostpath', parameters: { pvDir: '/data/volumes' } })),
    ).toEqual([])
  })

  it("is read from the configuration of OpenEBS' local volumes", () => {
    const config = (value: string) =>
      `- name: StorageType\n  value: "hostpath"\n- name: BasePath\n  value: "${value}"\n`
    const of = (value: string) =>
      storageClass({
        provisioner: 'openebs.io/local',
        metadata: { name: 's', annotations: { 'cas.openebs.io/config': config(value) } },
      })
    expect(denials(of('/etc/x'))).toEqual([
      expect.stringContaining(
        `the StorageClass keeps volumes in the node's path "/etc/x", which lies under the protected path "/etc"`,
      ),
    ])
    expect(denials(of('/var/openebs/local'))).toEqual([])
  })

  it.each([
    ['the value first', '- {value: /etc, name: BasePath}'],
    ['a comment between', '- name: BasePath\n  # here\n  value: /etc'],
    ['another field between', '- name: BasePath\n  enabled: "true"\n  value: /etc'],
    ['a folded value', '- name: BasePath\n  value: >-\n    /etc'],
    ['the second of two', '- {name: BasePath, value: /data/x}\n- {name: BasePath, value: /etc}'],
    ['JSON', '[{"name": "BasePath", "value": "/etc"}]'],
    ['what cannot be read', '- {name: BasePath, value: /etc'],
    ['what is too large', `- {name: BasePath, value: /etc}${'\n'.repeat(200_000)}`],
  ])('is found however it is written: %s', (_what, text) => {
    const annotations = { 'cas.openebs.io/config': text }
    expect(
      denials(storageClass({ provisioner: 'openebs.io/local', metadata: { name: 's', annotations } })),
    ).toHaveLength(1)
  })
})

describe('an option is judged as the node reads it', () => {
  it.each([['credentials=etc/kubernetes/admin.conf'], ['rw -o bind'], ['ro\tbind']])('%j', option => {
    expect(denials(persistentVolume({ nfs: { server: 's', path: '/x' }, mountOptions: [option] }))).toHaveLength(1)
  })
  it.each([['prefixpath=share/folder'], ['vers=4.1, hard'], ['sec=krb5p']])('%j may stay', option => {
    expect(denials(persistentVolume({ nfs: { server: 's', path: '/x' }, mountOptions: [option] }))).toEqual([])
  })
})
