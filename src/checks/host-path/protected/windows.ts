import { AGENT, group, KEYS, NODE_CONFIGURATION, PROGRAMS } from './entry.ts'

const WIN = 'https://learn.microsoft.com/windows'

/** On a node of Windows a path without a drive is on its drive C. They are written in lower case: Windows knows no case. */
export const WINDOWS_PATHS = [
  ...group(PROGRAMS, `${WIN}/win32/shell/knownfolderid`, ['/windows', '/program files', '/program files (x86)']),
  ...group(NODE_CONFIGURATION, `${WIN}/win32/shell/knownfolderid`, ['/programdata', '/users']),
  ...group(
    'it is a link to /users, which old programs know by this name',
    'https://learn.microsoft.com/troubleshoot/windows-client/setup-upgrade-and-drivers/cannot-open-documents-and-settings',
    ['/documents and settings'],
  ),
  ...group(PROGRAMS, 'https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/adding-windows-nodes/', ['/k']),
  ...group(
    'Windows installs as SYSTEM from here, or sets itself back to what lies here',
    `${WIN}/win32/msi/rollback-installation`,
    [
      '/config.msi',
      '/$winreagent',
      '/recovery',
      '/system volume information',
      '/$extend',
      '/$recycle.bin',
      '/windows.old',
    ],
  ),
  ...group('the memory of every process was written here', `${WIN}-server/administration/performance-tuning/`, [
    '/pagefile.sys',
    '/hiberfil.sys',
    '/swapfile.sys',
  ]),
  ...group(PROGRAMS, `${WIN}-hardware/manufacture/desktop/bcdboot-command-line-options-techref-di`, [
    '/bootmgr',
    '/boot.ini',
    '/autoexec.bat',
  ]),
  ...group(PROGRAMS, 'https://learn.microsoft.com/iis/', ['/inetpub']),
  ...group(AGENT, 'https://learn.microsoft.com/azure/virtual-machines/extensions/features-windows', [
    '/packages/plugins',
    '/windowsazure',
  ]),
  ...group(KEYS, 'https://github.com/Azure/AgentBaker/tree/master/parts/windows', ['/azuredata', '/akse-cache']),
  ...group(AGENT, 'https://docs.chef.io/chef_client_overview/', ['/chef', '/opscode']),
]
