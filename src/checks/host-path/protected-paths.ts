/** A path of the node that no pod may reach, and what happens when one does. */
export interface ProtectedPath {
  readonly path: string
  readonly why: string
}

const NODE_CONFIGURATION = "a pod could change the node's own configuration and keys"
const PROGRAMS = "a pod could replace the node's own programs"
const KERNEL = 'a pod could reach the kernel and every other process of the node'
const RUNTIME_STATE =
  "the container runtime's files of every other pod would be open, and mounts could leak back to the node"
const SOCKETS =
  'the sockets of the container runtime live here: whoever reaches one controls every container of the node'
const LOGS = 'the logs of every pod would be readable, and links in them reach any file of the node'
const NETWORK = "a pod could change every other pod's network"
const ETCD = "the whole cluster's state lives here"
const KEYS = "the keys of the cluster's own components live here"
const DISK = "the node's own file system lies here under another name"

/** The default list, in the order in which messages name its entries. */
export const DEFAULT_PROTECTED_PATHS: readonly ProtectedPath[] = [
  {
    path: '/var/lib/kubelet',
    why: "the kubelet's volumes could not be torn down any more and new pods of the node would hang in ContainerCreating",
  },
  { path: '/etc', why: NODE_CONFIGURATION },
  { path: '/root', why: NODE_CONFIGURATION },
  { path: '/home', why: NODE_CONFIGURATION },
  { path: '/boot', why: PROGRAMS },
  { path: '/proc', why: KERNEL },
  { path: '/sys', why: KERNEL },
  { path: '/dev', why: KERNEL },
  { path: '/usr', why: PROGRAMS },
  { path: '/run', why: SOCKETS },
  { path: '/var/run', why: SOCKETS },
  { path: '/lib/modules', why: KERNEL },
  { path: '/var/log', why: LOGS },
  { path: '/var/lib/docker', why: RUNTIME_STATE },
  { path: '/var/lib/containerd', why: RUNTIME_STATE },
  { path: '/var/lib/containers', why: RUNTIME_STATE },
  { path: '/var/lib/crio', why: RUNTIME_STATE },
  { path: '/var/lib/rancher', why: RUNTIME_STATE },
  { path: '/var/lib/k0s', why: RUNTIME_STATE },
  { path: '/var/lib/cni', why: NETWORK },
  { path: '/opt/cni', why: NETWORK },
  { path: '/var/lib/etcd', why: ETCD },
  { path: '/var/lib/dockershim', why: RUNTIME_STATE },
  { path: '/var/lib/cloud', why: NODE_CONFIGURATION },
  { path: '/var/spool/cron', why: NODE_CONFIGURATION },
  { path: '/run/systemd', why: SOCKETS },
  { path: '/run/dbus', why: SOCKETS },
  { path: '/var/spool/at', why: NODE_CONFIGURATION },
  { path: '/var/lib/dpkg', why: PROGRAMS },
  { path: '/var/lib/rpm', why: PROGRAMS },
  { path: '/var/lib/extensions', why: PROGRAMS },
  { path: '/var/lib/snapd', why: PROGRAMS },
  { path: '/var/lib/waagent', why: PROGRAMS },
  { path: '/var/lib/amazon', why: PROGRAMS },
  { path: '/opt/bin', why: PROGRAMS },
  { path: '/opt/containerd', why: PROGRAMS },
  { path: '/opt/extensions', why: PROGRAMS },
  { path: '/opt/nri', why: PROGRAMS },
  { path: '/nix', why: PROGRAMS },
  { path: '/snap', why: PROGRAMS },
  { path: '/var/snap', why: RUNTIME_STATE },
  { path: '/var/vcap', why: RUNTIME_STATE },
  { path: '/var/data/kubelet', why: RUNTIME_STATE },
  { path: '/mnt/k8s-disks', why: RUNTIME_STATE },
  { path: '/var/etcd', why: ETCD },
  { path: '/var/lib/minikube', why: KEYS },
  { path: '/var/lib/kubernetes', why: KEYS },
  { path: '/var/lib/kube-proxy', why: KEYS },
  { path: '/srv/kubernetes', why: KEYS },
  { path: '/system', why: NODE_CONFIGURATION },
  // Where distributions keep what is linked or mounted to the paths above: ostree, Container-Optimized OS, Bottlerocket.
  { path: '/sysroot', why: DISK },
  { path: '/ostree', why: DISK },
  { path: '/var/home', why: NODE_CONFIGURATION },
  { path: '/var/roothome', why: NODE_CONFIGURATION },
  { path: '/var/opt/cni', why: NETWORK },
  { path: '/mnt/stateful_partition', why: DISK },
  { path: '/local/var', why: DISK },
  { path: '/local/opt', why: DISK },
  // On a node of Windows a path without a drive is on its drive C.
  { path: '/windows', why: PROGRAMS },
  { path: '/program files', why: PROGRAMS },
  { path: '/program files (x86)', why: PROGRAMS },
  { path: '/programdata', why: NODE_CONFIGURATION },
  { path: '/users', why: NODE_CONFIGURATION },
  { path: '/k', why: NODE_CONFIGURATION },
]
