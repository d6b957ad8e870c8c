import { AGENT_PATHS } from './protected/agents.ts'
import { CLOUD_PATHS } from './protected/clouds.ts'
import { DISTRIBUTION_PATHS, onOstree } from './protected/distributions.ts'
import type { ProtectedPath } from './protected/entry.ts'
import { KUBELET_PATHS, KUBERNETES_PATHS } from './protected/kubernetes.ts'
import { NODE_PATHS } from './protected/node.ts'
import { SHARED_PATHS } from './protected/shared.ts'
import { INIT_PATHS } from './protected/systemd.ts'
import { WINDOWS_PATHS } from './protected/windows.ts'

const ELSEWHERE = [
  ...KUBERNETES_PATHS,
  ...INIT_PATHS,
  ...DISTRIBUTION_PATHS,
  ...CLOUD_PATHS,
  ...AGENT_PATHS,
  ...NODE_PATHS,
]

/** The default list as the documentation shows it: groups by what a path belongs to. */
export const PROTECTED_GROUPS: readonly { readonly title: string; readonly paths: readonly ProtectedPath[] }[] = [
  { title: 'The kubelet', paths: KUBELET_PATHS },
  { title: 'Every Linux node', paths: NODE_PATHS },
  { title: 'Kubernetes, container runtimes, networks and storage', paths: KUBERNETES_PATHS },
  { title: 'systemd, other supervisors and services of the system', paths: INIT_PATHS },
  { title: 'Distributions for nodes', paths: DISTRIBUTION_PATHS },
  { title: 'Clouds and installers of clusters', paths: CLOUD_PATHS },
  { title: 'Package managers and agents that run as root', paths: AGENT_PATHS },
  { title: 'The same on ostree, where /opt, /srv and /mnt are links into /var', paths: onOstree(ELSEWHERE) },
  { title: 'Folders that everybody can write to', paths: SHARED_PATHS },
  { title: 'Windows', paths: WINDOWS_PATHS },
]

/** The default list. Where a path contains several of them, a message names the first. */
export const DEFAULT_PROTECTED_PATHS: readonly ProtectedPath[] = PROTECTED_GROUPS.flatMap(({ paths }) => paths)
