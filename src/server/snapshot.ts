import { CHECKS } from '../checks/index.ts'
import type { NamespaceLabels } from '../policy/match.ts'
import type { SourceDocument } from '../policy/problems.ts'
import { loadSet, type PolicySet } from '../policy/set.ts'

/** Labels of namespaces by their names. */
export type NamespaceTable = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Everything that decides a verdict, as one immutable value; a request sees exactly one. */
export interface Snapshot {
  readonly set: PolicySet
  readonly namespaces: NamespaceTable
}

/** A snapshot as plain data, so that it can cross to another thread and be compiled again there. */
export interface PortableSnapshot {
  readonly documents: readonly Omit<SourceDocument, 'locate'>[]
  readonly excludedNamespaces: readonly string[]
  readonly hash: string
  readonly namespaces: NamespaceTable
}

/** The port of a table: own keys only, a namespace may be called `constructor`. */
export function namespaceLabelsOf(table: NamespaceTable): NamespaceLabels {
  return { labelsOf: namespace => (Object.hasOwn(table, namespace) ? table[namespace] : undefined) }
}

/** Takes a snapshot apart. */
export function toPortable({ set, namespaces }: Snapshot): PortableSnapshot {
  const documents = [...set.policies, ...set.exceptions].map(({ kind, file, revision, source }) => ({
    file,
    revision,
    value: source,
    kinds: [kind],
  }))
  return { documents, excludedNamespaces: set.excludedNamespaces, hash: set.hash, namespaces }
}

/** Compiles a portable snapshot. Its documents compiled before, so a problem here is a bug. */
export function fromPortable({ documents, excludedNamespaces, hash, namespaces }: PortableSnapshot): Snapshot {
  const nowhere = { line: 1, column: 1 }
  const folder = {
    documents: documents.map(document => ({ ...document, locate: () => ({ start: nowhere, end: nowhere }) })),
    problems: [],
  }
  const { set, problems } = loadSet(folder, { checks: CHECKS, excludedNamespaces, digest: () => hash })
  if (problems.length > 0) throw new Error(`a compiled document does not compile again: ${problems[0]?.message}`)
  return { set, namespaces }
}
