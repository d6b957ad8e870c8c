import { compareMembers, membersOf } from '../../../src/policy/evaluate-set.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { hostPathSet, judge, requestFor, subjectFacts } from '../../support/engine.ts'
import { type Add, host, pod, type Result, result } from '../support.ts'

const STRICT = hostPathSet({ mode: 'strict', allowed: [{ path: '/data/a' }, { path: '/var/log', readOnly: true }] })

const verdict = (set: typeof STRICT, object: unknown): Result => {
  const decision = judge(set, requestFor(object))
  if (!decision.allowed) return 'denied'
  return decision.warnings.length > 0 ? 'warned' : 'passed'
}

/** What the audit and `policy-lint` say of two pods that they see together. */
function together(paths: readonly (readonly string[])[]): Result {
  const facts = subjectFacts({ seen: 'among-others' })
  const set = hostPathSet()
  const members = paths.map((own, index) =>
    membersOf(set, requestFor(mounting(own, `p${index}`)), {
      namespaceLabels: NO_NAMESPACE_LABELS,
      facts,
    }),
  )
  const found = compareMembers(members).flat()
  return found.some(({ outcome }) => outcome.kind === 'pass' && outcome.warnings.length > 0) ? 'warned' : 'passed'
}
const mounting = (paths: readonly string[], name = 'a') =>
  pod(
    {
      volumes: paths.map((path, at) => ({ name: `v${at}`, hostPath: { path } })),
      containers: [
        { name: 'a', image: 'a:1', volumeMounts: paths.map((_, at) => ({ name: `v${at}`, mountPath: `/v${at}` })) },
      ],
    },
    { name },
  )

