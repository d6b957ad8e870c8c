import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { dig, get, getList, getString, type Json, type JsonObject } from '../../json/value.ts'
import type { Argument } from '../../workload/commands/output.ts'
import type { Container, Pod } from '../../workload/pod.ts'
import { EtcdFlags } from './flags.ts'
import { argvOf, argvOfCopy, runsScript } from './program.ts'
import { etcdVariablesOf } from './variables.ts'
import { PodVolumes } from './volumes.ts'

/** One etcd as a container starts it. */
export interface EtcdMember {
  readonly container: Container
  /** Undefined where it cannot be read; `unread` says why. */
  readonly state: string | undefined
  readonly unread: string
  /** Where the state stands, or the container where it stands nowhere. */
  readonly statePointer: Pointer
  /** How many members the cluster has, as far as the manifest says. */
  readonly size: 'one' | 'several' | 'unknown'
  readonly isForced: boolean
  readonly volume: DataVolume
}

/** Where a member keeps its data. */
export interface DataVolume {
  readonly pointer: Pointer
  /** What the volume is, and where on it the data lies, whatever it is called; undefined where the data is on no volume. */
  readonly identity: readonly string[] | undefined
  /** Whether it outlives the pod. */
  readonly lasts: boolean
}

/** What a pod has to do with etcd. */
export interface EtcdPod {
  readonly members: readonly EtcdMember[]
  /** Why it cannot be read whether further containers, which have to do with how a cluster starts, are members. */
  readonly unread: readonly string[]
}

export const NONE: EtcdPod = { members: [], unread: [] }

/** The containers of a pod that run etcd. */
export function etcdIn(pod: Pod, object: JsonObject): EtcdPod {
  if (!pod.containers.some(mentionsEtcd)) return NONE
  const volumes = new PodVolumes(pod, object)
  const members: EtcdMember[] = []
  const unread: string[] = []
  for (const container of pod.containers) {
    if (!mentionsEtcd(container)) continue
    const argv = etcdArgv(container)
    const [reason] = container.commands.unreadable
    if (argv !== undefined) members.push(memberOf(container, argv, volumes, object))
    else if (reason !== undefined && isToldHowToStart(container)) {
      unread.push(`container ${quote(container.name)} has to do with how etcd starts, and ${reason}`)
    }
  }
  return { members, unread }
}

/** Nearly every container does not: nothing of it has to be read. */
function mentionsEtcd(container: Container): boolean {
  return /etcd/i.test(container.image) || isWordOf(container, /etcd/)
}

function isToldHowToStart(container: Container): boolean {
  const isVariable = (item: Json) => getString(item, 'name')?.startsWith('ETCD_INITIAL') === true
  return isWordOf(container, /initial-cluster|ETCD_INITIAL/) || getList(container.value, 'env').some(isVariable)
}

function isWordOf({ value }: Container, pattern: RegExp): boolean {
  return ['command', 'args'].some(list =>
    getList(value, list).some(word => typeof word === 'string' && pattern.test(word)),
  )
}

/** The arguments that etcd gets; of an image called etcd without a command, those of its entrypoint. */
function etcdArgv({ image, value, commands: { commands } }: Container): readonly Argument[] | undefined {
  const started = argvOf(commands)
  if (started !== undefined) return started
  const isImage = /(?:^|\/)etcd(?:[:@]|$)/.test(image)
  const hasCommand = getList(value, 'command').length > 0
  if (!isImage) return undefined
  if (!hasCommand) return commands[0]?.argv.slice(1) ?? []
  return argvOfCopy(commands) ?? (commands.some(runsScript) ? [undefined] : undefined)
}

function memberOf(
  container: Container,
  argv: readonly Argument[],
  volumes: PodVolumes,
  object: JsonObject,
): EtcdMember {
  const flags = new EtcdFlags(argv, etcdVariablesOf(container))
  const file = flags.get('config-file')
  const state = file.isSet ? undefined : flags.get('initial-cluster-state')
  return {
    container,
    state: state === undefined ? undefined : state.isSet ? state.value : 'new',
    unread: file.isSet ? 'it is in a configuration file' : 'it is not written in the manifest',
    statePointer: pointerTo(container, 'initial-cluster-state', 'ETCD_INITIAL_CLUSTER_STATE'),
    size: sizeOf(flags, object),
    isForced: flags.isForced,
    volume: dataVolume(container, flags, volumes),
  }
}

/** A cluster's size: what --initial-cluster lists; discovery is for several; replicas of a StatefulSet are members. */
function sizeOf(flags: EtcdFlags, object: JsonObject): EtcdMember['size'] {
  if (flags.get('discovery').isSet || flags.get('discovery-srv').isSet) return 'several'
  const replicas = get(object, 'kind') === 'StatefulSet' ? get(get(object, 'spec'), 'replicas') : undefined
  if (typeof replicas === 'number' && replicas > 1) return 'several'
  const cluster = flags.get('initial-cluster')
  if (!cluster.isSet) return 'one'
  if (cluster.value === undefined) return 'unknown'
  return cluster.value.split(',').filter(Boolean).length > 1 ? 'several' : 'one'
}

/** Where the data lies and, where that is somewhere else, the log by which etcd tells that it has been there before. */
function dataVolume(container: Container, flags: EtcdFlags, volumes: PodVolumes): DataVolume {
  const name = flags.get('name').value ?? 'default'
  const directory = withoutSlashes(flags.get('data-dir').value ?? `/${name}.etcd`)
  const data = placeOf(directory, container, volumes)
  const log = flags.get('wal-dir')
  if (!log.isSet || data.identity === undefined || log.value === `${directory}/member/wal`) return data
  const place = placeOf(withoutSlashes(log.value ?? ''), container, volumes)
  return { ...data, identity: [...data.identity, ...(place.identity ?? [''])], lasts: data.lasts && place.lasts }
}

function placeOf(directory: string, container: Container, volumes: PodVolumes): DataVolume {
  const mounts = container.mounts
    .map(mount => ({ mount, path: withoutSlashes(getString(mount.value, 'mountPath') ?? '') || '/' }))
    .filter(({ path }) => directory === path || directory.startsWith(path === '/' ? '/' : `${path}/`))
    .toSorted((a, b) => b.path.length - a.path.length)
  const [found] = mounts
  if (found === undefined) return { pointer: container.pointer, identity: undefined, lasts: false }
  const { pointer, volume: name, value } = found.mount
  const folder = [get(value, 'subPath') ?? '', get(value, 'subPathExpr') ?? '', directory.slice(found.path.length)]
  const known = volumes.find(name)
  if (known === undefined) return { pointer, identity: undefined, lasts: false }
  const { volume, source, lasts } = known
  return { pointer: volume?.pointer ?? pointer, identity: [source, JSON.stringify(folder)], lasts }
}

/** Whether two members keep their data in the same place. */
export function isSamePlace({ identity: one }: DataVolume, { identity: other }: DataVolume): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.length === other.length && one.every((part, index) => part === other[index])
}

function withoutSlashes(path: string): string {
  let end = path.length
  while (end > 0 && path[end - 1] === '/') end--
  return path.slice(0, end)
}

/** Where a setting stands: the word of the command, or the variable. */
function pointerTo({ pointer, value }: Container, flag: string, variable: string): Pointer {
  for (const list of ['command', 'args']) {
    const index = getList(value, list).findIndex(word => typeof word === 'string' && word.includes(flag))
    if (index >= 0) return append(pointer, list, index)
  }
  const index = getList(value, 'env').findIndex(item => dig(item, 'name') === variable)
  return index >= 0 ? append(pointer, 'env', index) : pointer
}
