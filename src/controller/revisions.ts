import { createHash } from 'node:crypto'
import { KINDS, type Kind, REVISION_LABELS, REVISION_SELECTOR, REVISIONS } from '../cluster/documents.ts'
import { isApiError } from '../cluster/http.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'
import type { SourceDocument } from '../policy/problems.ts'
import type { ControllerContext, Task } from './task.ts'

/** What the other parts know of the documents. */
export interface RevisionFacts {
  /** Of all kinds, as they are in the cluster. */
  readonly documents: readonly SourceDocument[]
  readonly objects: readonly { readonly kind: Kind; readonly file: string; readonly object: JsonObject }[]
  /** The revision that is in force, by what messages call the document. */
  readonly inForce: ReadonlyMap<string, string>
}

const INTERVAL_MS = 2000
/** Which document it is a revision of. */
const DOCUMENT = 'portcullis.dev/document'

/**
 * Keeps the last good revision of each document that is in the cluster: a gateway that starts while the newest one does not compile
 * begins with it. One for each document; it goes with the document.
 *
 * @param facts undefined while not all documents have been seen.
 */
export function revisionTask(
  { client, namespace }: ControllerContext,
  facts: () => Promise<RevisionFacts | undefined>,
): Task {
  const collection = { ...REVISIONS, namespace }
  return {
    name: 'revisions',
    intervalMs: INTERVAL_MS,
    async round(signal) {
      const known = await facts()
      if (known === undefined) return
      const { items } = await client.list(collection, { labelSelector: REVISION_SELECTOR })
      const kept = new Map(items.map(item => [nameOf(item), getString(dig(item, 'metadata', 'annotations'), DOCUMENT)]))
      const good = new Set<string>()
      for (const document of known.documents) {
        if (signal.aborted) return
        const { file, revision } = document
        if (known.inForce.get(file) !== revision) continue
        good.add(file)
        const name = revisionName(document)
        const object = known.objects.find(candidate => candidate.file === file)
        if (object === undefined || kept.has(name)) continue
        await client.create(collection, revisionOf(name, document, object)).catch(unlessThere)
      }
      const wanted = new Set(known.documents.filter(({ file }) => good.has(file)).map(revisionName))
      const present = new Set(known.documents.map(({ file }) => file))
      for (const [name, file = ''] of kept) {
        if (signal.aborted) return
        // Of a document that is broken at present the last good one stays.
        const isOver = good.has(file) ? !wanted.has(name) : !present.has(file)
        if (isOver) await client.remove({ ...collection, name })
      }
    },
  }
}

function revisionOf(
  name: string,
  { file, value }: SourceDocument,
  { kind, object }: RevisionFacts['objects'][number],
): JsonObject {
  const metadata = dig(object, 'metadata')
  const generation = dig(metadata, 'generation')
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      labels: REVISION_LABELS,
      annotations: { [DOCUMENT]: file, 'portcullis.dev/kind': KINDS[kind] },
      // With its document it goes, whoever deletes that.
      ownerReferences: [
        {
          apiVersion: getString(object, 'apiVersion') ?? 'portcullis.dev/v1alpha1',
          kind,
          name: getString(metadata, 'name') ?? '',
          uid: getString(metadata, 'uid') ?? '',
        },
      ],
    },
    data: value as JsonObject,
    revision: typeof generation === 'number' ? generation : 1,
  }
}

/** The data of a ControllerRevision never changes: what it is called names it. */
function revisionName({ file, revision }: SourceDocument): string {
  return `portcullis-${createHash('sha256').update(`${file}\n${revision}`).digest('hex').slice(0, 20)}`
}

function nameOf(object: JsonObject): string {
  return getString(dig(object, 'metadata'), 'name') ?? ''
}

/** Another controller may have made the same. */
function unlessThere(error: unknown): void {
  if (!isApiError(error, 409)) throw error
}
