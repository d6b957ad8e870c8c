/*
What reaches mount(8) from a manifest. The kubelet runs `mount -t TYPE -o OPTIONS SOURCE DIRECTORY` as root (pkg/volume and
k8s.io/mount-utils), and CSI drivers do the same: an option can turn the volume into a bind mount of the node's own files.
*/
import { quote } from '../../admission/text.ts'
import type { HostPathParams } from './params.ts'
import { judgePath } from './verdict.ts'

/** What is wrong with one value: the end of a sentence that begins with the volume. */
export interface Fault {
  readonly says: string
  readonly hint: string
  /** The path of the node that the value names. */
  readonly path?: string
}

const LEAVE_OUT = 'leave the option out'

/** Options by which mount(8) mounts something else than the source; mount(8), "filesystem-independent mount options". */
const REDIRECTS: ReadonlySet<string> = new Set([
  'bind',
  'rbind',
  'move',
  'remount',
  'loop',
  'offset',
  'sizelimit',
  'lowerdir',
  'lowerdir+',
  'datadir+',
  'upperdir',
  'workdir',
])
/** Options by which mount(8) or umount(8) run another program, `mount.NAME`, as root. */
const HELPERS: ReadonlySet<string> = new Set(['helper', 'uhelper', 'fusermount', 'subtype'])
const SHARED = /^(?:make-)?r?shared$/

/**
 * Judges a list of mount options as manifests write them: each may hold several, with commas between.
 *
 * @returns undefined if mount(8) does nothing with them but mount the volume.
 */
export function mountOptionFault(text: string, params: HostPathParams): Fault | undefined {
  for (const option of text.split(',')) {
    const trimmed = option.trim()
    const equals = trimmed.indexOf('=')
    const name = (equals === -1 ? trimmed : trimmed.slice(0, equals)).trim().replaceAll('"', '').toLowerCase()
    const value = equals === -1 ? '' : trimmed.slice(equals + 1).replaceAll('"', '')
    const fault = faultOfOption(quote(trimmed), name, value, params)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultOfOption(shown: string, name: string, value: string, params: HostPathParams): Fault | undefined {
  const has = `has the mount option ${shown}`
  if (REDIRECTS.has(name)) {
    return { says: `${has}: with it the kubelet mounts a path of the node in place of the volume`, hint: LEAVE_OUT }
  }
  if (HELPERS.has(name)) return { says: `${has}: it names a program that runs as root of the node`, hint: LEAVE_OUT }
  if (name.startsWith('x-mount.')) {
    return { says: `${has}: it changes what is mounted, or makes folders on the node`, hint: LEAVE_OUT }
  }
  if (SHARED.test(name)) {
    return { says: `${has}: what is mounted in the volume appears on the node and stays there`, hint: LEAVE_OUT }
  }
  if (/\s/.test(`${name}${value}`.trim())) {
    return {
      says: `${has}: a blank inside it may end it, and begin another`,
      hint: 'write options with commas between',
    }
  }
  // A file of credentials, a log, a key: what the mount program opens as root, from the root of the node.
  if (!value.includes('/')) return undefined
  const verdict = judgePath(value.startsWith('/') ? value : `/${value}`, '', params)
  if (verdict.kind === 'allowed') return undefined
  const hint = 'name a Secret in the volume, not a file of the node'
  return { says: `${has}, whose path ${verdict.reason}`, hint, path: verdict.path }
}

/** File systems of a disk: for each the kubelet runs `mkfs.NAME` and `mount -t NAME`. */
const DISK_FILE_SYSTEMS: ReadonlySet<string> = new Set([
  '',
  'auto',
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'ntfs',
  'ntfs3',
  'vfat',
  'exfat',
  'f2fs',
  'jfs',
  'reiserfs',
  'nilfs2',
  'zfs',
  'ocfs2',
  'gfs2',
  'bcachefs',
  'erofs',
  'squashfs',
  'iso9660',
  'udf',
])

/** File systems that show the node itself, whatever the disk holds. */
const NODE_FILE_SYSTEMS =
  /^(?:none|bind|rbind|overlay|overlayfs|aufs|proc|sysfs|devtmpfs|devpts|debugfs|tracefs|securityfs|cgroup2?|bpf|configfs|efivarfs|pstore|mqueue|binfmt_misc|autofs)$/i
const NAME = /^[A-Za-z0-9][\w.+-]*$/

/**
 * Judges the `fsType` of a volume.
 *
 * @param kind `disk` of a source that the kubelet formats and mounts itself; `csi` of one that a driver mounts.
 */
export function fsTypeFault(fsType: string, kind: 'disk' | 'csi'): Fault | undefined {
  const isDisk = DISK_FILE_SYSTEMS.has(fsType.toLowerCase())
  if (isDisk) return undefined
  const has = `has the fsType ${quote(fsType)}`
  const hint = 'leave fsType out, or use ext4 or xfs'
  if (!NAME.test(fsType)) {
    return {
      says: `${has}, which is not the name of a file system: the node runs mkfs.NAME and mount.NAME as root`,
      hint,
    }
  }
  if (NODE_FILE_SYSTEMS.test(fsType)) {
    return { says: `${has}: it shows the files of the node, whatever the volume holds`, hint }
  }
  if (kind === 'csi') return undefined
  return { says: `${has}, which is not the file system of a disk: mount(8) runs mount.NAME as root`, hint }
}

const SERVER = /^[A-Za-z0-9_[][\w.:%[\]-]*$/

/** Judges the server of a network file system: with a slash or a dash in front, mount(8) takes it for a path or an option. */
export function serverFault(server: string): Fault | undefined {
  if (server === '' || SERVER.test(server)) return undefined
  const says = `has the server ${quote(server)}, which is neither a name nor an address: mount(8) may take it for a path of the node or an option`
  return { says, hint: 'write the name or the address of the server' }
}
