import { quote } from '../../admission/text.ts'
import { append } from '../../json/pointer.ts'
import { get, getString } from '../../json/value.ts'
import type { Container, Mount } from '../../workload/pod.ts'
import type { Finding } from '../check.ts'
import { INSTEAD } from './verdict.ts'
import type { VolumeFindings } from './volumes.ts'

/** How the mount of a volume may be written. `isUpdate`: the request has an old object to compare with. */
export function judgeMount(
  container: Container,
  mount: Mount,
  volume: VolumeFindings | undefined,
  isUpdate: boolean,
): readonly Finding[] {
  const findings: Finding[] = []
  const facts = {
    containers: [{ name: container.name, image: container.image }],
    ...(volume?.path !== undefined && { path: volume.path }),
  }
  const what = `container ${quote(container.name)} mounts volume ${quote(mount.volume)}`
  const identity = mountIdentity(container, mount, volume)
  const report = (pointer: string, message: string, hint: string, rule: string) =>
    findings.push({ pointer, message, hint, level: 'violation', key: `${rule} ${identity}`, facts })

  const propagation = getString(mount.value, 'mountPropagation') ?? ''
  if (propagation === 'Bidirectional') {
    const message = `${what} with mountPropagation Bidirectional: what it mounts appears on the node and stays there`
    report(append(mount.pointer, 'mountPropagation'), message, 'leave mountPropagation out', 'propagation')
  }
  if (volume?.path === undefined) return findings

  // A mount of a refused volume is news only where there was an object before: on CREATE the volume says it all.
  if (volume.isRefused && isUpdate) {
    report(mount.pointer, `${what}, which is refused: hostPath ${quote(volume.path)}`, INSTEAD, 'mount')
  }
  const isReadOnly = get(mount.value, 'readOnly') === true
  for (const field of ['subPath', 'subPathExpr']) {
    if (isReadOnly || (getString(mount.value, field) ?? '') === '') continue
    const message = `${what} with ${field} on a writable hostPath: a link placed in it can lead the kubelet to any path of the node (CVE-2021-25741)`
    report(
      append(mount.pointer, field),
      message,
      'mount it with readOnly: true, or name the directory in the hostPath itself',
      field,
    )
  }
  if (volume.hole?.readOnly === true)
    findings.push(...readOnlyFindings(mount, what, volume.hole.path, propagation, identity, facts))
  return findings
}

function readOnlyFindings(
  mount: Mount,
  what: string,
  hole: string,
  propagation: string,
  identity: string,
  facts: NonNullable<Finding['facts']>,
): readonly Finding[] {
  const findings: Finding[] = []
  if (get(mount.value, 'readOnly') !== true) {
    const message = `${what} writable, but ${quote(hole)} is allowed read-only`
    const hint = 'set readOnly: true on the mount'
    findings.push({ pointer: mount.pointer, message, hint, level: 'violation', key: `writable ${identity}`, facts })
  }
  if (propagation !== '' && propagation !== 'None' && propagation !== 'Bidirectional') {
    const message = `${what} with mountPropagation ${propagation}, but ${quote(hole)} is allowed read-only`
    const hint = 'leave mountPropagation out'
    const pointer = append(mount.pointer, 'mountPropagation')
    findings.push({ pointer, message, hint, level: 'violation', key: `propagation ${identity}`, facts })
  }
  return findings
}

/** What makes two mounts the same danger: the container, the path, and how it is mounted; not the volume's name. */
function mountIdentity(container: Container, mount: Mount, volume: VolumeFindings | undefined): string {
  const source = volume?.path ?? mount.volume
  const fields = ['mountPath', 'subPath', 'subPathExpr', 'readOnly', 'mountPropagation'].map(
    field => get(mount.value, field) ?? '',
  )
  return JSON.stringify([container.list, container.name, source, ...fields])
}

/** `workingDir` under /proc: a descriptor that the runtime leaks there leads to the node's files (CVE-2024-21626). */
export function judgeWorkingDir(container: Container): readonly Finding[] {
  const raw = getString(container.value, 'workingDir') ?? ''
  const resolved = resolveDots(raw)
  if (resolved[0] !== 'proc') return []
  return [
    {
      pointer: append(container.pointer, 'workingDir'),
      message: `container ${quote(container.name)} has workingDir ${quote(raw)}, under /proc: a file descriptor that leads to the node's files may wait there (CVE-2024-21626)`,
      hint: 'use a directory of the image',
      level: 'violation',
      key: `workingDir ${JSON.stringify([container.list, container.name, resolved])}`,
      facts: { containers: [{ name: container.name, image: container.image }] },
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
