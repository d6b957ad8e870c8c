import { createHash } from 'node:crypto'
import { KINDS, type Kind, REVISION_LABELS, REVISION_SELECTOR, REVISIONS } from '../cluster/documents.ts'
import { isApiError } from '../cluster/http.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'
import type { ControllerContext, Task } from './task.ts'

/** A document as it is in force: its last good revision. */
export interface InForce {
  /** What messages call it. */
  readonly file: string
  readonly revision: string
  /** The document that it was compiled from. */
  readonly source: unknown
}

/** What the other parts know of the documents. */
export interface RevisionFacts {
  /** Everything that is in force, also from elsewhere. */
  readonly inForce: readonly InForce[]
  /** What is in the cluster. */
  readonly objects: readonly { readonly kind: Kind; readonly file: string; readonly object: JsonObject }[]
  /** What rollouts have in force of documents that have changed since, as `kind/name@revision`. */
  readonly rolledOut: ReadonlySet<string>
}

const INTERVAL_MS = 2000
/** Which document it is a revision of. */
const DOCUMENT = 'portcullis.dev/document'
/** Which one. */
const REVISION = 'portcullis.dev/document-revision'

/**
 * Keeps the last good revision of each document that is in the cluster: a gateway that starts while the newest one does not compile
 * begins with it. One for each document, and those that rollouts have in force; they go with the document.
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
      const rolledOut = new Set(items.filter(item => isRolledOut(item, known.rolledOut)).map(nameOf))
      const present = new Map(known.objects.map(found => [found.file, found]))
      /** The name of what is to be kept, by document. Of one that was never good there is nothing. */
      const wanted = new Map<string, string>()
      for (const document of known.inForce) {
        if (signal.aborted) return
        const found = present.get(document.file)
        if (found === undefined) continue
        const name = revisionName(document)
        wanted.set(document.file, name)
        if (!kept.has(name)) await client.create(collection, revisionOf(name, document, found)).catch(unlessThere)
      }
      for (const [name, file = ''] of kept) {
        if (signal.aborted) return
        // What stands there for a document that is broken at present is all that is left of it.
        if (rolledOut.has(name)) continue
        const isOver = wanted.has(file) ? wanted.get(file) !== name : !present.has(file)
        if (isOver) await client.remove({ ...collection, name })
      }
    },
  }
}

function revisionOf(
  name: string,
  { file, source, revision }: InForce,
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
      annotations: { [DOCUMENT]: file, 'portcullis.dev/kind': KINDS[kind], [REVISION]: revision },
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
    data: source as JsonObject,
    revision: typeof generation === 'number' ? generation : 1,
  }
}

/** Whether a rollout has it in force somewhere, although its document has changed. */
function isRolledOut(item: JsonObject, rolledOut: ReadonlySet<string>): boolean {
  const data = item['data']
  const revision = getString(dig(item, 'metadata', 'annotations'), REVISION)
  return rolledOut.has(`${getString(data, 'kind')}/${getString(dig(data, 'metadata'), 'name')}@${revision}`)
}

/** The data of a ControllerRevision never changes: what it is called names it. */
function revisionName({ file, revision }: InForce): string {
  return `portcullis-${createHash('sha256').update(`${file}\n${revision}`).digest('hex').slice(0, 20)}`
}

function nameOf(object: JsonObject): string {
  return getString(dig(object, 'metadata'), 'name') ?? ''
}

/** Another controller may have made the same. */
function unlessThere(error: unknown): void {
  if (!isApiError(error, 409)) throw error
}
