/*
War story 1: pods that mounted `/` of the node also mounted /var/lib/kubelet. Volumes could not be torn down, and new
pods hung in ContainerCreating. Beyond that, a host path is the shortest way from a pod to the whole node.

Fields: volumes[*] and their mounts in all three container lists, workingDir; PersistentVolume spec.hostPath.path,
spec.local.path and sources; their mountOptions, servers and fsType; StorageClass mountOptions, parameters,
pathPattern and nodePath of local-path provisioners. Objects that are seen together are compared: who may write above a path.

Allowed: a path that neither is, nor contains, nor lies under a protected one, in its canonical form; with the
parameters of ./host-path/params.ts more, or less.
*/
import { POD_TEMPLATE_KINDS, sameKind } from '../workload/kinds.ts'
import { isOwnMirrorPod } from '../workload/mirror-pod.ts'
import type { Pod } from '../workload/pod.ts'
import { type Check, setRule } from './check.ts'
import { collect, type Findings } from './findings.ts'
import { compareLinks, identityOfUses, judgeOwnLinks, type PathUser, pathUserOf, usesOfPod } from './host-path/links.ts'
import { judgeMount, judgeWorkingDir } from './host-path/mounts.ts'
import { type HostPathParams, hostPathParams, wideHoles } from './host-path/params.ts'
import { judgePersistentVolume, judgeStorageClass } from './host-path/storage.ts'
import { judgeVolume, usersOf, type VolumeFindings } from './host-path/volumes.ts'
import { PERSISTENT_VOLUME, rulesFor, STORAGE_CLASS } from './resources.ts'

const KINDS = [...POD_TEMPLATE_KINDS, PERSISTENT_VOLUME, STORAGE_CLASS]

/** Refuses what reaches the files of a node through a path that the manifest names. */
export const hostPath: Check<HostPathParams> = {
  id: 'host-path',
  summary: "Refuses volumes that reach the node's own files.",
  kinds: KINDS,
  resources: rulesFor(KINDS),
  params: hostPathParams,
  warnings: params => wideHoles(params).map(({ index, message }) => ({ pointer: `/allowed/${index}/path`, message })),
  run({ request, object, oldObject, pods }, params) {
    if (sameKind(request.kind, PERSISTENT_VOLUME)) return { findings: judgePersistentVolume(object, params) }
    if (sameKind(request.kind, STORAGE_CLASS)) return { findings: judgeStorageClass(object, params) }
    if (isOwnMirrorPod(request)) return { findings: [] }
    return {
      findings: collect(findings => {
        for (const pod of pods) judgePod(pod, params, oldObject !== null, findings)
      }),
    }
  },
  set: setRule<HostPathParams, PathUser>({ pick: pathUserOf, compare: compareLinks, sameAs: identityOfUses }),
}

function judgePod(pod: Pod, params: HostPathParams, isUpdate: boolean, findings: Findings): void {
  const volumes = new Map<string, VolumeFindings>()
  const users = usersOf(pod)
  for (const volume of pod.volumes) {
    const judged = judgeVolume(volume, () => users(volume), params)
    for (const finding of judged.findings) findings.push(finding)
    // Two volumes of one name are invalid, but nobody has validated the pod yet: the worse one counts.
    if (!volumes.get(volume.name)?.isRefused) volumes.set(volume.name, judged)
  }
  const paths = [...volumes.values()].filter(({ path }) => path !== undefined)
  if (paths.length > 1) {
    const refused = new Set(paths.filter(volume => volume.isRefused).map(({ path }) => path))
    for (const finding of judgeOwnLinks(usesOfPod(pod), path => refused.has(path))) findings.push(finding)
  }
  for (const container of pod.containers) {
    for (const finding of judgeWorkingDir(container)) findings.push(finding)
    for (const mount of container.mounts) {
      for (const finding of judgeMount(container, mount, volumes.get(mount.volume), isUpdate)) findings.push(finding)
    }
  }
}
