import { quote } from '../../admission/text.ts'
import { append, type Pointer } from '../../json/pointer.ts'
import { get, getString, isObject, type JsonObject } from '../../json/value.ts'
import type { Container, Pod, Volume } from '../../workload/pod.ts'
import type { Finding, FindingFacts } from '../check.ts'
import type { AllowedPath, HostPathParams } from './params.ts'
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

/** Judges every source of a volume; the API allows one, but nobody has validated the object yet. */
export function judgeVolume(volume: Volume, pod: Pod, params: HostPathParams): VolumeFindings {
  const findings: Finding[] = []
  const users = mountingContainers(volume, pod)
  let path: string | undefined
  let hole: AllowedPath | undefined
  for (const [source, value] of Object.entries(volume.value)) {
    if (source === 'name' || value === null) continue
    const at = append(volume.pointer, source)
    if (source === 'hostPath') {
      const judged = judgeHostPath(`volume ${quote(volume.name)} mounts hostPath`, value, at, params, users)
      findings.push(...judged.findings)
      path = judged.path
      hole = judged.hole
    } else {
      findings.push(
        ...judgeSource(`volume ${quote(volume.name)}`, source, value, at, params, HARMLESS_VOLUME_SOURCES, users),
      )
    }
  }
  return { findings, path, hole, isRefused: findings.some(finding => finding.level === 'violation') }
}

function mountingContainers(volume: Volume, pod: Pod): FindingFacts['containers'] {
  return pod.containers.filter(container => mounts(container, volume)).map(({ name, image }) => ({ name, image }))
}

function mounts(container: Container, volume: Volume): boolean {
  return container.mounts.some(mount => mount.volume === volume.name)
}

/** Judges `{path, type}` of a hostPath, in a volume or a PersistentVolume. `what` begins the message. */
export function judgeHostPath(
  what: string,
  source: unknown,
  at: Pointer,
  params: HostPathParams,
  containers: FindingFacts['containers'],
): VolumeFindings {
  const raw = isObject(source) ? getString(source, 'path') : undefined
  const type = (isObject(source) ? getString(source, 'type') : undefined) ?? ''
  const verdict = judgePath(raw ?? '', type, params)
  const pointer = isObject(source) && get(source, 'path') !== undefined ? append(at, 'path') : at
  const facts = { path: verdict.path, ...(containers && { containers }) }
  if (verdict.kind === 'refused') {
    const message = `${what} ${describePath(raw ?? '')}, which ${verdict.reason}`
    const finding: Finding = { pointer, message, hint: INSTEAD, level: 'violation', key: `path ${verdict.path}`, facts }
    return { findings: [finding], path: verdict.path, hole: undefined, isRefused: true }
  }
  const findings = type.endsWith('OrCreate') ? [createsOnNode(what, raw ?? '', type, at, verdict.path, facts)] : []
  return { findings, path: verdict.path, hole: verdict.hole, isRefused: false }
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
    message: `${what} ${describePath(raw)} with type ${type}: the kubelet creates it, owned by root, on every node where it is missing`,
    hint: `create it when the node is set up, and use type ${type.replace('OrCreate', '')}`,
    level: 'warning',
    key: `create ${path}`,
    facts,
  }
}

/** Judges a volume source that is no hostPath. `value` is what stands under its name. */
export function judgeSource(
  what: string,
  source: string,
  value: unknown,
  at: Pointer,
  params: HostPathParams,
  harmless: ReadonlySet<string>,
  containers: FindingFacts['containers'],
): readonly Finding[] {
  const facts = containers && { containers }
  if (source === 'csi') {
    const driver = (isObject(value) ? getString(value as JsonObject, 'driver') : undefined) ?? ''
    if (params.csiDrivers === undefined || params.csiDrivers.includes(driver)) return []
    const message = `${what} uses the CSI driver ${quote(driver)}, which csiDrivers does not list`
    const hint = `use one of: ${params.csiDrivers.join(', ') || '(none is allowed)'}`
    return [
      {
        pointer: append(at, 'driver'),
        message,
        hint,
        level: 'violation',
        key: `csi ${driver}`,
        ...(facts && { facts }),
      },
    ]
  }
  if (harmless.has(source) || params.sources.includes(source)) return []
  const message = `${what} uses the source ${quote(source)}: ${refusalOfSource(source)}`
  const hint = `use another kind of volume, or allow it in the policy: sources: [${source}]`
  return [{ pointer: at, message, hint, level: 'violation', key: `source ${source}`, ...(facts && { facts }) }]
}
