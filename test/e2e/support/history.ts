import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CollectionPath, connect } from '../../../src/cluster/client.ts'
import { dig, getString, isObject, type JsonObject } from '../../../src/json/value.ts'
import type { ControlPlane } from './control-plane.ts'

/**
 * Sees every object of a collection that is made or changed from now on, those that are gone at once included: by a watch that goes on
 * where it ended, not by looking again and again.
 *
 * @returns ends it.
 */
export async function follow(
  plane: ControlPlane,
  collection: CollectionPath,
  onObject: (object: JsonObject) => void,
): Promise<() => Promise<void>> {
  const source = connect({ kubeconfig: join(plane.directory, 'admin.kubeconfig') }).resource(collection)
  let version = (await source.list()).resourceVersion
  let isStopped = false
  let end: () => void = () => {}
  const once = () =>
    new Promise<void>(resolve => {
      const stop = source.watch(
        version,
        (type, object) => {
          version = getString(dig(object, 'metadata'), 'resourceVersion') ?? version
          if (isObject(object) && (type === 'ADDED' || type === 'MODIFIED')) onObject(object)
        },
        () => resolve(),
      )
      end = () => {
        stop()
        resolve()
      }
    })
  const following = (async () => {
    while (!isStopped) {
      await once()
      if (!isStopped) await sleep(50)
    }
  })()
  return () => {
    isStopped = true
    end()
    return following
  }
}
