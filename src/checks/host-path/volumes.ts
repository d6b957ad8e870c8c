import { oneLine, quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { get, getList, getString, isObject, type Json } from '../../json/value.ts'
import type { Pod, Volume } from '../../workload/pod.ts'
import type { Finding, FindingFacts } from '../check.ts'
import { isCut, noWorseThanParents } from '../findings.ts'
import type { AllowedPath, HostPathParams } from './params.ts'
import { sourceFieldFaults } from './source-fields.ts'
import { HARMLESS_VOLUME_SOURCES, refusalOfSource } from './sources.ts'
import { describePath, INSTEAD, judgePath } from './verdict.ts'

/** What was found about one volume, and what its mounts have to respect. */
export interface VolumeFindings {
  readonly findings: readonly Finding[]
  /** The canonical host path where the volume has one. */
  readonly path: string | undefined
  readonly hole: AllowedPath | undefined
  /** Whether the volume itself is refused. */
  readonly isRefused: boolean
}

/** Who mounts a volume, found only when something has to be said about it. */
export type Users = () => FindingFacts['containers']

/** Judges every source of a volume; the API allows one, but nobody has validated the object yet. */
export function judgeVolume(volume: Volume, users: Users, params: HostPathParams): VolumeFindings {
  const findings: Finding[] = []
  let path: string | undefined
  let hole: AllowedPath | undefined
  for (const source of Object.keys(volume.value)) {
    if (isCut(findings)) break
    const value = volume.value[source]
    if (source === 'name' || value === null) continue
    if (source === 'hostPath') {
      const what = () => `volume ${quote(volume.name)} mounts hostPath`
      const judged = judgeHostPath(what, value, append(volume.pointer, source), params, users)
      findings.push(...judged.findings)
      path = judged.path
      hole = judged.hole
    } else if (source === 'hostDisk' && getString(value, 'path') !== undefined) {
      // KubeVirt mounts the directory of the disk's file into the pod in which the machine runs.
      const disk = getString(value, 'path') ?? ''
      const what = () => `volume ${quote(volume.name)} keeps the disk ${quote(disk)} on the node: it mounts hostPath`
      const judged = judgeHostPath(what, { path: directoryOf(disk) }, append(volume.pointer, source), params, users)
      findings.push(...judged.findings)
      path = judged.path
      hole = judged.hole
    } else
      findings.push(...judgeSource(() => `volume ${quote(volume.name)}`, source, value, volume.pointer, params, users))
  }
  return { findings, path, hole, isRefused: findings.some(finding => finding.level === 'violation') }
}

/** The directory of a file as KubeVirt finds it; what is no absolute path stays what it is, and is refused. */
function directoryOf(file: string): string {
  const end = file.lastIndexOf('/')
  return end < 0 ? file : file.slice(0, end) || '/'
}

/** Who mounts which volume of a pod, looked up once for all of them. */
export function usersOf(pod: Pod): (volume: Volume) => FindingFacts['containers'] {
  let byVolume: Map<string, { name: string; image: string }[]> | undefined
  return volume => {
    byVolume ??= indexUsers(pod)
    return byVolume.get(volume.name) ?? []
  }
}

function indexUsers(pod: Pod): Map<string, { name: string; image: string }[]> {
  const byVolume = new Map<string, { name: string; image: string }[]>()
  for (const { name, image, mounts } of pod.containers) {
    for (const volume of new Set(mounts.map(mount => mount.volume))) {
      const users = byVolume.get(volume) ?? []
      users.push({ name, image })
      byVolume.set(volume, users)
    }
  }
  return byVolume
}

/** Judges `{path, type}` of a hostPath, in a volume or a PersistentVolume. `what` begins the message. */
export function judgeHostPath(
  what: () => string,
  source: unknown,
  at: Pointer,
  params: HostPathParams,
  users: Users,
): VolumeFindings {
  const raw = isObject(source) ? getString(source, 'path') : undefined
  const type = (isObject(source) ? getString(source, 'type') : undefined) ?? ''
  const verdict = judgePath(raw ?? '', type, params)
  const { path } = verdict
  const facts = (): FindingFacts => {
    const containers = users()
    return { path, ...(containers && { containers }) }
  }
  if (verdict.kind === 'refused') {
    const pointer = isObject(source) && get(source, 'path') !== undefined ? append(at, 'path') : at
    const message = `${what()} ${describePath(raw ?? '')}, which ${verdict.reason}`
    const finding: Finding = {
      pointer,
      message,
      hint: verdict.hint ?? INSTEAD,
      level: 'violation',
      key: `path ${path}`,
      facts: facts(),
      severity: noWorseThanParents(path, 'path'),
    }
    return { findings: [finding], path, hole: undefined, isRefused: true }
  }
  const findings = type.endsWith('OrCreate') ? [createsOnNode(what(), raw ?? '', type, at, path, facts())] : []
  return { findings, path, hole: verdict.hole, isRefused: false }
}

function createsOnNode(
  what: string,
  raw: string,
  type: string,
  at: Pointer,
  path: string,
  facts: FindingFacts,
): Finding {
  return {
    pointer: append(at, 'type'),
    message: `${what} ${describePath(raw)} with type ${quote(type)}: the kubelet creates it, owned by root, on every node where it is missing`,
    hint: `create it when the node is set up, and use type ${quote(type.replace('OrCreate', ''))}`,
    level: 'warning',
    key: `create ${path}`,
    facts,
  }
}

/** Judges a volume source that is no hostPath: what stands under the key `source` of the object at `parent`. */
export function judgeSource(
  what: () => string,
  source: string,
  value: Json | undefined,
  parent: Pointer,
  params: HostPathParams,
  users: Users,
): readonly Finding[] {
  const { csiDrivers, sources } = params
  const report = (
    pointer: Pointer,
    message: string,
    hint: string,
    key: string,
    level: Finding['level'] = 'violation',
  ): readonly Finding[] => {
    const containers = users()
    return [{ pointer, message, hint, level, key, ...(containers && { facts: { containers } }) }]
  }
  const fields = judgeSourceFields(what, source, value, parent, params, users)
  if (fields.length > 0) return fields
  if (source === 'csi') {
    const driver = (isObject(value) ? getString(value, 'driver') : undefined) ?? ''
    if (csiDrivers === undefined || csiDrivers.includes(driver)) return []
    const message = `${what()} uses the CSI driver ${quote(driver)}, which csiDrivers does not list`
    const hint = `use one of: ${csiDrivers.join(', ') || '(none is allowed)'}`
    return report(append(parent, source, 'driver'), message, hint, `csi ${driver}`)
  }
  if (source === 'fc' && getList(value, 'wwids').length > 0 && !sources.includes(source)) {
    const message = `${what()} names disks by their wwids: the kubelet looks for them among all disks of the node, its own too`
    const hint = 'name them by targetWWNs and lun, or mount a PersistentVolumeClaim'
    return report(append(parent, source, 'wwids'), message, hint, `fc ${JSON.stringify(value)}`, 'warning')
  }
  if (HARMLESS_VOLUME_SOURCES.has(source) || sources.includes(source)) return []
  const message = `${what()} uses the source ${quote(source)}: ${refusalOfSource(source)}`
  const hint = `use another kind of volume, or allow it in the policy: sources: [${oneLine(source)}]`
  // What stands in it decides what it reaches: another driver or repository is another danger.
  return report(append(parent, source), message, hint, `source ${source} ${JSON.stringify(value)}`)
}

/** Judges the fields of a volume source that reach mount(8) or name a path of the node. */
export function judgeSourceFields(
  what: () => string,
  source: string,
  value: Json | undefined,
  parent: Pointer,
  params: HostPathParams,
  users: Users,
): readonly Finding[] {
  const faults = sourceFieldFaults(source, value, params)
  if (faults.length === 0) return []
  const containers = users()
  return faults.map(({ at, says, hint, key, path }) => ({
    pointer: append(parent, source, ...at),
    message: `${what()} ${says}`,
    hint,
    level: 'violation',
    key,
    facts: { ...(path !== undefined && { path }), ...(containers && { containers }) },
  }))
}
