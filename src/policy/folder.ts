import { compareText } from '../admission/text.ts'
import { locateProblem, type Problem, type SourceDocument, type ValueProblem } from './problems.ts'

/** What a folder holds at one moment. */
export interface Folder {
  readonly documents: readonly SourceDocument[]
  /** Texts that could not be read as documents at all. */
  readonly problems: readonly Problem[]
  /** Documents that were not read although they look as if they should be; none unless given. */
  readonly warnings?: readonly Problem[]
}

/** What every compiled document has. */
interface Identified {
  readonly kind: string
  readonly name: string
  readonly revision: string
  readonly file: string
}

/** A document, compiled, or everything that is wrong with it. */
export type Compiled<Document> =
  | { readonly ok: true; readonly document: Document; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly [Problem, ...Problem[]] }

/** A document that did not compile, its faults put where they stand. */
export function failed(source: SourceDocument, problems: readonly ValueProblem[]): Compiled<never> {
  const [first, ...rest] = problems.map(problem => locateProblem(source, problem))
  if (first === undefined) throw new Error('a document failed to compile without a problem')
  return { ok: false, problems: [first, ...rest] }
}

/** The documents of a folder that can be used. */
export interface LoadedFolder<Document> {
  /** Sorted by name. */
  readonly documents: readonly Document[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** The documents that stand at an older revision because their newest one does not compile, as `kind/name`. */
  readonly stale: readonly string[]
}

/**
 * Compiles every document of a folder alone. One that does not compile keeps its own last good revision, and so does
 * one that was in a file which cannot be read at present or holds something broken (its kind or name may be what is
 * mistyped); the others go live. A document that is gone from a sound folder is gone from the set.
 *
 * @param previous the documents in force; they stand in for those that do not compile.
 */
export function loadFolder<Document extends Identified>(
  folder: Folder,
  compile: (source: SourceDocument) => Compiled<Document>,
  previous: readonly Document[],
): LoadedFolder<Document> {
  const problems: Problem[] = [...folder.problems]
  const warnings: Problem[] = [...(folder.warnings ?? [])]
  const good = new Map<string, Document>()
  const broken = new Set<string>()
  const brokenFiles = new Set(folder.problems.map(problem => problem.file))
  for (const source of folder.documents) {
    const compiled = compile(source)
    if (!compiled.ok) {
      problems.push(...compiled.problems)
      broken.add(identityOf(source.value))
      brokenFiles.add(source.file)
      continue
    }
    warnings.push(...compiled.warnings)
    const identity = `${compiled.document.kind}/${compiled.document.name}`
    const twin = good.get(identity)
    if (twin === undefined) good.set(identity, compiled.document)
    else problems.push(duplicate(source, identity, twin))
  }
  const stale = keepLastGood(good, broken, brokenFiles, previous)
  return { documents: [...good.values()].sort((a, b) => compareText(a.name, b.name)), problems, warnings, stale }
}

/** Names a set of documents: the same documents and whatever else decides, the same hash. */
export function hashOf(
  documents: readonly Identified[],
  excludedNamespaces: readonly string[],
  digest: (text: string) => string,
  more: readonly string[] = [],
): string {
  const parts = documents.map(({ kind, name, revision }) => `${kind}/${name}@${revision}`)
  return digest([...parts, ...more, `excluded:${[...excludedNamespaces].sort().join(',')}`].join('\n')).slice(0, 12)
}

/** `kind/name` of a document, as far as it can be read. */
function identityOf(value: unknown): string {
  const { kind, metadata } = (typeof value === 'object' && value !== null ? value : {}) as {
    kind?: unknown
    metadata?: unknown
  }
  const { name } = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as { name?: unknown }
  return `${String(kind)}/${String(name)}`
}

function duplicate(source: SourceDocument, identity: string, twin: Identified): Problem {
  const message = `${identity} is defined already in ${twin.file}: names are unique; this second one is left out`
  return locateProblem(source, { pointer: '/metadata/name', part: 'value', message })
}

function keepLastGood<Document extends Identified>(
  good: Map<string, Document>,
  broken: ReadonlySet<string>,
  brokenFiles: ReadonlySet<string>,
  previous: readonly Document[],
): readonly string[] {
  const stale: string[] = []
  for (const document of previous) {
    const identity = `${document.kind}/${document.name}`
    if (good.has(identity) || !(broken.has(identity) || isBroken(document.file, brokenFiles))) continue
    good.set(identity, document)
    stale.push(identity)
  }
  return stale.sort()
}

/** Whether a file, or the folder that it was read from, is among those with something broken. */
function isBroken(file: string, brokenFiles: ReadonlySet<string>): boolean {
  if (brokenFiles.has(file)) return true
  const folder = file.slice(0, Math.max(0, file.lastIndexOf('/')))
  return brokenFiles.has(folder) || brokenFiles.has(`${folder}/`)
}
