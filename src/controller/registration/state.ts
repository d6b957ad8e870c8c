import type { ClusterClient } from '../../cluster/client.ts'
import { dig, getString } from '../../json/value.ts'
import { type Installation, readInstallation } from '../installation.ts'
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

/**
 * The state in a ConfigMap of the gateway's own namespace. That enforcing was accepted counts only for the installation that it was
 * accepted for: a new one asks again, even if whatever removed the old one left its state behind.
 */
export function stateStore(client: Pick<ClusterClient, 'read' | 'create' | 'merge'>, namespace: string): StateStore {
  const collection = { group: '', version: 'v1', resource: 'configmaps', namespace }
  const path = { ...collection, name: NAME }
  let known: Installation | undefined
  const installation = async () => {
    known ??= await readInstallation(client, namespace)
    return known
  }
  return {
    async readMode() {
      const data = dig(await client.read(path), 'data')
      if (getString(data, 'mode') !== 'enforce') return 'observe'
      const of = getString(data, 'installation')
      // Before this was written down every state was of the present installation.
      return of === undefined || of === (await installation()).uid ? 'enforce' : 'observe'
    },
    async writeMode(mode) {
      const { uid, ownerReferences } = await installation()
      const data = { mode, installation: uid }
      if ((await client.read(path)) !== undefined) {
        await client.merge(path, { metadata: { ownerReferences: [...ownerReferences] }, data })
        return
      }
      const metadata = { name: NAME, ownerReferences: [...ownerReferences] }
      await client.create(collection, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data })
    },
  }
}
