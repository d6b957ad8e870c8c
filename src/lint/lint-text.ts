import type { Pointer } from '../json/pointer.ts'
import type { Unjudged } from '../policy/decide.ts'
import type { Evaluated } from '../policy/evaluate.ts'
import { compareMembers, type SetMember } from '../policy/evaluate-set.ts'
import type { YamlDocument } from '../yaml/document.ts'
import { type ParsedYaml, parseYaml } from '../yaml/parse.ts'
import { codeFrame } from './frame.ts'
import { type JudgedObject, judgeCompared, judgeObject, type LintContext } from './judge.ts'
import { type ManifestObject, objectsOf } from './objects.ts'
import {
  comparePlaces,
  type ExpiredException,
  type FileReport,
  type LintError,
  type LintExclusion,
  type LintExemption,
  type LintFinding,
  type LintSkip,
  type Place,
} from './report.ts'
import { SourceText } from './source-text.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer Item)[] ? Item[] : T[K] }

/** What was found in one text, and the objects of it that are yet to be compared with those of others. */
export interface LintedText {
  readonly report: FileReport
  readonly held: readonly HeldObject[]
}

/** An object that takes part in a comparison, with the report that the outcome belongs to. */
export interface HeldObject {
  readonly members: readonly SetMember[]
  /** Adds what the comparison said to the report. */
  complete(results: readonly Evaluated[]): void
}

/** Judges every object of one text. What cannot be read is an error with its place, and the rest is judged. */
export function lintText(file: string, text: string, context: LintContext): LintedText {
  const parsed = parseYaml(text)
  const errors: LintError[] = [...yamlErrors(file, text, parsed)]
  const report = emptyReport(file, parsed.documents.length + parsed.problems.length, errors)
  const source = new SourceText(text)
  const held: HeldObject[] = []
  for (const document of parsed.documents) {
    const { objects, problems } = objectsOf(document.value)
    report.objects += objects.length
    for (const { pointer, message } of problems) errors.push(errorAt(file, document, pointer, message))
    for (const object of objects) {
      const origin = { file, document, object, source }
      const judged = judgeObject(object.value, context, file)
      addObject(report, origin, judged)
      if (judged.members.length === 0) continue
      const complete: HeldObject['complete'] = results => {
        addObject(report, origin, judgeCompared(judged, results, context))
        sortByPlace(report)
      }
      held.push({ members: judged.members, complete })
    }
  }
  sortByPlace(report)
  return { report, held }
}

/** What keeps the documents of a text from being read, each with its place. */
export function yamlErrors(file: string, text: string, { problems }: ParsedYaml): readonly LintError[] {
  const isTemplate = problems.length > 0 && /\{\{[-\s]*[.$\w]/.test(text)
  return problems.map(({ message, position }) => ({
    file,
    ...position,
    message: isTemplate ? `${message}; a Helm template? Render it first: helm template … | policy-lint -` : message,
  }))
}

/** Completes the reports of objects that are judged together. */
export function compareHeld(held: readonly HeldObject[]): void {
  const results = compareMembers(held.map(({ members }) => members))
  for (const [index, object] of held.entries()) object.complete(results[index] ?? [])
}

function sortByPlace({ findings, exempt, skipped, errors }: Mutable<FileReport>): void {
  for (const list of [findings, exempt, skipped, errors]) list.sort(comparePlaces)
}

/** A report of a file in which nothing was found, or that could not be read. */
export function emptyReport(file: string, documents: number, errors: LintError[]) {
  return {
    file,
    documents,
    objects: 0,
    findings: [] as LintFinding[],
    exempt: [] as LintExemption[],
    skipped: [] as LintSkip[],
    errors,
    excluded: [] as LintExclusion[],
    expired: [] as ExpiredException[],
  } satisfies Mutable<FileReport>
}

/** Where an object came from. */
interface Origin {
  readonly file: string
  readonly document: YamlDocument
  readonly object: ManifestObject
  readonly source: SourceText
}

function addObject(report: Mutable<FileReport>, origin: Origin, judged: JudgedObject): void {
  const { decision, reference } = judged
  report.findings.push(...judged.found.map(found => findingAt(origin, judged, found)))
  for (const { policy, check, finding, exception, reason } of decision.exempt) {
    const { message } = finding
    const place = placeOf(origin, finding.pointer)
    report.exempt.push({ ...place, policy, check, message, exception, reason, object: reference })
  }
  report.skipped.push(
    ...decision.skipped.map(skip => skipAt(origin, judged, skip, skip.message)),
    // The cluster lets these through, as the policy says; what nobody judged is not green all the same.
    ...decision.ignoredErrors.map(skip => skipAt(origin, judged, skip, `could not be judged: ${skip.message}`)),
  )
  for (const { policy, message } of decision.errors) {
    const whole = `${reference.kind} ${reference.name} could not be judged by the policy ${policy}: ${message}`
    report.errors.push(errorAt(origin.file, origin.document, origin.object.pointer, whole))
  }
  if (judged.excluded !== undefined) {
    const { line } = origin.document.locate(origin.object.pointer).start
    report.excluded.push({ file: origin.file, line, ...judged.excluded, object: reference })
  }
  report.expired.push(...decision.expired)
}

function findingAt(origin: Origin, judged: JudgedObject, found: JudgedObject['found'][number]): LintFinding {
  const { document, object, source } = origin
  const { policy, check, action, finding } = found
  const { pointer, message, hint } = finding
  return {
    ...placeOf(origin, pointer),
    policy,
    check,
    action,
    pointer,
    message,
    ...(hint !== undefined && { hint }),
    object: judged.reference,
    frame: () => codeFrame(source.seenFrom(document), document.locate(object.pointer + pointer), document.locate('')),
  }
}

function placeOf({ file, document, object }: Origin, pointer: Pointer): Place {
  const { start, end } = document.locate(object.pointer + pointer)
  return { file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
}

function skipAt(
  { file, document, object }: Origin,
  { reference }: JudgedObject,
  { policy, check, isUnjudged }: Unjudged,
  reason: string,
): LintSkip {
  const { line } = document.locate(object.pointer).start
  const unjudged = isUnjudged === true && { unjudged: true as const }
  return { file, line, policy, check, reason, ...unjudged, object: reference }
}

function errorAt(file: string, document: YamlDocument, pointer: Pointer, message: string): LintError {
  return { file, ...document.locate(pointer).start, message }
}
