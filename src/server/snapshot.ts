import { certificateFacts } from '../certs/facts.ts'
import { CHECKS } from '../checks/index.ts'
import type { GenericFiles } from '../injection/generic/read.ts'
import type { InjectionSet } from '../injection/plan.ts'
import { loadInjections } from '../injection/set.ts'
import { type NamespaceTable, namespaceLabelsOf } from '../policy/match.ts'
import type { SourceDocument } from '../policy/problems.ts'
import type { RecordDocument } from '../policy/rollout-record.ts'
import type { RolloutSources } from '../policy/rollout-sources.ts'
import { loadSet, type PolicySet } from '../policy/set.ts'
import type { ReviewContext } from '../review/context.ts'

/** Everything that decides a verdict, as one immutable value; a request sees exactly one. */
export interface Snapshot {
  readonly set: PolicySet
  readonly injections: InjectionSet
  readonly namespaces: NamespaceTable
  /** Whether the emergency brake is on: every endpoint answers as its observing one. */
  readonly isBraked: boolean
}

/** A snapshot as plain data, so that it can cross to another thread and be compiled again there. */
export interface PortableSnapshot {
  readonly documents: readonly PortableDocument[]
  readonly excludedNamespaces: readonly string[]
  readonly hash: string
  readonly injections: readonly PortableDocument[]
  readonly generic: GenericFiles | undefined
  readonly uninjectedNamespaces: readonly string[]
  readonly injectionHash: string
  readonly rollouts: PortableRollouts
  readonly injectionRollouts: PortableRollouts
  readonly namespaces: NamespaceTable
}

interface PortableRollouts {
  readonly records: readonly RecordDocument[]
  readonly revisions: readonly PortableDocument[]
}

type PortableDocument = Omit<SourceDocument, 'locate'>

/** What a review is given: one snapshot, clocks, and what the API can be asked. */
export function contextOf(
  { set, injections, namespaces }: Pick<Snapshot, 'set' | 'injections' | 'namespaces'>,
  ports: Pick<ReviewContext, 'now' | 'monotonic' | 'owners' | 'namespaces' | 'ownNamespace'>,
): ReviewContext {
  const namespaceLabels = namespaceLabelsOf(namespaces)
  return { set, injections, namespaceLabels, readCertificates: certificateFacts, ...ports }
}

/** Takes a snapshot apart. */
export function toPortable({ set, injections, namespaces }: Snapshot): PortableSnapshot {
  return {
    documents: [...set.documents, ...set.exceptions].map(portable),
    excludedNamespaces: set.excludedNamespaces,
    hash: set.hash,
    injections: injections.documents.filter(({ generic }) => generic === undefined).map(portable),
    generic: injections.generic,
    uninjectedNamespaces: injections.excludedNamespaces,
    injectionHash: injections.hash,
    rollouts: portableRollouts(set.rollouts),
    injectionRollouts: portableRollouts(injections.rollouts),
    namespaces,
  }
}

function portableRollouts({ records, revisions }: RolloutSources): PortableRollouts {
  return { records, revisions: revisions.map(({ locate: _, ...revision }) => revision) }
}

function portable(document: {
  readonly kind: string
  readonly file: string
  readonly revision: string
  readonly source: unknown
}): PortableDocument {
  const { kind, file, revision, source } = document
  return { file, revision, value: source, kinds: [kind] }
}

/** Compiles a portable snapshot. Its documents compiled before, so a problem here is a bug. */
export function fromPortable(portable: PortableSnapshot): Snapshot {
  const { excludedNamespaces, hash, uninjectedNamespaces, injectionHash, namespaces } = portable
  const policies = loadSet(folderOf(portable.documents), {
    checks: CHECKS,
    excludedNamespaces,
    digest: () => hash,
    rollouts: sourcesOf(portable.rollouts),
  })
  const injections = loadInjections(
    { ...folderOf(portable.injections), generic: portable.generic },
    {
      excludedNamespaces: uninjectedNamespaces,
      digest: () => injectionHash,
      rollouts: sourcesOf(portable.injectionRollouts),
    },
  )
  const [problem] = [...policies.problems, ...injections.problems]
  if (problem !== undefined) throw new Error(`a compiled document does not compile again: ${problem.message}`)
  // Which endpoint answers was decided before a review comes to the other thread.
  return { set: policies.set, injections: injections.set, namespaces, isBraked: false }
}

function sourcesOf({ records, revisions }: PortableRollouts): RolloutSources {
  return { records, revisions: folderOf(revisions).documents }
}

function folderOf(documents: readonly PortableDocument[]) {
  const nowhere = { line: 1, column: 1 }
  return {
    documents: documents.map(document => ({ ...document, locate: () => ({ start: nowhere, end: nowhere }) })),
    problems: [],
  }
}
