import type { ClusterClient } from '../../cluster/client.ts'
import { dig, getString } from '../../json/value.ts'
import type { Mode } from './configurations.ts'

const NAME = 'portcullis-state'

/**
 * What the controller has decided and cannot read off anything else: that enforcing was accepted. Without it whoever deletes
 * the registration and makes one bad object would have ended the enforcement for good.
 */
export interface StateStore {
  readMode(): Promise<Mode>
  writeMode(mode: Mode): Promise<void>
}

/** The state in a ConfigMap of the gateway's own namespace. */
export function stateStore(client: Pick<ClusterClient, 'read' | 'create' | 'merge'>, namespace: string): StateStore {
  const collection = { group: '', version: 'v1', resource: 'configmaps', namespace }
  const path = { ...collection, name: NAME }
  return {
    async readMode() {
      const mode = getString(dig(await client.read(path), 'data'), 'mode')
      return mode === 'enforce' ? 'enforce' : 'observe'
    },
    async writeMode(mode) {
      const data = { mode }
      if ((await client.read(path)) !== undefined) await client.merge(path, { data })
      else await client.create(collection, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME }, data })
    },
  }
}
