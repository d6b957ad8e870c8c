import { setTimeout as sleep } from 'node:timers/promises'
import { counted } from '../admission/text.ts'
import { discover } from '../cluster/discovery.ts'
import { MANAGED_SELECTOR, REVISIONS } from '../cluster/documents.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'
import { reportApis } from './audit/report-api.ts'
import { removeReports } from './audit/reports.ts'
import { pathOf } from './registration/live.ts'
import type { ControllerContext } from './task.ts'

export interface UninstallOptions {
  /** The Lease that the controllers lead by. */
  readonly lease: string
  /** The Secrets that the controller made. */
  readonly secrets: readonly string[]
  /** More than a leader needs to notice that it leads no longer. */
  readonly waitMs?: number
}

const WAIT_MS = 5000
/** Long enough for whatever removes the controllers afterwards. */
const HELD_SECONDS = 600

/**
 * Removes what the controller made, the webhooks first: nobody is asked any more before the last gateway goes. The Lease is
 * taken from whoever leads, so that nothing is written again meanwhile.
 *
 * @returns what was removed, in order, for people.
 */
export async function uninstall(
  { client, namespace, now }: ControllerContext,
  { lease, secrets, waitMs = WAIT_MS }: UninstallOptions,
): Promise<readonly string[]> {
  const path = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases', namespace, name: lease }
  const present = await client.read(path)
  if (present !== undefined) {
    const time = `${new Date(now()).toISOString().slice(0, -1)}000Z`
    const spec: JsonObject = {
      ...(dig(present, 'spec') as JsonObject | undefined),
      holderIdentity: 'uninstall',
      leaseDurationSeconds: HELD_SECONDS,
      renewTime: time,
    }
    await client.merge(path, { spec })
  }
  const removed: string[] = []
  const removeWebhooks = async () => {
    for (const path of [pathOf('mutating'), pathOf('validating')]) {
      if ((await client.read(path)) === undefined) continue
      await client.remove(path)
      removed.push(`${path.resource}/${path.name}`)
    }
  }
  await removeWebhooks()
  // A round of the leader that was under way may have written once more.
  if (present !== undefined) await sleep(waitMs)
  await removeWebhooks()
  for (const [resource, names] of [
    ['secrets', secrets],
    ['configmaps', ['portcullis-state']],
  ] as const) {
    for (const name of names) {
      const object = { group: '', version: 'v1', resource, namespace, name }
      if ((await client.read(object)) === undefined) continue
      await client.remove(object)
      removed.push(`${resource}/${name}`)
    }
  }
  const revisions = await client.list({ ...REVISIONS, namespace }, { labelSelector: MANAGED_SELECTOR })
  for (const { metadata = null } of revisions.items) {
    const name = getString(metadata, 'name') ?? ''
    await client.remove({ ...REVISIONS, namespace, name })
    removed.push(`${REVISIONS.resource}/${name}`)
  }
  for (const api of reportApis((await discover(client)).resources)) {
    const count = await removeReports(client, api)
    if (count > 0) removed.push(`${counted(count, 'report')} of ${api.group}`)
  }
  return removed
}
