import type { RegisteredCheck } from '../checks/check.ts'
import { type CompiledDocument, type CompiledPolicy, compileDocument } from './compile.ts'
import type { CompiledException } from './exceptions.ts'
import { locateProblem, type Problem, type SourceDocument } from './problems.ts'

/** Everything that decides a verdict, as one immutable snapshot. A request sees exactly one. */
export interface PolicySet {
  /** Sorted by name. */
  readonly policies: readonly CompiledPolicy[]
  readonly exceptions: readonly CompiledException[]
  /** The namespaces that no policy applies to, unless it says otherwise itself. */
  readonly excludedNamespaces: readonly string[]
  /** Names the set: equal documents, equal hash. */
  readonly hash: string
}

/** What a folder holds at one moment. */
export interface Folder {
  readonly documents: readonly SourceDocument[]
  /** Texts that could not be read as documents at all. */
  readonly problems: readonly Problem[]
}

/** A set, and what is wrong with the folder that it came from. */
export interface LoadedSet {
  readonly set: PolicySet
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** The documents that stand at an older revision because their newest one does not compile, as `kind/name`. */
  readonly stale: readonly string[]
}

export interface LoadOptions {
  readonly checks: readonly RegisteredCheck[]
  readonly excludedNamespaces: readonly string[]
  /** The hash of a text, as hexadecimal digits. */
  readonly digest: (text: string) => string
  /** The set in force; its documents stand in for those that do not compile. */
  readonly previous?: PolicySet
}

/**
 * Compiles every document of a folder alone. One that does not compile keeps its own last good revision, and so does
 * one that was in a file which cannot be read at present or holds something broken (its kind or name may be what is
 * mistyped); the others go live. A document that is gone from a sound folder is gone from the set.
 */
export function loadSet(folder: Folder, options: LoadOptions): LoadedSet {
  const problems: Problem[] = [...folder.problems]
  const warnings: Problem[] = []
  const good = new Map<string, CompiledDocument>()
  const broken = new Set<string>()
  const brokenFiles = new Set(folder.problems.map(problem => problem.file))
  for (const source of folder.documents) {
    const compiled = compileDocument(source, options.checks)
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
  const stale = keepLastGood(good, broken, brokenFiles, options.previous)
  return { set: buildSet([...good.values()], options), problems, warnings, stale }
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

function duplicate(source: SourceDocument, identity: string, twin: CompiledDocument): Problem {
  const message = `${identity} is defined already in ${twin.file}: names are unique; this second one is left out`
  return locateProblem(source, { pointer: '/metadata/name', part: 'value', message })
}

function keepLastGood(
  good: Map<string, CompiledDocument>,
  broken: ReadonlySet<string>,
  brokenFiles: ReadonlySet<string>,
  previous: PolicySet | undefined,
): readonly string[] {
  const stale: string[] = []
  for (const document of [...(previous?.policies ?? []), ...(previous?.exceptions ?? [])]) {
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

function buildSet(documents: readonly CompiledDocument[], { excludedNamespaces, digest }: LoadOptions): PolicySet {
  const byName = [...documents].sort((a, b) => compareText(a.name, b.name))
  const policies = byName.filter(document => document.kind === 'Policy')
  const exceptions = byName.filter(document => document.kind === 'PolicyException')
  const parts = [...policies, ...exceptions].map(({ kind, name, revision }) => `${kind}/${name}@${revision}`)
  const hash = digest([...parts, `excluded:${[...excludedNamespaces].sort().join(',')}`].join('\n')).slice(0, 12)
  return { policies, exceptions, excludedNamespaces, hash }
}

/** By code unit, not by locale: the same order on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
