import type { Compiled, Folder } from './folder.ts'
import type { Rollouts } from './placement.ts'
import { locateProblem, type Problem, type SourceDocument } from './problems.ts'
import { compileRecord, type RecordDocument } from './rollout-record.ts'

/** What there is of rollouts beside the documents. Plain data but for the places in its documents. */
export interface RolloutSources {
  readonly records: readonly RecordDocument[]
  /** Revisions of documents of every kind, as they are kept. */
  readonly revisions: readonly SourceDocument[]
}

export const NO_ROLLOUT_SOURCES: RolloutSources = { records: [], revisions: [] }

/** The rollouts of one kind of document. A revision that this version cannot compile any more is not there. */
export function rolloutsOf<Document extends { readonly kind: string }>(
  { records, revisions }: RolloutSources,
  kinds: readonly string[],
  compile: (source: SourceDocument) => Compiled<Document>,
): Rollouts<Document> {
  const own = revisions.filter(({ kinds: held }) => held.some(kind => kinds.includes(kind)))
  const older = own.flatMap(source => {
    const compiled = compile(source)
    return compiled.ok ? [compiled.document] : []
  })
  return { records: records.map(compileRecord), older }
}

/** Staged documents that no rollout has brought anywhere: whoever forgot the rollout should hear of it. */
export function unbrought(
  folder: Folder,
  documents: readonly {
    readonly kind: string
    readonly name: string
    readonly source: unknown
    readonly isStaged: boolean
  }[],
  { records }: RolloutSources,
): readonly Problem[] {
  return documents.flatMap(({ kind, name, source, isStaged }) => {
    if (!isStaged || records.some(({ target }) => target.kind === kind && target.name === name)) return []
    const document = folder.documents.find(({ value }) => value === source)
    if (document === undefined) return []
    const message = 'it is in force nowhere: no CanaryRollout in a cluster brings it'
    return [locateProblem(document, { pointer: '/spec/staged', part: 'value', message })]
  })
}

/** What names the state of all rollouts in the hash of a set. */
export function rolloutParts({ records }: RolloutSources): readonly string[] {
  return records.map(({ target, uid, number }) => `rollout:${target.kind}/${target.name}#${uid}#${number}`).sort()
}

/** The labels of namespaces that a stage selects on, also of a rollout that was there before. */
export function ringLabels({ records }: Pick<RolloutSources, 'records'>): readonly string[] {
  return records.flatMap(({ stages, before }) => [
    ...stages.flatMap(({ namespaceSelector }) => [
      ...Object.keys(namespaceSelector?.matchLabels ?? {}),
      ...(namespaceSelector?.matchExpressions ?? []).map(({ key }) => key),
    ]),
    ...(before === undefined ? [] : ringLabels({ records: [before] })),
  ])
}
