import { type Folder, hashOf, loadFolder } from '../policy/folder.ts'
import type { Problem } from '../policy/problems.ts'
import { compileInjection } from './compile.ts'
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

/** Where injections come from, and what stands in for those that do not compile. */
export interface InjectionLoadOptions {
  readonly excludedNamespaces: readonly string[]
  /** The hash of a text, as hexadecimal digits. */
  readonly digest: (text: string) => string
  /** The set in force. */
  readonly previous?: InjectionSet
  /** Those of the generic-sidecar-injector's files, in their order. */
  readonly generic?: readonly Injection[]
}

/** Nothing is injected. */
export const NO_INJECTIONS: InjectionSet = { injections: [], excludedNamespaces: [], hash: '' }

/** Compiles the injections of a folder, each alone. */
export function loadInjections(folder: Folder, options: InjectionLoadOptions): LoadedInjections {
  const previous = (options.previous?.injections ?? []).filter(({ generic }) => generic === undefined)
  const { documents, ...rest } = loadFolder(folder, compileInjection, previous)
  const injections = [...(options.generic ?? []), ...documents]
  const { excludedNamespaces, digest } = options
  return { set: { injections, excludedNamespaces, hash: hashOf(injections, excludedNamespaces, digest) }, ...rest }
}
