import { compareText, oneLine } from '../admission/text.ts'
import type { Pointer } from '../json/pointer.ts'
import type { Action } from '../policy/compile.ts'

/** The object that something was said about. What a manifest leaves out is `''`. */
export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  /** Where it would go; `''` for a cluster-scoped object. */
  readonly namespace: string
  readonly name: string
}

/** `Pod shop/web`, on one line. */
export function describeReference({ kind, namespace, name }: ObjectReference): string {
  const shown = name === '' ? '(without a name)' : name
  return oneLine(`${kind} ${namespace === '' ? shown : `${namespace}/${shown}`}`)
}

/** A place in a file. Lines and columns count from 1; the end is exclusive. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

/** A finding, where it stands, whose it is, and what the cluster would do about it. */
export interface LintFinding extends Place {
  readonly policy: string
  readonly check: string
  readonly action: Action
  /** Into the object, not into the document that holds it. */
  readonly pointer: Pointer
  readonly message: string
  readonly hint?: string
  readonly object: ObjectReference
  /** The lines around it, secrets blacked out; drawn when asked for. */
  readonly frame: () => CodeFrame
}

/** A finding that an exception let pass. */
export interface LintExemption extends Place {
  readonly policy: string
  readonly check: string
  readonly message: string
  readonly exception: string
  readonly reason: string
  readonly object: ObjectReference
}

/** A rule that could not be applied to an object, and why. */
export interface LintSkip {
  readonly file: string
  readonly line: number
  readonly policy: string
  readonly check: string
  readonly reason: string
  /** Whether the cluster may refuse what was not judged: the run is not green then. */
  readonly unjudged?: true
  readonly object: ObjectReference
}

/** Something that could not be checked: the run ends with exit code 2. */
export interface LintError {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** An object that no policy looked at because its namespace is excluded. */
export interface LintExclusion {
  readonly file: string
  readonly line: number
  readonly namespace: string
  readonly policies: readonly string[]
  readonly object: ObjectReference
}

/** An exception that would have covered a finding but is past its date, in milliseconds since 1970. */
export interface ExpiredException {
  readonly exception: string
  readonly expires: number
}

/** Everything that was found in one file, sorted by line, column and policy. */
export interface FileReport {
  readonly file: string
  readonly documents: number
  readonly objects: number
  readonly findings: readonly LintFinding[]
  readonly exempt: readonly LintExemption[]
  readonly skipped: readonly LintSkip[]
  readonly errors: readonly LintError[]
  readonly excluded: readonly LintExclusion[]
  readonly expired: readonly ExpiredException[]
}

/** Lines of a file with a mark below one of them. Everything in it is printable. */
export interface CodeFrame {
  readonly lines: readonly { readonly number: number; readonly text: string }[]
  /** The number of the marked line; column and width count characters of its `text`, from 0. */
  readonly marked: { readonly number: number; readonly column: number; readonly width: number }
}

/** What the last line of a run counts. */
export interface Summary {
  readonly files: number
  readonly documents: number
  readonly objects: number
  readonly findings: number
  readonly skipped: number
  /** Those of the skipped that the cluster may refuse. */
  readonly unjudged: number
  readonly errors: number
}

/** Writes a run down in some format, file by file. */
export interface Reporter {
  file(report: FileReport): void
  /** @param errors those that belong to no file that was read, such as a path that matches nothing. */
  end(summary: Summary, errors: readonly LintError[]): void
}

/** By file, line, column, then policy; the order in which a reader meets them. */
export function comparePlaces(
  a: { readonly file: string; readonly line: number; readonly column?: number; readonly policy?: string },
  b: { readonly file: string; readonly line: number; readonly column?: number; readonly policy?: string },
): number {
  return (
    compareText(a.file, b.file) ||
    a.line - b.line ||
    (a.column ?? 0) - (b.column ?? 0) ||
    compareText(a.policy ?? '', b.policy ?? '')
  )
}
