import { BOOT, DISK, group, KERNEL, NODE_CONFIGURATION, PROGRAMS, SOCKETS } from './entry.ts'

const FHS = 'https://refspecs.linuxfoundation.org/FHS_3.0/fhs-3.0.html'
const HIERARCHY = 'https://www.freedesktop.org/software/systemd/man/latest/file-hierarchy.html'
const MAN = 'https://man7.org/linux/man-pages'

/** What every Linux node has, whoever made it: configuration, programs, the kernel, boot loaders, jobs of root. */
export const NODE_PATHS = [
  ...group(NODE_CONFIGURATION, FHS, ['/etc', '/root', '/home']),
  ...group(BOOT, FHS, ['/boot']),
  ...group(KERNEL, `${MAN}/man5/proc.5.html`, ['/proc']),
  ...group(KERNEL, `${MAN}/man5/sysfs.5.html`, ['/sys']),
  ...group(KERNEL, HIERARCHY, ['/dev']),
  ...group(PROGRAMS, HIERARCHY, ['/usr']),
  ...group(SOCKETS, HIERARCHY, ['/run', '/var/run']),
  ...group(KERNEL, 'https://man7.org/linux/man-pages/man8/modprobe.8.html', ['/lib/modules']),
  ...group(
    'the logs of every pod would be readable, and links in them reach any file of the node',
    'https://kubernetes.io/docs/concepts/cluster-administration/logging/',
    ['/var/log'],
  ),
  ...group(NODE_CONFIGURATION, `${MAN}/man8/cron.8.html`, ['/var/spool/cron', '/var/cron']),
  ...group(NODE_CONFIGURATION, `${MAN}/man1/at.1p.html`, ['/var/spool/at']),
  ...group(NODE_CONFIGURATION, `${MAN}/man8/anacron.8.html`, ['/var/spool/anacron']),
  ...group(
    "copies of the node's password files are kept here",
    'https://sources.debian.org/src/shadow/1:4.13+dfsg1-1/debian/passwd.cron.daily/',
    ['/var/backups'],
  ),
  ...group(BOOT, 'https://www.freedesktop.org/software/systemd/man/latest/bootctl.html', ['/efi', '/esp', '/loader']),
  ...group(BOOT, 'https://docs.kernel.org/filesystems/ramfs-rootfs-initramfs.html', ['/init', '/linuxrc', '/initrd']),
  ...group(KERNEL, 'https://github.com/SELinuxProject/selinux/blob/main/libselinux/src/selinux_internal.h', [
    '/selinux',
  ]),
  ...group(KERNEL, 'https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html', ['/cgroup']),
  ...group("a file that the file system's check found lies here, whoever it belonged to", FHS, ['/lost+found']),
  ...group('the memory of every process of the node was written here', `${MAN}/man8/swapon.8.html`, [
    '/swap',
    '/swapfile',
    '/swap.img',
  ]),
  ...group(DISK, 'https://github.com/prometheus/node_exporter#docker', ['/host', '/hostfs', '/rootfs', '/mnt/host']),
]
