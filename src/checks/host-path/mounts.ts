import { quote } from '../../admission/text.ts'
import { append } from '../../json/pointer.ts'
import { get, getString } from '../../json/value.ts'
import { pathAndParents } from '../../workload/host-paths.ts'
import type { Container, Mount } from '../../workload/pod.ts'
import type { Finding, Severity } from '../check.ts'
import { inKey, sameAs } from '../findings.ts'
import { INSTEAD } from './verdict.ts'
import type { VolumeFindings } from './volumes.ts'

/** How the mount of a volume may be written. `isUpdate`: the request has an old object to compare with. */
export function judgeMount(
  container: Container,
  mount: Mount,
  volume: VolumeFindings | undefined,
  isUpdate: boolean,
): readonly Finding[] {
  const propagation = getString(mount.value, 'mountPropagation') ?? ''
  if (volume?.path === undefined && propagation !== 'Bidirectional') return []
  const faults: Fault[] = []
  if (propagation === 'Bidirectional') faults.push(BIDIRECTIONAL)
  if (volume?.path !== undefined) faults.push(...hostPathFaults(mount, volume, volume.path, propagation, isUpdate))
  // Nearly every mount has no fault: what a finding says is put together only here.
  return faults.map(({ rule, field, says, hint }) => ({
    pointer: field === undefined ? mount.pointer : append(mount.pointer, field),
    message: `container ${quote(container.name)} mounts volume ${quote(mount.volume)}${says}`,
    hint,
    level: 'violation',
    key: `${rule} ${mountIdentity(container, mount, volume)}`,
    facts: {
      containers: [{ name: container.name, image: container.image }],
      ...(volume?.path !== undefined && { path: volume.path }),
    },
    severity: severityOfMount(rule, mount, volume?.path),
  }))
}

/** What is wrong with a mount; `field` is where, unless it is the mount as a whole. */
interface Fault {
  readonly rule: string
  readonly field?: string
  /** The end of a sentence that begins with the container and the volume. */
  readonly says: string
  readonly hint: string
}

const NO_PROPAGATION = 'leave mountPropagation out'

const BIDIRECTIONAL: Fault = {
  rule: 'propagation',
  field: 'mountPropagation',
  says: ' with mountPropagation Bidirectional: what it mounts appears on the node and stays there',
  hint: NO_PROPAGATION,
}

function hostPathFaults(
  mount: Mount,
  volume: VolumeFindings,
  path: string,
  propagation: string,
  isUpdate: boolean,
): readonly Fault[] {
  const faults: Fault[] = []
  const isReadOnly = get(mount.value, 'readOnly') === true
  // A mount of a refused volume is news only where there was an object before: on CREATE the volume says it all.
  if (volume.isRefused && isUpdate) {
    faults.push({ rule: 'mount', says: `, which is refused: hostPath ${quote(path)}`, hint: INSTEAD })
  }
  for (const field of ['subPath', 'subPathExpr']) {
    if (isReadOnly || (getString(mount.value, field) ?? '') === '') continue
    const says = ` with ${field} on a writable hostPath: a link placed in it can lead the kubelet to any path of the node (CVE-2021-25741)`
    const hint = 'mount it with readOnly: true, or name the directory in the hostPath itself'
    faults.push({ rule: field, field, says, hint })
  }
  if (volume.hole?.readOnly !== true) return faults
  const hole = quote(volume.hole.path)
  if (!isReadOnly) {
    faults.push({
      rule: 'writable',
      says: ` writable, but ${hole} is allowed read-only`,
      hint: 'set readOnly: true on the mount',
    })
  }
  if (propagation !== '' && propagation !== 'None' && propagation !== 'Bidirectional') {
    const says = ` with mountPropagation ${quote(propagation)}, but ${hole} is allowed read-only`
    faults.push({ rule: 'propagation', field: 'mountPropagation', says, hint: NO_PROPAGATION })
  }
  return faults
}

/** What makes two mounts the same danger: the container, the path, and how it is mounted; not the volume's name. */
function mountIdentity(container: Container, mount: Mount, volume: VolumeFindings | undefined): string {
  const source = volume?.path === undefined ? mount.volume : inKey(volume.path, 4096)
  const fields = ['mountPath', 'subPath', 'subPathExpr'].map(field => get(mount.value, field) ?? '')
  const isReadOnly = get(mount.value, 'readOnly') === true
  const propagation = get(mount.value, 'mountPropagation') ?? 'None'
  return JSON.stringify([container.list, inKey(container.name), source, ...fields, isReadOnly, propagation])
}

/** How far a mount reaches into the node, least first. */
const PROPAGATIONS: readonly string[] = ['None', 'HostToContainer', 'Bidirectional']

/** A mount is no worse than one of the same or a wider path that is at least as writable; in which container and where it is mounted makes no difference. */
function severityOfMount(rule: string, mount: Mount, path: string | undefined): Severity {
  const sources = path === undefined ? [`volume ${mount.volume}`] : pathAndParents(inKey(path, 4096))
  const isReadOnly = get(mount.value, 'readOnly') === true
  const reach = Math.max(0, PROPAGATIONS.indexOf(getString(mount.value, 'mountPropagation') ?? 'None'))
  // Another folder inside is another danger where the folder inside is what is refused.
  const inside = rule.startsWith('subPath') ? JSON.stringify(get(mount.value, rule) ?? '') : ''
  const classOf = (worse: string, source: string, readOnly: boolean, propagation: string | undefined) =>
    JSON.stringify([worse, source, readOnly, propagation, inside])
  const rules = rule === 'writable' ? ['writable', 'mount'] : [rule]
  return {
    as: classOf(rule, sources[0] ?? '', isReadOnly, PROPAGATIONS[reach]),
    within: () =>
      sources.flatMap(source =>
        (isReadOnly ? [true, false] : [false]).flatMap(readOnly =>
          PROPAGATIONS.slice(reach).flatMap(propagation =>
            rules.map(worse => classOf(worse, source, readOnly, propagation)),
          ),
        ),
      ),
  }
}

/**
 * `workingDir` under /proc, or /dev/fd, which every runtime links there: a descriptor that it leaks leads to the node's files
 * (CVE-2024-21626).
 */
export function judgeWorkingDir(container: Container): readonly Finding[] {
  const raw = getString(container.value, 'workingDir') ?? ''
  if (raw === '') return []
  const resolved = resolveDots(raw)
  if (resolved[0] !== 'proc' && !(resolved[0] === 'dev' && resolved[1] === 'fd')) return []
  return [
    {
      pointer: append(container.pointer, 'workingDir'),
      message: `container ${quote(container.name)} has workingDir ${quote(raw)}, under ${resolved[0] === 'proc' ? '/proc' : '/dev/fd'}: a file descriptor that leads to the node's files may wait there (CVE-2024-21626)`,
      hint: 'use a directory of the image',
      level: 'violation',
      key: `workingDir ${JSON.stringify([container.list, container.name, resolved])}`,
      facts: { containers: [{ name: container.name, image: container.image }] },
      severity: sameAs(`workingDir ${JSON.stringify(resolved)}`),
    },
  ]
}

/** The segments of a path once `.` and `..` are followed, as a runtime does from the root of the image. */
function resolveDots(path: string): readonly string[] {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return segments
}
