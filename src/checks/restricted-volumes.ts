/*
Pod Security Standards, restricted: restrictedVolumes. Volumes that name a server, a disk or a driver in the pod itself
go past what PersistentVolumes let an administrator decide; hostPath is one of them.

Fields: spec.volumes[*], mounted or not.

Allowed: the sources of the list below, and none at all, which the API server makes an emptyDir. A source that is not
known here is refused: a newer Kubernetes may mount with it whatever it will. The same since v1.0, in the place of
host-path-volumes.
*/
import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import { getString, isObject, type Json } from '../json/value.ts'
import { canonicalHostPath } from '../workload/host-paths.ts'
import type { Volume } from '../workload/pod.ts'
import type { Severity } from './check.ts'
import { noWorseThanParents } from './findings.ts'
import { usersOf } from './host-path/volumes.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { isSet } from './pod-security/contexts.ts'

/** The sources that a pod may name itself. */
export const RESTRICTED_VOLUME_SOURCES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** Refuses volumes of other sources than those that the pod may name itself. */
export const restrictedVolumes = podSecurityCheck({
  id: 'restricted-volumes',
  summary: 'Refuses volumes that name a disk, a server or a path of the node.',
  judge(pod, _minor, findings) {
    const users = usersOf(pod)
    for (const volume of pod.volumes) {
      const source = refusedSource(volume)
      if (source === undefined) continue
      findings.push({
        pointer: append(volume.pointer, source),
        message: `volume ${quote(volume.name)} is of the source ${quote(source)}`,
        hint: `use a PersistentVolumeClaim; allowed: ${RESTRICTED_VOLUME_SOURCES.join(', ')}`,
        level: 'violation',
        key: `source ${JSON.stringify([source, volume.value[source]])}`,
        facts: { containers: users(volume) ?? [] },
        severity: severityOf(source, volume.value[source]),
      })
    }
  },
})

/** A hostPath is no worse than one that contains it, and a source that became read-only than the same one before. */
function severityOf(source: string, value: Json | undefined): Severity {
  const path = source === 'hostPath' ? canonicalHostPath(getString(value, 'path') ?? '') : undefined
  if (path?.kind === 'path') return noWorseThanParents(path.path, 'hostPath')
  const { readOnly, ...rest } = isObject(value) ? value : {}
  const classOf = (isReadOnly: boolean) => JSON.stringify([source, rest, isReadOnly])
  const isReadOnly = readOnly === true
  return { as: classOf(isReadOnly), within: () => (isReadOnly ? [classOf(true), classOf(false)] : [classOf(false)]) }
}

/** As Kubernetes does, an allowed source beside a refused one counts: the API server refuses two sources anyway. */
function refusedSource({ value }: Volume): string | undefined {
  let refused: string | undefined
  for (const key in value) {
    if (key === 'name' || !isSet(value[key])) continue
    if (RESTRICTED_VOLUME_SOURCES.includes(key)) return undefined
    refused ??= key
  }
  return refused
}
