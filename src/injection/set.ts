import { type Folder, hashOf, loadFolder } from '../policy/folder.ts'
import { arrange } from '../policy/placement.ts'
import type { Problem } from '../policy/problems.ts'
import {
  NO_ROLLOUT_SOURCES,
  type RolloutSources,
  ringLabels,
  rolloutParts,
  rolloutsOf,
  unbrought,
} from '../policy/rollout-sources.ts'
import { compileInjection } from './compile.ts'
import { type GenericFiles, readGeneric } from './generic/read.ts'
import type { Injection } from './injection.ts'
import type { InjectionSet } from './plan.ts'

/** A set of injections, and what is wrong with what it came from. */
export interface LoadedInjections {
  readonly set: InjectionSet
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** The documents that stand at an older revision because their newest one does not compile, as `kind/name`. */
  readonly stale: readonly string[]
}

/** What injections are read from: documents, and the two files of the generic-sidecar-injector. */
export interface InjectionSources extends Folder {
  /** The texts; undefined where there are none, or they cannot be read. */
  readonly generic?: GenericFiles | undefined
}

/** What stands beside the sources, and in for those that do not compile. */
export interface InjectionLoadOptions {
  readonly excludedNamespaces: readonly string[]
  /** The hash of a text, as hexadecimal digits. */
  readonly digest: (text: string) => string
  /** The set in force. */
  readonly previous?: InjectionSet
  /** What rollouts say; none unless given. */
  readonly rollouts?: RolloutSources
  /** Whether staged injections are made everywhere: for who asks what they would do. */
  readonly isUnstaged?: boolean
}

/** Nothing is injected. */
export const NO_INJECTIONS: InjectionSet = {
  injections: [],
  shadows: [],
  documents: [],
  rollouts: NO_ROLLOUT_SOURCES,
  generic: undefined,
  excludedNamespaces: [],
  namespaceLabels: new Set(),
  hash: '',
}

/** Compiles injections: each document alone, and the two files of the generic format together. */
export function loadInjections(sources: InjectionSources, options: InjectionLoadOptions): LoadedInjections {
  const { excludedNamespaces, digest, previous, rollouts = NO_ROLLOUT_SOURCES, isUnstaged = false } = options
  const known = previous?.documents ?? []
  const loaded = loadFolder(
    sources,
    compileInjection,
    known.filter(({ generic }) => generic === undefined),
  )
  const generic = loadGeneric(sources, previous)
  const documents = [...generic.injections, ...loaded.documents]
  const placed = isUnstaged
    ? documents
    : arrange('SidecarInjection', documents, rolloutsOf(rollouts, ['SidecarInjection'], compileInjection))
  const injections = placed.filter(({ placement }) => placement?.role !== 'shadow')
  const hash = hashOf(documents, excludedNamespaces, digest, rolloutParts(rollouts))
  const selected = placed.flatMap(({ namespaceSelector }) => namespaceSelector.map(({ key }) => key))
  return {
    set: {
      injections,
      shadows: placed.filter(({ placement }) => placement?.role === 'shadow'),
      documents,
      rollouts,
      generic: generic.files,
      excludedNamespaces,
      namespaceLabels: new Set([...selected, ...ringLabels(rollouts)]),
      hash,
    },
    problems: [...generic.problems, ...loaded.problems],
    warnings: [...generic.warnings, ...loaded.warnings, ...(isUnstaged ? [] : unbrought(sources, documents, rollouts))],
    stale: [...generic.stale, ...loaded.stale],
  }
}

interface LoadedGeneric {
  readonly files: GenericFiles | undefined
  readonly injections: readonly Injection[]
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly stale: readonly string[]
}

function loadGeneric({ generic, problems }: InjectionSources, previous: InjectionSet | undefined): LoadedGeneric {
  const read = generic === undefined ? undefined : readGeneric(generic)
  if (read?.ok === true) {
    return { files: generic, injections: read.injections, problems: [], warnings: read.warnings, stale: [] }
  }
  // They cannot be read at all: then that is among the problems of the sources.
  const isGone = generic === undefined && !problems.some(({ file }) => isOf(previous?.generic, file))
  const kept = isGone ? [] : (previous?.documents ?? []).filter(injection => injection.generic !== undefined)
  return {
    files: isGone ? undefined : previous?.generic,
    injections: kept,
    problems: read?.problems ?? [],
    warnings: [],
    stale: kept.map(({ kind, name }) => `${kind}/${name}`),
  }
}

function isOf(files: GenericFiles | undefined, file: string): boolean {
  return files !== undefined && (files.sidecarFile === file || files.mutationFile === file)
}
