import { group, NODE_CONFIGURATION, PROGRAMS, SOCKETS } from './entry.ts'

const MAN = 'https://www.freedesktop.org/software/systemd/man/latest'
const SERVICES = 'the programs here are started as root, and started again when they end'

/** What systemd and other supervisors load, merge or start as root. */
export const INIT_PATHS = [
  ...group(SOCKETS, `${MAN}/file-hierarchy.html`, ['/run/systemd']),
  ...group(SOCKETS, 'https://dbus.freedesktop.org/doc/dbus-daemon.1.html', ['/run/dbus']),
  ...group('images here are merged into /usr and /opt of the node', `${MAN}/systemd-sysext.html`, [
    '/var/lib/extensions',
    '/var/lib/extensions.mutable',
    '/run/extensions',
    '/opt/extensions',
  ]),
  ...group("images here are merged into the node's /etc", `${MAN}/systemd-sysext.html`, [
    '/var/lib/confexts',
    '/run/confexts',
  ]),
  ...group(NODE_CONFIGURATION, `${MAN}/systemd-stub.html`, ['/.extra']),
  ...group('systemd starts services as root from the images here', `${MAN}/portablectl.html`, ['/var/lib/portables']),
  ...group('systemd starts containers and virtual machines from the images here', `${MAN}/machinectl.html`, [
    '/var/lib/machines',
  ]),
  ...group(
    'the secret that seals credentials, the random seed, the list of users whose services start, and core dumps live here',
    `${MAN}/systemd-creds.html`,
    ['/var/lib/systemd'],
  ),
  ...group(NODE_CONFIGURATION, `${MAN}/systemd-creds.html`, ['/run/credentials', '/run/credstore']),
  ...group('private state of services, with their temporary files, lives here', `${MAN}/systemd.exec.html`, [
    '/var/lib/private',
    '/var/cache/private',
  ]),
  ...group(SERVICES, 'https://cr.yp.to/daemontools/svscan.html', ['/service', '/command']),
  ...group(SERVICES, 'http://smarden.org/runit/runsvdir.8.html', ['/var/service']),
  ...group(NODE_CONFIGURATION, 'https://networkmanager.dev/docs/api/latest/NetworkManager.conf.html', [
    '/var/lib/NetworkManager',
  ]),
  ...group(NODE_CONFIGURATION, 'https://iwd.wiki.kernel.org/networkconfigurationsettings', ['/var/lib/iwd']),
  ...group(
    'the DHCP client, which runs as root, reads its leases from here',
    'https://manpages.debian.org/bookworm/isc-dhcp-client/dhclient.8.en.html',
    ['/var/lib/dhcp', '/var/lib/dhclient', '/var/lib/dhcpcd'],
  ),
  ...group(
    'the keys and caches that decide who may log on to the node live here',
    'https://sssd.io/docs/introduction.html',
    [
      '/var/lib/sss',
      '/var/kerberos',
      '/var/lib/krb5kdc',
      '/var/lib/samba',
      '/var/lib/AccountsService',
      '/var/lib/fprint',
    ],
  ),
  ...group(NODE_CONFIGURATION, 'https://www.freedesktop.org/software/polkit/docs/latest/polkit.8.html', [
    '/var/lib/polkit-1',
  ]),
  ...group(PROGRAMS, 'https://manpages.debian.org/bookworm/dkms/dkms.8.en.html', ['/var/lib/dkms']),
  ...group(NODE_CONFIGURATION, 'https://manpages.debian.org/bookworm/alternatives/update-alternatives.1.en.html', [
    '/var/lib/alternatives',
  ]),
  ...group(NODE_CONFIGURATION, 'https://wiki.gentoo.org/wiki//var/db', ['/var/db']),
  ...group(
    'disks that the node attaches as root are configured here',
    'https://github.com/open-iscsi/open-iscsi#readme',
    ['/var/lib/iscsi', '/var/lib/open-iscsi', '/var/lib/nvme'],
  ),
  ...group(
    'the node exports its own folders to the network by what lives here',
    'https://man7.org/linux/man-pages/man7/nfs.systemd.7.html',
    ['/var/lib/nfs'],
  ),
  ...group(
    'the policy that confines the programs of the node lies here',
    'https://man7.org/linux/man-pages/man8/semanage.8.html',
    ['/var/lib/selinux'],
  ),
  ...group(
    'the key that signs kernel modules of this node lies here',
    'https://wiki.ubuntu.com/UEFI/SecureBoot/Signing',
    ['/var/lib/shim-signed'],
  ),
  ...group(
    'firmware that the node installs as root lies here',
    'https://fwupd.github.io/libfwupdplugin/env-vars.html',
    ['/var/lib/fwupd', '/var/cache/fwupd'],
  ),
]
