import { DISK, group, KEYS, NODE_CONFIGURATION, PROGRAMS, type ProtectedPath, RUNTIME_STATE } from './entry.ts'

const OSTREE = 'https://ostreedev.github.io/ostree/adapting-existing/'
const COS = 'https://cloud.google.com/container-optimized-os/docs/concepts/disks-and-filesystem'
const BOTTLEROCKET = 'https://github.com/bottlerocket-os/bottlerocket/blob/develop/SECURITY_FEATURES.md'
const ELEMENTAL = 'https://rancher.github.io/elemental-toolkit/docs/customizing/configuration_persistency'
const ROOT_COPY = "a copy of the node's root lies here, with its keys, and the node can be set back to it"

/** Distributions that are made for nodes, and those whose root is read-only: what is written lies elsewhere. */
export const DISTRIBUTION_PATHS = [
  // Fedora CoreOS, RHEL CoreOS, Fedora IoT, bootc: /home, /root, /opt, /usr/local and /mnt are links into /var.
  ...group(DISK, OSTREE, ['/sysroot', '/ostree']),
  ...group(NODE_CONFIGURATION, OSTREE, ['/var/home', '/var/roothome']),
  ...group(PROGRAMS, OSTREE, ['/var/usrlocal']),
  ...group(PROGRAMS, 'https://coreos.github.io/rpm-ostree/administrator-handbook/', [
    '/var/lib/rpm-ostree',
    '/var/cache/rpm-ostree',
  ]),
  ...group(NODE_CONFIGURATION, 'https://coreos.github.io/ignition/', ['/var/lib/ignition']),
  // SUSE Linux Enterprise Micro, openSUSE MicroOS.
  ...group(ROOT_COPY, 'http://snapper.io/manpages/snapper.html', ['/.snapshots']),
  ...group(
    "what is changed in the node's /etc lies here",
    'https://kubic.opensuse.org/documentation/man-pages/transactional-update.8.html',
    ['/var/lib/overlay'],
  ),
  ...group(NODE_CONFIGURATION, 'https://documentation.suse.com/sle-micro/', [
    '/var/lib/ca-certificates',
    '/var/lib/wicked',
  ]),
  // Talos.
  ...group(NODE_CONFIGURATION, 'https://www.talos.dev/latest/learn-more/architecture/', ['/system', '/layers']),
  ...group(
    "what is changed in the node's /etc, /opt and /usr lies here",
    'https://github.com/siderolabs/talos/blob/main/pkg/machinery/constants/constants.go',
    ['/var/system'],
  ),
  // Bottlerocket.
  ...group(DISK, BOTTLEROCKET, ['/local/var', '/local/opt', '/local/etc', '/local/mnt', '/.bottlerocket']),
  ...group(KEYS, 'https://github.com/bottlerocket-os/bottlerocket-settings-sdk', ['/var/lib/bottlerocket']),
  ...group(
    'containers that are root of the node keep their programs and keys here',
    'https://github.com/bottlerocket-os/bottlerocket-admin-container#readme',
    ['/local/host-containers', '/local/bootstrap-containers', '/var/lib/host-containerd'],
  ),
  // Flatcar Container Linux.
  ...group(PROGRAMS, 'https://www.flatcar.org/docs/latest/provisioning/sysext/', ['/opt/bin']),
  ...group(PROGRAMS, 'https://github.com/flatcar/update_engine', ['/var/lib/update_engine']),
  // Elemental, Harvester, Kairos, k3OS.
  ...group('the commands in the files here run as root when the node boots', ELEMENTAL, ['/oem']),
  ...group(DISK, 'https://rancher.github.io/elemental-toolkit/docs/reference/immutable_rootfs', ['/run/initramfs']),
  ...group(DISK, 'https://github.com/rancher/k3os#readme', ['/k3os']),
  ...group(RUNTIME_STATE, 'https://docs.harvesterhci.io/latest/', ['/var/lib/harvester', '/var/lib/elemental']),
  // Container-Optimized OS.
  ...group(DISK, COS, ['/mnt/stateful_partition']),
  ...group(PROGRAMS, COS, ['/var/lib/toolbox']),
  ...group(NODE_CONFIGURATION, COS, ['/var/lib/google']),
  // RKE2, k3s, MicroShift, MicroK8s, BOSH.
  ...group(PROGRAMS, 'https://docs.rke2.io/install/methods', ['/opt/rke2']),
  ...group(PROGRAMS, 'https://docs.k3s.io/installation/configuration', ['/opt/k3s']),
  ...group(KEYS, 'https://github.com/openshift/microshift/blob/main/docs/user/howto_config.md', [
    '/var/lib/microshift',
    '/var/lib/microshift-backups',
  ]),
  ...group(RUNTIME_STATE, 'https://microk8s.io/docs/ref-launch-config', ['/var/snap']),
  ...group(RUNTIME_STATE, 'https://bosh.io/docs/vm-config/', ['/var/vcap']),
  // NixOS, Guix.
  ...group(PROGRAMS, 'https://nixos.org/manual/nix/stable/', ['/nix', '/var/lib/nixos']),
  ...group(PROGRAMS, 'https://guix.gnu.org/manual/en/html_node/The-Store.html', ['/gnu', '/var/guix']),
  // Ubuntu Core.
  ...group(DISK, 'https://documentation.ubuntu.com/core/explanation/core-elements/storage-layout/', ['/writable']),
  // Docker Desktop and WSL, where the node is a virtual machine of the developer's computer.
  ...group("the developer's own files lie here", 'https://docs.docker.com/desktop/', ['/host_mnt', '/private']),
  ...group(
    'the disks of all distributions of this computer lie here',
    'https://learn.microsoft.com/windows/wsl/wsl-config',
    ['/mnt/wsl', '/mnt/wslg'],
  ),
]

/** What is a folder elsewhere and a link into /var on ostree. */
const OSTREE_LINKS: readonly (readonly [from: string, to: string])[] = [
  ['/opt', '/var/opt'],
  ['/srv', '/var/srv'],
  ['/mnt', '/var/mnt'],
]

/** The same paths by the names that they have on ostree, where those that are given lie under links. */
export function onOstree(paths: readonly ProtectedPath[]): readonly ProtectedPath[] {
  const known = new Set(paths.map(({ path }) => path))
  return OSTREE_LINKS.flatMap(([from, to]) =>
    paths
      .filter(({ path }) => path.startsWith(`${from}/`))
      .map(entry => ({ ...entry, path: to + entry.path.slice(from.length), source: OSTREE }))
      .filter(({ path }) => !known.has(path)),
  )
}