/** Host paths: links, other names, options of mount(8). */
export function hostPathTries(attack: Add): void {
  const mounted = (what: string, path: string, expected: Result = 'denied', source: object = {}) =>
    attack(what, expected, () => result(pod(host(path, source)), 'host-path'))
  const volume = (what: string, expected: Result, spec: object, extra: object = {}) =>
    attack(what, expected, () =>
      result({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv', ...extra }, spec }, 'host-path'),
    )
  const inPod = (what: string, expected: Result, source: object) =>
    attack(what, expected, () => result(pod({ volumes: [{ name: 'v', ...source }] }), 'host-path'))
  const strict = (what: string, expected: Result, object: unknown) =>
    attack(what, expected, () => verdict(STRICT, object))

  // Links.
  mounted('a link that one pod puts into `/tmp`, mounted by another', '/tmp/a/link')
  attack('a pod that mounts a folder, and what lies under it', 'denied', () =>
    result(mounting(['/data/a', '/data/a/link']), 'host-path'),
  )
  attack('two pods: one mounts a folder, the other what lies under it', 'warned', () =>
    together([['/data/a'], ['/data/a/link']]),
  )
  strict('what lies under a path of the list, `mode: strict`', 'denied', pod(host('/data/a/link')))
  strict('a path that only begins like one of the list', 'denied', pod(host('/data/ab')))
  strict('the list in another case', 'denied', pod(host('/DATA/a')))
  strict('a read-only path of the list, mounted writable', 'denied', mounting(['/var/log']))
  strict('a read-only path of the list, by a PersistentVolume', 'denied', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'pv' },
    spec: { hostPath: { path: '/var/log' } },
  })
  strict(
    'a folder of a listed path by `subPath`',
    'denied',
    pod({
      ...host('/data/a'),
      containers: [{ name: 'a', image: 'a:1', volumeMounts: [{ name: 'h', mountPath: '/h', subPath: 'link' }] }],
    }),
  )
  strict('a dot at the end of a listed path', 'denied', pod(host('/data/a.')))

  // Eleven node paths of distributions, clouds and agents.
  for (const path of [
    '/oem',
    '/layers',
    '/.bottlerocket',
    '/var/usrlocal',
    '/var/lib/rpm-ostree',
    '/var/lib/ignition',
    '/var/lib/nixos',
    '/opt/rke2',
    '/opt/k3s',
    '/var/lib/microshift',
    '/var/guix',
  ])
    mounted(`a path of a distribution, \`${path}\``, path)

  // Windows.
  for (const path of [
    '/windows.',
    '/windows::$INDEX_ALLOCATION',
    '/PROGRA~1',
    '//localhost/c$',
    '/??/C:/Windows',
    '/Windows ',
    '/ProgramData. /x',
    '//127.0.0.1/admin$/x',
    '//?/GLOBALROOT/Device',
    '/./??/C:/x',
  ])
    mounted(`a name that Windows reads otherwise, \`${path}\``, path)

  // What reaches mount(8).
  const nfs = { nfs: { server: 'nfs.example', path: '/x' } }
  volume('an NFS PersistentVolume with `bind`', 'denied', { ...nfs, mountOptions: ['bind'] })
  volume('the same behind another option and a comma', 'denied', { ...nfs, mountOptions: ['ro, BIND'] })
  volume('the same in the annotation of old', 'denied', nfs, {
    annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro,rbind' },
  })
  volume('iSCSI with the fsType `fuse.sshfs`', 'denied', {
    iscsi: { targetPortal: '10.0.0.1', iqn: 'x', lun: 0, fsType: 'fuse.sshfs' },
  })
  volume('a CSI volume whose attributes hold the mount option `bind`', 'denied', {
    csi: { driver: 'nfs.example', volumeHandle: 'x', volumeAttributes: { mountOptions: 'bind' } },
  })
  volume('the same, `mount_options`', 'denied', {
    csi: { driver: 'x', volumeHandle: 'x', volumeAttributes: { mount_options: 'rbind' } },
  })
  volume('an NFS server that is an option', 'denied', { nfs: { server: '-o bind', path: '/' } })
  volume('a lower folder of an overlay', 'denied', { ...nfs, mountOptions: ['lowerdir=/etc'] })
  volume('a file of credentials of the node', 'denied', { ...nfs, mountOptions: ['credentials=/etc/shadow'] })
  volume('a local volume with the fsType `bind`', 'denied', { local: { path: '/mnt/disks/a', fsType: 'bind' } })
  inPod('a CSI volume of a pod with `bind` in its attributes', 'denied', {
    csi: { driver: 'x', volumeAttributes: { mountOptions: 'bind' } },
  })
  inPod('a CSI volume of a pod whose `hostPath` attribute names the kubelet’s folder', 'denied', {
    csi: { driver: 'x', volumeAttributes: { hostPath: '/var/lib/kubelet' } },
  })
  inPod('a generic ephemeral volume with a source of its own', 'passed', {
    ephemeral: { volumeClaimTemplate: { spec: { storageClassName: 'x' } } },
  })
  const storageClass = (what: string, expected: Result, fields: object, metadata: object = {}) =>
    attack(what, expected, () =>
      result(
        {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'StorageClass',
          metadata: { name: 'a', ...metadata },
          provisioner: 'x',
          ...fields,
        },
        'host-path',
      ),
    )
  storageClass('a StorageClass with the mount option `bind`', 'denied', { mountOptions: ['bind'] })
  storageClass('a StorageClass whose parameters hold `bind`', 'denied', { parameters: { mountOptions: 'bind' } })
  storageClass(
    'a BasePath of OpenEBS under /etc',
    'denied',
    {},
    { annotations: { 'cas.openebs.io/config': '- name: BasePath\n  value: /etc/x\n' } },
  )
  storageClass(
    'the same with the value first',
    'denied',
    {},
    { annotations: { 'cas.openebs.io/config': '- value: /etc/x\n  name: BasePath\n' } },
  )
  storageClass(
    'a second BasePath',
    'denied',
    {},
    {
      annotations: {
        'cas.openebs.io/config': '- name: BasePath\n  value: /data/x\n- name: BasePath\n  value: /etc/x\n',
      },
    },
  )
  // A path of 4,096 characters has room for 2,000 parents.
  attack('340 paths of two thousand segments each, compared with all of their parents', 'denied', () =>
    result(mounting(Array.from({ length: 340 }, (_, at) => `/data/${at}${'/b'.repeat(2000)}`)), 'host-path'),
  )
}
