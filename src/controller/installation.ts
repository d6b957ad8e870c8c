import type { ClusterClient } from '../cluster/client.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'

/** The ConfigMap of the chart that comes and goes with an installation. */
export const INSTALLATION = 'portcullis-installation'

/** What the controller writes for one installation only, and what must not outlive it. */
export interface Installation {
  /** Of the ConfigMap; `''` if the gateway was installed without the chart. */
  readonly uid: string
  /** With these an object is collected when the installation is removed, by whatever tool. */
  readonly ownerReferences: readonly JsonObject[]
}

/** Reads which installation this is: its ConfigMap has another uid after each new installation. */
export async function readInstallation(client: Pick<ClusterClient, 'read'>, namespace: string): Promise<Installation> {
  const found = await client.read({ group: '', version: 'v1', resource: 'configmaps', namespace, name: INSTALLATION })
  const uid = getString(dig(found, 'metadata'), 'uid') ?? ''
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: INSTALLATION, uid }
  return { uid, ownerReferences: uid === '' ? [] : [owner] }
}
