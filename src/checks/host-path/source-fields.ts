import { quote } from '../../admission/text.ts'
import { get, getList, getString, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { type Fault, fsTypeFault, mountOptionFault, serverFault } from './mount-options.ts'
import type { HostPathParams } from './params.ts'
import { judgePath } from './verdict.ts'

/** What is wrong with one field of a volume source. */
export interface FieldFault extends Fault {
  /** The way from the source to the field. */
  readonly at: readonly (string | number)[]
  readonly key: string
}

/** Sources whose disk the kubelet formats and mounts itself. */
const DISKS: ReadonlySet<string> = new Set([
  'awsElasticBlockStore',
  'azureDisk',
  'cinder',
  'fc',
  'gcePersistentDisk',
  'iscsi',
  'local',
  'photonPersistentDisk',
  'portworxVolume',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
])
/** Sources that name servers, and in which field. */
const SERVERS: ReadonlyMap<string, string> = new Map([
  ['nfs', 'server'],
  ['cephfs', 'monitors'],
  ['rbd', 'monitors'],
])

/**
 * Judges the fields of a volume source that reach mount(8) or name a path of the node. Nearly every source has none of them.
 */
export function sourceFieldFaults(
  source: string,
  value: Json | undefined,
  params: HostPathParams,
): readonly FieldFault[] {
  if (!isObject(value)) return []
  const faults: FieldFault[] = []
  const add = (at: readonly (string | number)[], fault: Fault | undefined) => {
    if (fault !== undefined) faults.push({ ...fault, at, key: `${source} ${fault.says}` })
  }
  const isDisk = DISKS.has(source)
  const fsType = getString(value, 'fsType')
  if (fsType !== undefined && (isDisk || source === 'csi'))
    add(['fsType'], fsTypeFault(fsType, isDisk ? 'disk' : 'csi'))
  const servers = SERVERS.get(source)
  if (servers !== undefined) {
    add([servers], serverFault(getString(value, servers) ?? ''))
    for (const [index, server] of getList(value, servers).entries())
      if (typeof server === 'string') add([servers, index], serverFault(server))
  }
  if (source !== 'csi') return faults
  const attributes = get(value, 'volumeAttributes')
  if (isObject(attributes))
    for (const [name, fault] of settingFaults(attributes, params)) add(['volumeAttributes', name], fault)
  return faults
}

const OPTIONS = /^(?:.*[./])?mount[-_]?(?:options|opts|flags)$/i
const NODE_PATH = /^(?:.*[./])?(?:(?:host|node|local|base)[-_]?(?:path|dir|directory)|pvDir)$/i

/**
 * Judges the settings of a driver or a provisioner: `volumeAttributes` of a CSI volume, `parameters` of a StorageClass.
 *
 * @returns the setting's name and what is wrong with it.
 */
export function settingFaults(
  settings: JsonObject,
  params: HostPathParams,
): readonly (readonly [name: string, fault: Fault])[] {
  return Object.keys(settings).flatMap(name => {
    const value = getString(settings, name)
    const fault = value === undefined ? undefined : settingFault(name, value, params)
    return fault === undefined ? [] : [[name, fault] as const]
  })
}

function settingFault(name: string, value: string, params: HostPathParams): Fault | undefined {
  if (OPTIONS.test(name)) return mountOptionFault(value, params)
  if (name.toLowerCase() === 'server') return serverFault(value)
  if (!NODE_PATH.test(name) || !/^[/\\]|\.\./.test(value)) return undefined
  const verdict = judgePath(value, '', params)
  if (verdict.kind === 'allowed') return undefined
  const says = `keeps its files in the node's path ${quote(value)} (${name}), which ${verdict.reason}`
  return {
    says,
    hint: 'keep them on a disk or in a directory that is set apart for them, such as /mnt/disks/ssd0',
    path: verdict.path,
  }
}
