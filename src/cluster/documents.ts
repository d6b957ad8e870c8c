import { quote } from '../admission/text.ts'
import { dig, getList, getString, isObject, type JsonObject } from '../json/value.ts'
import type { Folder } from '../policy/folder.ts'
import type { NamespaceTable } from '../policy/match.ts'
import type { SourceDocument } from '../policy/problems.ts'
import { type RecordDocument, readRecord } from '../policy/rollout-record.ts'
import type { RolloutSources } from '../policy/rollout-sources.ts'
import { labelsIn } from '../workload/selector.ts'
import type { ClusterClient, CollectionPath } from './client.ts'
import type { Followed } from './following.ts'
import { identityOf } from './kind-identity.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'

const GROUP = 'portcullis.dev'
const VERSION = 'v1alpha1'

/** The kinds of documents, and how the API calls them. */
export const KINDS = {
  Policy: 'policies',
  PolicyException: 'policyexceptions',
  SidecarInjection: 'sidecarinjections',
} as const
export type Kind = keyof typeof KINDS

/** Not followed by the gateways: what they need of a rollout is in its record. */
export const ROLLOUTS = { group: GROUP, version: VERSION, resource: 'canaryrollouts' } as const

/**
 * The last good revisions of documents, and the records of rollouts: ControllerRevisions in the gateway's own namespace, which is
 * where Kubernetes' own controllers keep theirs. The data is the document, or the record.
 */
export const REVISIONS = { group: 'apps', version: 'v1', resource: 'controllerrevisions' } as const
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'portcullis' }
export const REVISION_LABELS = { ...MANAGED_BY, 'portcullis.dev/revision': 'document' }
export const RECORD_LABELS = { ...MANAGED_BY, 'portcullis.dev/revision': 'rollout' }
/** That client certificates can be demanded, as long as the installation lasts of which this was found out. */
export const CLIENT_AUTH_LABELS = { ...MANAGED_BY, 'portcullis.dev/revision': 'client-auth' }
export const REVISION_SELECTOR = selectorOf(REVISION_LABELS)
export const RECORD_SELECTOR = selectorOf(RECORD_LABELS)
export const CLIENT_AUTH_SELECTOR = selectorOf(CLIENT_AUTH_LABELS)
/** All of them. */
export const MANAGED_SELECTOR = selectorOf(MANAGED_BY)

function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}

/** On the gateway's own Namespace: turns everything to observe. Its text says why. */
export const BRAKE_ANNOTATION = 'portcullis.dev/emergency-brake'

export interface ClusterDocumentsOptions {
  readonly client: Pick<ClusterClient, 'resource' | 'read' | 'list'>
  /** The gateway's own: the one in which a PolicyException counts, and that bears the emergency brake. */
  readonly ownNamespace: string
  /** Names the text of a document: equal texts, equal revisions. */
  readonly revisionOf: (text: string) => string
  readonly onError: (kind: string, error: unknown) => void
  /** Milliseconds; as in {@link ReflectorOptions}. */
  readonly delayMs?: number
}

/** The documents and the labels of namespaces that a cluster holds, followed from the start to the end of the process. */
export class ClusterDocuments {
  readonly #options: ClusterDocumentsOptions
  readonly #reflectors: Readonly<Record<Kind | 'Namespace' | 'ControllerRevision', Reflector>>
  readonly #listeners = new Set<() => void>()
  /** Last good revisions and records that were collected with a document; they count as long as that is kept. */
  readonly #collected = new Map<string, JsonObject>()
  #revision = 0

