import type { JudgeOptions, RequestFields } from '../../support/engine.ts'
import { type Add, app, host, kind, pod, type Result, ROOT, result, template } from '../support.ts'

/** Host paths by other names, in other sources and in other kinds. */
export function hostPathTries(attack: Add): void {
  const hostPath = (
    expected: Result,
    what: string,
    object: unknown,
    fields: RequestFields = {},
    options: JudgeOptions = {},
  ) => attack(what, expected, () => result(object, 'host-path', fields, options))
  const mounted = (path: string) => pod(host(path))

  // Other names of what is protected: links and data partitions of distributions.
  hostPath('denied', '`/sysroot`: the whole disk of an ostree system', mounted('/sysroot'))
  hostPath('denied', '`/var/roothome`, where ostree systems keep `/root`', mounted('/var/roothome/.ssh'))
  hostPath('denied', '`/var/home`, where they keep `/home`', mounted('/var/home/core'))
  hostPath(
    'denied',
    'the kubelet’s folder by the data partition of Container-Optimized OS',
    mounted('/mnt/stateful_partition/var/lib/kubelet'),
  )
  hostPath('denied', 'the same of Bottlerocket, `/local/var`', mounted('/local/var/lib/kubelet'))
  hostPath('denied', 'the state of Talos, with its keys', mounted('/system/state'))
  hostPath(
    'denied',
    'the socket of MicroK8s’ container runtime',
    pod(host('/var/snap/microk8s/common/run/containerd.sock', { type: 'Socket' })),
  )
  hostPath('denied', 'the keys of minikube’s control plane', mounted('/var/lib/minikube/certs'))
  hostPath('denied', 'the kubelet itself, in `/opt/bin` of Flatcar', mounted('/opt/bin'))
  hostPath('denied', 'plugins that containerd starts as root', mounted('/opt/nri/plugins'))
  hostPath('denied', 'scripts that dpkg runs as root', mounted('/var/lib/dpkg/info'))
  hostPath('denied', 'jobs of at, beside those of cron', mounted('/var/spool/at'))
  hostPath('denied', '`/vmlinuz`, a link into `/boot`', pod(host('/vmlinuz', { type: 'File' })))
  hostPath('denied', '`/lib32`, a link into `/usr` like `/lib64`', mounted('/lib32'))
  hostPath('denied', 'a node of Windows: `/Windows/System32` is on its drive C', mounted('/Windows/System32'))
  hostPath('denied', 'a node of Windows, where `/VAR/Lib/Kubelet` is `/var/lib/kubelet`', mounted('/VAR/Lib/Kubelet'))
  hostPath('denied', 'a drive letter behind a slash, `/C:/etc`', mounted('/C:/etc'))
  hostPath('denied', 'the pipe of Docker with forward slashes', mounted('//./pipe/docker_engine'))
  hostPath('passed', 'a letter that looks like another, `/еtc` with a Cyrillic е', mounted('/\u0435tc'))
  hostPath('denied', 'a slash that looks like one, `／etc`', mounted('\uff0fetc'))

  // Other sources, other kinds.
  const volume = (source: object, container: object = {}) =>
    pod({ containers: [{ ...app, ...container }], volumes: [{ name: 'h', ...source }] })
  hostPath('warned', 'a disk of the node by its name, `fc.wwids`', volume({ fc: { wwids: ['0QEMU_HARDDISK-part1'] } }))
  hostPath(
    'passed',
    'a projected volume with a hostPath among its sources',
    volume({ projected: { sources: [ROOT.volumes[0]] } }),
  )
  hostPath(
    'denied',
    'a sidecar, an init container with `restartPolicy: Always`, that mounts it',
    pod({
      ...ROOT,
      initContainers: [
        { ...app, name: 's', restartPolicy: 'Always', volumeMounts: [{ name: 'h', mountPath: '/h', readOnly: true }] },
      ],
    }),
  )
  hostPath(
    'denied',
    '`subPathExpr` with `../` on a folder that is allowed',
    volume(
      { hostPath: { path: '/data/app' } },
      { volumeMounts: [{ name: 'h', mountPath: '/h', subPathExpr: '$(A)' }], env: [{ name: 'A', value: '../../etc' }] },
    ),
  )
  hostPath(
    'denied',
    'an emptyDir whose mounts appear on the node',
    volume({ emptyDir: {} }, { volumeMounts: [{ name: 'h', mountPath: '/h', mountPropagation: 'Bidirectional' }] }),
  )
  hostPath(
    'denied',
    'workingDir `/dev/fd/8`, a link to `/proc/self/fd/8` (CVE-2024-21626)',
    pod({ containers: [{ ...app, workingDir: '/dev/fd/8' }] }),
  )
  hostPath('passed', 'an image volume', volume({ image: { reference: 'registry.example/root:1' } }))
  hostPath(
    'passed',
    'an inline CSI volume that names a path',
    volume({ csi: { driver: 'nfs.csi.k8s.io', volumeAttributes: { share: '/etc' } } }),
  )
  hostPath('passed', 'an NFS server on the node itself', volume({ nfs: { server: '127.0.0.1', path: '/' } }))
  hostPath(
    'denied',
    'a flexVolume in a PersistentVolume',
    kind('v1', 'PersistentVolume', { flexVolume: { driver: 'x/y' } }),
  )
  hostPath(
    'denied',
    'a PersistentVolume of a device',
    kind('v1', 'PersistentVolume', { volumeMode: 'Block', local: { path: '/dev/sda1' } }),
  )
  hostPath(
    'denied',
    'a PersistentVolume whose source is null, beside one that is not',
    kind('v1', 'PersistentVolume', { nfs: null, hostPath: { path: '/etc', type: '' } }),
  )
  hostPath(
    'denied',
    'a PersistentVolume that is updated to another path',
    kind('v1', 'PersistentVolume', { hostPath: { path: '/etc' } }),
    { oldObject: kind('v1', 'PersistentVolume', { hostPath: { path: '/data' } }) },
  )
  hostPath(
    'passed',
    'a claim that names a PersistentVolume',
    kind('v1', 'PersistentVolumeClaim', { volumeName: 'root' }),
  )
  const localPath = (pathPattern: string) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 's' },
    provisioner: 'rancher.io/local-path',
    parameters: { pathPattern },
  })
  hostPath(
    'denied',
    'a StorageClass whose pathPattern writes its dots by a template',
    localPath('{{ printf "." }}./etc'),
  )
  hostPath(
    'denied',
    'a StorageClass whose pathPattern is an annotation of the claim',
    localPath('{{ .PVC.Annotations.path }}'),
  )
  hostPath(
    'denied',
    'a StorageClass whose two dots stand around a label that is not there',
    localPath('.{{ .PVC.Labels.none }}./etc'),
  )
  hostPath('passed', 'a ControllerRevision that holds a template', {
    ...kind('apps/v1', 'ControllerRevision', {}),
    data: { spec: { template: template(ROOT) } },
  })
  hostPath(
    'denied',
    'a workload of another project, CloneSet',
    kind('apps.kruise.io/v1alpha1', 'CloneSet', { template: template(ROOT) }),
  )
  hostPath(
    'denied',
    'a StatefulSet of a version that does not exist yet',
    kind('apps/v9', 'StatefulSet', { template: template(ROOT) }),
  )
  hostPath('denied', 'a dry run', pod(ROOT), { dryRun: true })
  hostPath('denied', 'the subresource status of pods, in another case', pod(ROOT), {
    oldObject: pod({}),
    subResource: 'Status',
  })
  hostPath('passed', 'the subresource status, with a volume', pod(ROOT), { oldObject: pod({}), subResource: 'status' })
}
