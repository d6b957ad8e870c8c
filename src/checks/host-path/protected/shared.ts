import { group } from './entry.ts'

/**
 * What a path under a folder is worth that everybody may write: a pod puts a link in its place, and the volume of the next pod is
 * wherever the link leads, since the container runtime follows it as root of the node.
 */
const SHARED =
  'everybody on the node can write there, other pods too: a link put in the place of the path leads the volume to any file of the node, and the sockets and files of others lie beside it'

const HINT =
  'use an emptyDir (medium Memory in place of /dev/shm), a PersistentVolumeClaim, or a directory that only root of the node can write to, such as /data/<app>'

const FHS = 'https://refspecs.linuxfoundation.org/FHS_3.0/fhs-3.0.html'

/** Folders of the node that are writable for everybody (mode 1777 and the like), and all that lies under them. */
export const SHARED_PATHS = [
  ...group(SHARED, 'https://systemd.io/TEMPORARY_DIRECTORIES/', ['/tmp', '/var/tmp'], HINT),
  ...group(SHARED, 'https://man7.org/linux/man-pages/man7/shm_overview.7.html', ['/dev/shm', '/run/shm'], HINT),
  ...group(SHARED, 'https://man7.org/linux/man-pages/man7/mq_overview.7.html', ['/dev/mqueue'], HINT),
  ...group(SHARED, `${FHS}#runlock`, ['/run/lock'], HINT),
  ...group(SHARED, 'https://www.freedesktop.org/software/systemd/man/latest/pam_systemd.html', ['/run/user'], HINT),
  ...group(SHARED, 'https://wiki.ubuntu.com/Apport', ['/var/crash', '/var/metrics'], HINT),
  ...group(SHARED, FHS, ['/var/mail', '/var/spool/mail'], HINT),
  ...group(SHARED, 'https://www.php.net/manual/en/session.configuration.php', ['/var/lib/php'], HINT),
  ...group(SHARED, 'https://www.cups.org/doc/man-cupsd.conf.html', ['/var/spool/cups'], HINT),
  ...group(SHARED, 'https://www.samba.org/samba/docs/current/man-html/smb.conf.5.html', ['/var/spool/samba'], HINT),
]
