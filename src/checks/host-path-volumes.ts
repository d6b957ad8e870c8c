/*
Pod Security Standards, baseline: hostPathVolumes. A hostPath volume is a directory, a socket or a device of the node in
the hands of the pod. The check host-path asks which; this one, like Kubernetes, forbids them all.

Fields: spec.volumes[*].hostPath, mounted or not.

Allowed: absent. The same since v1.0; at the level restricted, restricted-volumes judges in its place.
*/
import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import { get, getString } from '../json/value.ts'
import { HOST_SOURCES } from '../workload/embedded.ts'
import { canonicalHostPath } from '../workload/host-paths.ts'
import { noWorseThanParents } from './findings.ts'
import { usersOf } from './host-path/volumes.ts'
import { podSecurityCheck } from './pod-security/check.ts'
import { isSet } from './pod-security/contexts.ts'

/** Refuses hostPath volumes, whatever their path. */
export const hostPathVolumes = podSecurityCheck({
  id: 'host-path-volumes',
  summary: 'Refuses every hostPath volume.',
  judge(pod, _minor, findings) {
    const users = usersOf(pod)
    for (const volume of pod.volumes) {
      const field = HOST_SOURCES.find(name => isSet(get(volume.value, name)))
      if (field === undefined) continue
      const source = get(volume.value, field)
      const raw = getString(source, 'path') ?? ''
      const canonical = canonicalHostPath(raw)
      const path = canonical.kind === 'refused' ? raw : canonical.path
      findings.push({
        pointer: append(volume.pointer, field),
        message: `volume ${quote(volume.name)} mounts ${field} ${quote(raw)}: no ${field} is allowed`,
        hint: 'use an emptyDir for scratch space, or a PersistentVolumeClaim for what must last',
        level: 'violation',
        key: `hostPath ${path}`,
        facts: { path, containers: users(volume) ?? [] },
        severity: noWorseThanParents(path, 'hostPath'),
      })
    }
  },
})
