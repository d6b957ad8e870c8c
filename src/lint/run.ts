import type { Readable } from 'node:stream'
import type { LintInput, LintInputs } from './inputs.ts'
import type { LintContext } from './judge.ts'
import { emptyReport, lintText } from './lint-text.ts'
import { type ReadText, readInputs } from './read.ts'
import { comparePlaces, type FileReport, type LintError, type Reporter, type Summary } from './report.ts'

/** What a run came to. Errors win over denials. */
export interface LintResult {
  readonly summary: Summary
  readonly denials: number
}

/**
 * Checks every input, one file at a time: only what is found is kept. Ends with an error where there was not one
 * Kubernetes object, so that a run that checked nothing is never a success.
 */
export async function lintInputs(
  found: LintInputs,
  context: LintContext,
  stdin: Readable,
  reporter: Reporter,
): Promise<LintResult> {
  const { inputs, errors } = found
  const sum = { files: 0, documents: 0, objects: 0, findings: 0, skipped: 0, errors: 0 }
  let denials = 0
  for await (const { input, read } of readInputs(inputs, stdin)) {
    const report = lintInput(input, read, context)
    sum.files++
    sum.documents += report.documents
    sum.objects += report.objects
    sum.findings += report.findings.length
    sum.skipped += report.skipped.length
    sum.errors += report.errors.length
    denials += report.findings.filter(({ action }) => action === 'Deny').length
    reporter.file(report)
  }
  const general = [...errors].sort(comparePlaces)
  if (sum.objects === 0 && sum.errors + general.length === 0) general.push(nothingFound(found))
  const summary = { ...sum, errors: sum.errors + general.length }
  reporter.end(summary, general)
  return { summary, denials }
}

function lintInput(input: LintInput, read: ReadText, context: LintContext): FileReport {
  const { file, isNamed } = input
  if ('problem' in read) return emptyReport(file, 0, [at(file, read.problem)])
  if (!isNamed && isOtherJson(file, read.text)) return emptyReport(file, 0, [])
  const report = lintText(file, read.text, context)
  if (!isNamed || report.objects > 0 || report.errors.length > 0) return report
  return { ...report, errors: [at(file, 'there is no Kubernetes object here: nothing was checked')] }
}

/**
 * Whether a file that a walk met is JSON of another purpose, such as a tsconfig.json: those often hold comments, which
 * JSON does not have. An object cannot do without the word apiVersion, unless it is written with escapes.
 */
function isOtherJson(file: string, text: string): boolean {
  return file.endsWith('.json') && !/apiVersion|\\[uUx]/.test(text)
}

function nothingFound({ inputs, args }: LintInputs): LintError {
  const where = inputs.length === 1 ? 'here' : `in these ${inputs.length} files`
  return at(args.join(' '), `there is no Kubernetes object ${where}: nothing was checked`)
}

function at(file: string, message: string): LintError {
  return { file, line: 1, column: 1, message }
}
