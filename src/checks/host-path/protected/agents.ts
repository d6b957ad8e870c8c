import { AGENT, group, PROGRAMS } from './entry.ts'

const APT = 'https://manpages.debian.org/bookworm/apt/apt.conf.5.en.html'
const LOCAL_ONLY = 'https://refspecs.linuxfoundation.org/FHS_3.0/fhs-3.0.html'

/** Package managers, configuration management and other agents that run as root. */
export const AGENT_PATHS = [
  ...group(PROGRAMS, 'https://man7.org/linux/man-pages/man1/dpkg.1.html', ['/var/lib/dpkg']),
  ...group(PROGRAMS, 'https://rpm.org/docs/', ['/var/lib/rpm', '/var/lib/rpm-state']),
  ...group(PROGRAMS, APT, ['/var/lib/apt', '/var/cache/apt', '/var/cache/debconf']),
  ...group(PROGRAMS, 'https://dnf.readthedocs.io/en/latest/conf_ref.html', [
    '/var/lib/dnf',
    '/var/cache/dnf',
    '/var/cache/libdnf5',
    '/var/lib/yum',
    '/var/cache/yum',
  ]),
  ...group(PROGRAMS, 'https://en.opensuse.org/SDB:Zypper_manual', ['/var/lib/zypp', '/var/cache/zypp']),
  ...group(PROGRAMS, 'https://man.archlinux.org/man/pacman.8', ['/var/lib/pacman', '/var/cache/pacman']),
  ...group(PROGRAMS, 'https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper', ['/var/cache/apk']),
  ...group(PROGRAMS, 'https://wiki.gentoo.org/wiki/Portage', ['/var/lib/portage', '/var/lib/gentoo']),
  ...group(PROGRAMS, 'https://snapcraft.io/docs/system-options', ['/var/lib/snapd', '/snap']),
  ...group(PROGRAMS, 'https://docs.flatpak.org/en/latest/flatpak-command-reference.html', ['/var/lib/flatpak']),
  ...group(AGENT, 'https://www.puppet.com/docs/puppet/latest/dirs_vardir.html', ['/opt/puppetlabs', '/var/lib/puppet']),
  ...group(AGENT, 'https://docs.saltproject.io/en/latest/ref/configuration/minion.html', [
    '/var/cache/salt',
    '/opt/saltstack',
    '/srv/salt',
    '/srv/pillar',
    '/salt',
  ]),
  ...group(AGENT, 'https://docs.chef.io/chef_client_overview/', [
    '/opt/chef',
    '/var/chef',
    '/opt/cinc',
    '/opt/opscode',
  ]),
  ...group(AGENT, 'https://docs.cfengine.com/docs/master/', ['/var/cfengine']),
  ...group(AGENT, 'https://techdocs.broadcom.com/us/en/vmware-cis/vsphere/tools.html', ['/var/lib/vmware']),
  ...group(AGENT, 'https://goteleport.com/docs/reference/backends/', ['/var/lib/teleport']),
  ...group(AGENT, 'https://tailscale.com/kb/1278/tailscaled', ['/var/lib/tailscale']),
  ...group(AGENT, 'https://spiffe.io/docs/latest/deploying/spire_agent/', ['/opt/spire']),
  ...group(PROGRAMS, LOCAL_ONLY, ['/opt/lib']),
]
