import { getList, getString, type JsonObject } from '../../json/value.ts'
import type { Additions } from '../injection.ts'

const NAME = 'sidecar-lifecycle'
const VOLUME: JsonObject = { name: NAME, emptyDir: {} }
const MOUNT: JsonObject = { name: NAME, mountPath: '/var/run/sidecar-lifecycle' }

/**
 * Adds the directory through which a job tells its sidecars to end: to the injected containers (not to the injected init
 * containers), and to the pod's own containers of both kinds. Whoever mounts a volume of this name already keeps it.
 */
export function withSidecarLifecycle(additions: Additions): Additions {
  return {
    ...additions,
    containers: additions.containers.map(container => {
      const mounts = getList(container, 'volumeMounts')
      return mounts.some(isLifecycle) ? container : { ...container, volumeMounts: [...mounts, MOUNT] }
    }),
    volumes: additions.volumes.some(isLifecycle) ? additions.volumes : [...additions.volumes, VOLUME],
    volumeMounts: additions.volumeMounts.some(isLifecycle)
      ? additions.volumeMounts
      : [...additions.volumeMounts, MOUNT],
  }
}

function isLifecycle(value: Parameters<typeof getString>[0]): boolean {
  return getString(value, 'name') === NAME
}
