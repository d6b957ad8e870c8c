import type { Readable } from 'node:stream'
import type { LintInput, LintInputs } from './inputs.ts'
import type { LintContext } from './judge.ts'
import { compareHeld, emptyReport, type LintedText, lintText } from './lint-text.ts'
import { type ReadText, readInputs } from './read.ts'
import { comparePlaces, type FileReport, type LintError, type Reporter, type Summary } from './report.ts'
import { isManifestName } from './walk.ts'

/** What a run came to. Errors win over denials. */
export interface LintResult {
  readonly summary: Summary
  readonly denials: number
}

/**
 * Checks every input, one file at a time: only what is found is kept, and what has to be compared with other objects,
 * whose files are reported when all have been seen. Ends with an error where there was not one
 * Kubernetes object, so that a run that checked nothing is never a success.
 */
export async function lintInputs(
  found: LintInputs,
  context: LintContext,
  stdin: Readable,
  reporter: Reporter,
): Promise<LintResult> {
  const { inputs, errors } = found
  const sum = { files: 0, documents: 0, objects: 0, findings: 0, skipped: 0, unjudged: 0, errors: 0 }
  let denials = 0
  const report = (found: FileReport) => {
    sum.files++
    sum.documents += found.documents
    sum.objects += found.objects
    sum.findings += found.findings.length
    sum.skipped += found.skipped.length
    sum.unjudged += found.skipped.filter(({ unjudged }) => unjudged === true).length
    sum.errors += found.errors.length
    denials += found.findings.filter(({ action }) => action === 'Deny').length
    reporter.file(found)
  }
  const waiting: LintedText[] = []
  for await (const { input, read } of readInputs(inputs, stdin)) {
    const linted = lintInput(input, read, context)
    if (linted.held.length > 0) waiting.push(linted)
    else report(linted.report)
  }
  compareHeld(waiting.flatMap(({ held }) => held))
  for (const linted of waiting) report(linted.report)
  const general = [...errors].sort(comparePlaces)
  if (sum.objects === 0 && sum.errors + general.length === 0) general.push(nothingFound(found))
  const summary = { ...sum, errors: sum.errors + general.length }
  reporter.end(summary, general)
  return { summary, denials }
}

function lintInput(input: LintInput, read: ReadText, context: LintContext): LintedText {
  const { file, isNamed } = input
  if (!isNamed && isOfOtherPurpose(file, read)) return { report: emptyReport(file, 0, []), held: [] }
  if ('problem' in read) return { report: emptyReport(file, 0, [at(file, read.problem)]), held: [] }
  const linted = lintText(file, read.text, context)
  const { report } = linted
  if (!isNamed || report.objects > 0 || report.errors.length > 0) return linted
  const errors = [at(file, 'there is no Kubernetes object here: nothing was checked')]
  return { report: { ...report, errors }, held: [] }
}

/**
 * Whether a file that a walk or a glob met has another purpose, so that its syntax does not matter: JSON such as a
 * tsconfig.json, which often holds comments, hidden files such as .gitlab-ci.yml, which has tags of its own, and what a
 * glob such as `*` meets beside manifests.
 */
export function isOfOtherPurpose(file: string, read: ReadText): boolean {
  const isManifest = isManifestName(file) && !file.endsWith('.json') && !/(?:^|\/)\.[^/]*[^./]/.test(file)
  const text = 'text' in read ? read.text : read.undecoded
  return !isManifest && text !== undefined && holdsNoObject(text)
}

/**
 * Whether a text certainly holds no object that kubectl would send: those cannot do without the words kind and metadata
 * (kubectl can do without apiVersion if it is told not to validate). A word may be written with escapes, be cut by an
 * escaped line break, or be in base64 behind a `!!binary` tag, which may itself be spelled in many ways.
 */
export function holdsNoObject(text: string): boolean {
  return !(text.includes('kind') && text.includes('metadata')) && !HIDDEN_WORD.test(text)
}

const HIDDEN_WORD = /\\[uUx]|["kindmeta]\\[\r\n\x85\u2028\u2029]|binary|^%TAG|![^\s!]*%/m

/** A run that met no object has not checked anything. */
export function nothingFound({ inputs, args }: LintInputs): LintError {
  const where = inputs.length === 1 ? 'here' : `in these ${inputs.length} files`
  return at(args.join(' '), `there is no Kubernetes object ${where}: nothing was checked`)
}

function at(file: string, message: string): LintError {
  return { file, line: 1, column: 1, message }
}
