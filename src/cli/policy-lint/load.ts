import { relative, resolve } from 'node:path'
import { CHECKS } from '../../checks/index.ts'
import type { LintContext } from '../../lint/judge.ts'
import type { LintError } from '../../lint/report.ts'
import { namespaceLabelsOf } from '../../policy/match.ts'
import { describeProblem, type Problem } from '../../policy/problems.ts'
import { loadSet } from '../../policy/set.ts'
import { type DocumentOptions, digest, documentSources, readDocuments } from '../documents.ts'
import type { Io } from '../io.ts'
import { readNamespaces } from '../namespaces.ts'

/** The options that decide a verdict. */
export interface PolicyOptions extends DocumentOptions {
  readonly 'exclude-namespaces': readonly string[]
  readonly namespaces: string | undefined
  readonly namespace: string
}

/** What files are judged by, with what should be said about it, or why there is nothing to judge them by. */
export type LoadedPolicies =
  | { readonly ok: true; readonly context: LintContext; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly LintError[] }

/** Reads the policies, the exceptions and the labels of namespaces that the options name. */
export async function loadPolicies(options: PolicyOptions, io: Io): Promise<LoadedPolicies> {
  const at = (path: string | undefined) => (path === undefined ? undefined : resolve(io.cwd, path))
  const sources = documentSources({
    policies: at(options.policies),
    exceptions: at(options.exceptions),
    'enable-exception': options['enable-exception'],
  })
  const { set, problems, warnings } = loadSet(await readDocuments(sources), {
    checks: CHECKS,
    excludedNamespaces: options['exclude-namespaces'],
    digest,
    // What is to come is judged as what is here: nobody wants to be told when it has come.
    isUnstaged: true,
  })
  const namespaces = await readNamespaces(at(options.namespaces))
  const errors = [...problems, ...namespaces.problems].map(problem => errorOf(problem, io.cwd))
  if (errors.length === 0 && set.policies.length === 0) {
    const file = options.policies ?? ''
    errors.push({ file, line: 1, column: 1, message: 'there is no policy here: nothing can be checked' })
  }
  if (errors.length > 0) return { ok: false, errors }
  const context = {
    set,
    namespaceLabels: namespaceLabelsOf(namespaces.table),
    defaultNamespace: options.namespace,
    now: Date.now(),
  }
  return { ok: true, context, notes: warnings.map(warning => noteOf(warning, io.cwd)) }
}

/** A warning about a document, for the standard error. */
export function noteOf(warning: Problem, cwd: string): string {
  return `warning: ${describeProblem({ ...warning, file: shownPath(warning.file, cwd) })}`
}

/** What is wrong with a document, as what is wrong with a file is said. */
export function errorOf({ file, line, column, pointer, message, option = '' }: Problem, cwd: string): LintError {
  const subject = option || pointer
  return { file: shownPath(file, cwd), line, column, message: subject === '' ? message : `${subject}: ${message}` }
}

/** A path as a person in `cwd` would write it. */
export function shownPath(file: string, cwd: string): string {
  const path = relative(cwd, file)
  return path === '' || path.startsWith('..') ? file : path
}
