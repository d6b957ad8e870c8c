import { createHash } from 'node:crypto'
import type { ClusterClient } from '../../cluster/client.ts'
import { RECORD_LABELS, RECORD_SELECTOR, REVISIONS } from '../../cluster/documents.ts'
import { isApiError } from '../../cluster/http.ts'
import { dig, getString, type JsonObject } from '../../json/value.ts'
import { type RecordDocument, readRecord } from '../../policy/rollout-record.ts'
import type { Target } from '../../rollout/record.ts'

/** A record, and what it is called. */
export interface StoredRecord {
  readonly name: string
  readonly record: RecordDocument
}

/** What names a target. */
export function targetKey({ kind, name }: Target): string {
  return `${kind}/${name}`
}

/**
 * Reads the records of all rollouts, the newest of each target, and removes those that a newer one stands for.
 *
 * @param namespace the gateway's own.
 */
export async function readRecords(
  client: Pick<ClusterClient, 'list' | 'remove'>,
  namespace: string,
): Promise<ReadonlyMap<string, StoredRecord>> {
  const collection = { ...REVISIONS, namespace }
  const { items } = await client.list(collection, { labelSelector: RECORD_SELECTOR })
  const newest = new Map<string, StoredRecord>()
  const old: string[] = []
  for (const item of items) {
    const record = readRecord(item['data'])
    const name = getString(dig(item, 'metadata'), 'name') ?? ''
    if (record === undefined) continue
    const key = targetKey(record.target)
    const known = newest.get(key)
    if (known === undefined || record.number > known.record.number) {
      if (known !== undefined) old.push(known.name)
      newest.set(key, { name, record })
    } else old.push(name)
  }
  for (const name of old) await client.remove({ ...collection, name })
  return newest
}

/**
 * Writes a record. Its name says which number of which target it is, so that of two controllers one alone can write each.
 *
 * @param owner the target: the record goes with it.
 * @returns false where somebody else has written that number.
 */
export async function writeRecord(
  client: Pick<ClusterClient, 'create'>,
  namespace: string,
  record: RecordDocument,
  owner: JsonObject,
): Promise<boolean> {
  const metadata = dig(owner, 'metadata')
  try {
    await client.create(
      { ...REVISIONS, namespace },
      {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name: nameOf(record),
          labels: RECORD_LABELS,
          annotations: {
            'portcullis.dev/document': targetKey(record.target),
            'portcullis.dev/rollout': record.rollout,
          },
          ownerReferences: [
            {
              apiVersion: getString(owner, 'apiVersion') ?? 'portcullis.dev/v1alpha1',
              kind: record.target.kind,
              name: record.target.name,
              uid: getString(metadata, 'uid') ?? '',
            },
          ],
        },
        data: JSON.parse(JSON.stringify(record)) as JsonObject,
        revision: record.number,
      },
    )
    return true
  } catch (error) {
    if (isApiError(error, 409)) return false
    throw error
  }
}

/** Removes a record: its target is nobody's rollout any more. */
export async function removeRecord(
  client: Pick<ClusterClient, 'remove'>,
  namespace: string,
  { name }: StoredRecord,
): Promise<void> {
  await client.remove({ ...REVISIONS, namespace, name })
}

function nameOf({ target, number }: RecordDocument): string {
  const hash = createHash('sha256').update(targetKey(target)).digest('hex').slice(0, 20)
  return `portcullis-rollout-${hash}-${number}`
}