  constructor(options: ClusterDocumentsOptions) {
    this.#options = options
    const reflect = (kind: string, path: CollectionPath, more: Partial<ReflectorOptions>, labelSelector?: string) =>
      new Reflector({
        ...more,
        ...(options.delayMs !== undefined && { delayMs: options.delayMs }),
        source: options.client.resource(path, labelSelector === undefined ? {} : { labelSelector }),
        onChange: () => {
          this.#revision++
          for (const listener of this.#listeners) listener()
        },
        onError: error => options.onError(kind, error),
      })
    const own = (kind: Kind) =>
      reflect(
        kind,
        { group: GROUP, version: VERSION, resource: KINDS[kind] },
        { identify: () => identityOf(options.client, { group: GROUP, version: VERSION, resource: KINDS[kind] }) },
      )
    const namespace = options.ownNamespace
    this.#reflectors = {
      Policy: own('Policy'),
      PolicyException: own('PolicyException'),
      SidecarInjection: own('SidecarInjection'),
      Namespace: reflect('Namespace', { group: '', version: 'v1', resource: 'namespaces' }, {}),
      ControllerRevision: reflect(
        'ControllerRevision',
        { ...REVISIONS, namespace },
        { onGone: object => this.#collect(object) },
        MANAGED_SELECTOR,
      ),
    }
  }

  /** Follows everything; returns at once. */
  start(): void {
    for (const reflector of this.#all) void reflector.run()
  }

  stop(): void {
    for (const reflector of this.#all) reflector.stop()
  }

  get #all(): readonly Reflector[] {
    return Object.values(this.#reflectors)
  }

  /** The gateway's own namespace. */
  get ownNamespace(): string {
    return this.#options.ownNamespace
  }

  /** Whether everything has been seen. */
  get isWhole(): boolean {
    return this.#all.every(({ isSynced }) => isSynced)
  }

  /** Changes with every change of what is here. */
  get revision(): string {
    return `cluster:${this.#revision}`
  }

  /** Calls back with every change; the function returned ends that. */
  follow(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The kinds of which nothing has been seen yet. */
  get missing(): readonly string[] {
    return Object.entries(this.#reflectors).flatMap(([kind, { isSynced }]) => (isSynced ? [] : [kind]))
  }

  /** How each kind is followed. */
  get followed(): readonly Followed[] {
    return Object.entries(this.#reflectors).map(([kind, { ageMs, lost, isUnserved }]) => ({
      kind,
      ageSeconds: ageMs / 1000,
      lost: lost.map(object => fileOf(kind, object)),
      isUnserved,
    }))
  }

  /** Keeps a revision or a record that was collected because its document is gone: the document itself may be kept. */
  #collect(object: JsonObject): void {
    const owners = new Set((Object.keys(KINDS) as Kind[]).flatMap(kind => this.#reflectors[kind].deleted.map(uidOf)))
    for (const [name, old] of this.#collected) if (!owners.has(ownerOf(old))) this.#collected.delete(name)
    if (owners.has(ownerOf(object))) this.#collected.set(nameOf(object), object)
  }

  /** The revisions and records that are there, and those of documents that are kept. */
  #stored(): readonly JsonObject[] {
    const { objects } = this.#reflectors.ControllerRevision
    if (this.#collected.size === 0) return objects
    const kept = new Set((Object.keys(KINDS) as Kind[]).flatMap(kind => this.#reflectors[kind].lost.map(uidOf)))
    return [...objects, ...[...this.#collected.values()].filter(object => kept.has(ownerOf(object)))]
  }

  /** The documents of these kinds, as a folder would hold them. */
  folder(kinds: readonly Kind[]): Folder {
    const all = kinds.flatMap(kind => this.#reflectors[kind].objects.map(object => this.#document(kind, object)))
    return {
      documents: all.flatMap(({ document }) => (document === undefined ? [] : [document])),
      problems: all.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
    }
  }

  /** The last good revisions of documents of these kinds, as a folder would hold them: of several of one document the newest. */
  lastGood(kinds: readonly Kind[]): Folder {
    const newest = new Map<string, SourceDocument>()
    for (const { document } of this.#revisions(kinds)) newest.set(document.file, document)
    return { documents: [...newest.values()], problems: [] }
  }

  /** The records of rollouts, one for each target, and every revision that is kept of any document. */
  rollouts(): RolloutSources {
    const records = new Map<string, RecordDocument>()
    for (const { data } of this.#stored()) {
      const record = readRecord(data)
      if (record === undefined) continue
      const target = `${record.target.kind}/${record.target.name}`
      // While a new one takes the place of an old one both are there.
      if (record.number > (records.get(target)?.number ?? 0)) records.set(target, record)
    }
    const revisions = this.#revisions(['Policy', 'SidecarInjection']).map(({ document }) => document)
    return { records: [...records.values()], revisions }
  }

  /** What is kept of documents of these kinds, the oldest first. */
  #revisions(kinds: readonly Kind[]) {
    return this.#stored()
      .flatMap(({ data, revision }) => {
        const kind = kinds.find(known => known === getString(data, 'kind'))
        const document = kind === undefined || !isObject(data) ? undefined : this.#document(kind, data).document
        return document === undefined ? [] : [{ document, number: typeof revision === 'number' ? revision : 0 }]
      })
      .toSorted((a, b) => a.number - b.number)
  }

  /** Whether a message is about a document of the cluster. */
  isOwn(file: string): boolean {
    return this.objects().some(object => object.file === file)
  }

  /** The documents as the API has them, and what messages call each. */
  objects(): readonly { readonly kind: Kind; readonly file: string; readonly object: JsonObject }[] {
    return (Object.keys(KINDS) as Kind[]).flatMap(kind =>
      this.#reflectors[kind].objects.map(object => ({ kind, file: fileOf(kind, object), object })),
    )
  }

  /** The labels of all namespaces. */
  namespaces(): NamespaceTable {
    return Object.fromEntries(
      this.#reflectors.Namespace.objects.map(object => {
        return [nameOf(object), labelsIn(dig(object, 'metadata', 'labels'))]
      }),
    )
  }

  /** Why the emergency brake is on: the annotation of the gateway's own namespace; undefined while there is none. */
  brake(): string | undefined {
    const own = this.#reflectors.Namespace.objects.find(object => nameOf(object) === this.#options.ownNamespace)
    return getString(dig(own, 'metadata', 'annotations'), BRAKE_ANNOTATION)
  }

  /** Whether client certificates can be demanded. */
  isClientAuthReady(): boolean {
    return this.#reflectors.ControllerRevision.objects.some(
      ({ data }) => getString(data, 'kind') === 'ClientAuth' && getString(data, 'state') === 'ready',
    )
  }

  #document(kind: Kind, object: JsonObject) {
    const namespace = getString(dig(object, 'metadata'), 'namespace') ?? ''
    const file = fileOf(kind, object)
    const { ownNamespace, revisionOf } = this.#options
    if (kind === 'PolicyException' && namespace !== ownNamespace) {
      const message = `does not count: exceptions live in the namespace ${quote(ownNamespace)} alone`
      return { problem: { file, line: 1, column: 1, pointer: '/metadata/namespace', message } }
    }
    return { document: documentOf(kind, object, revisionOf) }
  }
}

/**
 * An object of the API as a document, as a folder's reader would hand it over.
 *
 * @param revisionOf as in {@link ClusterDocumentsOptions}.
 */
export function documentOf(kind: string, object: JsonObject, revisionOf: (text: string) => string): SourceDocument {
  const namespace = getString(dig(object, 'metadata'), 'namespace') ?? ''
  // The status is the controller's, and the rest of the metadata the API server's.
  const metadata = { name: nameOf(object), ...(namespace !== '' && { namespace }) }
  const value = { apiVersion: `${GROUP}/${VERSION}`, kind, metadata, spec: object['spec'] ?? null }
  return {
    file: fileOf(kind, object),
    value,
    kinds: [kind],
    revision: revisionOf(JSON.stringify(value)),
    locate: () => ({ start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }),
  }
}

/** What messages call a document, in place of a file. */
function fileOf(kind: string, object: JsonObject): string {
  const namespace = getString(dig(object, 'metadata'), 'namespace') ?? ''
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${nameOf(object)}`
}

function nameOf(object: JsonObject): string {
  return getString(dig(object, 'metadata'), 'name') ?? ''
}

function uidOf(object: JsonObject): string {
  return getString(dig(object, 'metadata'), 'uid') ?? ''
}

/** The uid of what an object goes with; `''` without one. */
function ownerOf(object: JsonObject): string {
  return getString(getList(object['metadata'], 'ownerReferences')[0], 'uid') ?? ''
}
