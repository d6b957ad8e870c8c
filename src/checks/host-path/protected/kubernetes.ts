import { group, KEYS, NETWORK, OTHER_VOLUMES, PROGRAMS, RUNTIME_STATE } from './entry.ts'

const ETCD = "the whole cluster's state lives here"
const K8S = 'https://kubernetes.io/docs/reference/node/kubelet-files/'
const GITHUB = 'https://github.com'

/** The kubelet comes first: a message about `/var` names it. */
export const KUBELET_PATHS = group(
  "the kubelet's volumes could not be torn down any more and new pods of the node would hang in ContainerCreating",
  K8S,
  ['/var/lib/kubelet'],
)

/** Kubelets, control planes, container runtimes, networks and storage of Kubernetes, wherever distributions keep them. */
export const KUBERNETES_PATHS = [
  ...group(RUNTIME_STATE, 'https://docs.docker.com/engine/daemon/', ['/var/lib/docker', '/var/lib/docker-engine']),
  ...group(RUNTIME_STATE, `${GITHUB}/containerd/containerd/blob/main/docs/ops.md`, ['/var/lib/containerd']),
  ...group(RUNTIME_STATE, `${GITHUB}/containers/storage/blob/main/docs/containers-storage.conf.5.md`, [
    '/var/lib/containers',
    '/var/cache/containers',
  ]),
  ...group(RUNTIME_STATE, `${GITHUB}/cri-o/cri-o/blob/main/docs/crio.conf.5.md`, ['/var/lib/crio']),
  ...group(RUNTIME_STATE, 'https://docs.k3s.io/cli/server', ['/var/lib/rancher']),
  ...group(RUNTIME_STATE, 'https://docs.k0sproject.io/stable/install/', ['/var/lib/k0s']),
  ...group(NETWORK, 'https://www.cni.dev/docs/cnitool/', ['/var/lib/cni', '/opt/cni']),
  ...group(ETCD, 'https://etcd.io/docs/latest/op-guide/configuration/', ['/var/lib/etcd']),
  ...group(RUNTIME_STATE, K8S, ['/var/lib/dockershim']),
  ...group(PROGRAMS, `${GITHUB}/containerd/containerd/blob/main/docs/managed-opt.md`, [
    '/opt/containerd',
    '/var/opt/containerd',
  ]),
  ...group(PROGRAMS, `${GITHUB}/containerd/nri/blob/main/README.md`, ['/opt/nri']),
  ...group(RUNTIME_STATE, `${GITHUB}/containerd/nerdctl/blob/main/docs/dir.md`, ['/var/lib/nerdctl']),
  ...group(RUNTIME_STATE, `${GITHUB}/moby/buildkit/blob/master/docs/buildkitd.toml.md`, ['/var/lib/buildkit']),
  ...group(RUNTIME_STATE, `${GITHUB}/Mirantis/cri-dockerd#readme`, ['/var/lib/cri-dockerd']),
  ...group(RUNTIME_STATE, 'https://linuxcontainers.org/incus/docs/main/', [
    '/var/lib/lxd',
    '/var/lib/incus',
    '/var/lib/lxc',
  ]),
  ...group(RUNTIME_STATE, `${GITHUB}/kata-containers/kata-containers/blob/main/docs/how-to/containerd-kata.md`, [
    '/opt/kata',
    '/var/lib/kata-containers',
    '/var/lib/vc',
  ]),
  ...group(RUNTIME_STATE, `${GITHUB}/firecracker-microvm/firecracker-containerd/blob/main/docs/getting-started.md`, [
    '/var/lib/firecracker-containerd',
  ]),
  ...group(RUNTIME_STATE, 'https://libvirt.org/drvqemu.html', ['/var/lib/libvirt']),
  ...group(KEYS, 'https://minikube.sigs.k8s.io/docs/handbook/persistent_volumes/', ['/var/lib/minikube']),
  ...group(
    KEYS,
    `${GITHUB}/kelseyhightower/kubernetes-the-hard-way/blob/master/docs/08-bootstrapping-kubernetes-controllers.md`,
    ['/var/lib/kubernetes'],
  ),
  ...group(KEYS, `${GITHUB}/kubernetes/kubernetes/blob/master/cluster/gce/gci/configure-helper.sh`, [
    '/var/lib/kube-proxy',
    '/var/etcd',
    '/srv/kubernetes',
  ]),
  ...group(ETCD, `${GITHUB}/siderolabs/talos/blob/main/pkg/machinery/constants/constants.go`, [
    '/var/lib/etcd.snapshot',
  ]),
  ...group(NETWORK, 'https://docs.tigera.io/calico/latest/reference/configure-cni-plugins', ['/var/lib/calico']),
  ...group(OTHER_VOLUMES, 'https://longhorn.io/docs/latest/deploy/install/', ['/var/lib/longhorn']),
  ...group(OTHER_VOLUMES, 'https://rook.io/docs/rook/latest/CRDs/Cluster/ceph-cluster-crd/', [
    '/var/lib/rook',
    '/var/lib/ceph',
  ]),
  ...group(OTHER_VOLUMES, 'https://docs.portworx.com/portworx-enterprise/reference', ['/opt/pwx', '/var/lib/osd']),
  ...group(OTHER_VOLUMES, 'https://linbit.com/drbd-user-guide/linstor-guide-1_0-en/', [
    '/var/lib/linstor',
    '/var/lib/linstor.d',
    '/var/lib/drbd',
  ]),
  ...group(OTHER_VOLUMES, 'https://docs.gluster.org/en/latest/Administrator-Guide/', ['/var/lib/glusterd']),
]
