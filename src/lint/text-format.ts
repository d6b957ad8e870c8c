import { compareText, counted, oneLine } from '../admission/text.ts'
import type { Action } from '../policy/compile.ts'
import type {
  CodeFrame,
  FileReport,
  LintError,
  LintExclusion,
  LintExemption,
  LintFinding,
  LintSkip,
  Reporter,
  Summary,
} from './report.ts'
import { comparePlaces, describeReference } from './report.ts'
import type { Style } from './style.ts'

/** What the text says: everything, all but what policies only record, or only what makes a run fail. */
export type Verbosity = 'all' | 'normal' | 'quiet'

const WORDS: Readonly<Record<Action, string>> = { Deny: 'deny', Warn: 'warn', Audit: 'audit' }

/** Writes a run for people: each finding with its lines, and at the end what was counted. */
export function textReporter(write: (text: string) => void, style: Style, verbosity: Verbosity): Reporter {
  const actions: Record<Action, number> = { Deny: 0, Warn: 0, Audit: 0 }
  const excluded: LintExclusion[] = []
  let exempt = 0
  return {
    file(report) {
      for (const { action } of report.findings) actions[action]++
      exempt += report.exempt.length
      excluded.push(...report.excluded)
      for (const line of linesOf(report, style, verbosity)) write(line)
    },
    end(summary) {
      for (const line of excludedLines(excluded, style)) write(line)
      if (verbosity !== 'quiet') write(`${summaryLine(summary, actions, exempt, verbosity, style)}\n`)
    },
  }
}

/** `deploy.yaml:3:7: error: …`, for the standard error. */
export function errorLine({ file, line, column, message }: LintError, style: Style): string {
  return `${style.bold(`${oneLine(file)}:${line}:${column}:`)} ${style.red('error:')} ${oneLine(message)}\n`
}

/** What is said about a file, in the order of its lines. */
function linesOf(report: FileReport, style: Style, verbosity: Verbosity): readonly string[] {
  const isShown = ({ action }: LintFinding) =>
    verbosity === 'all' || action === 'Deny' || (verbosity === 'normal' && action === 'Warn')
  const findings = report.findings.filter(isShown).map(item => ({ item, text: findingText(item, style) }))
  const isTold = ({ unjudged }: LintSkip) => verbosity !== 'quiet' || unjudged === true
  const skipped = together(report.skipped.filter(isTold)).map(item => ({ item, text: skippedText(item, style) }))
  const exempt = report.exempt.map(item => ({ item, text: exemptText(item, style) }))
  const remarks = [...findings, ...(verbosity === 'quiet' ? [] : exempt), ...skipped]
  return remarks.sort((a, b) => comparePlaces(a.item, b.item)).map(({ text }) => text)
}

function findingText(finding: LintFinding, style: Style): string {
  const { action, message, hint, policy, check, object } = finding
  const color = { Deny: style.red, Warn: style.yellow, Audit: style.blue }[action]
  return [
    `${style.bold(`${placeText(finding)}:`)} ${color(`${WORDS[action]}:`)} ${oneLine(message)}`,
    ...frameLines(finding.frame(), color, style),
    ...(hint === undefined ? [] : [`  Instead: ${oneLine(hint)}`]),
    style.dim(`  ${describeReference(object)}, policy ${policy}/${check}`),
    '\n',
  ].join('\n')
}

function frameLines({ lines, marked }: CodeFrame, color: (text: string) => string, style: Style): readonly string[] {
  const digits = String(lines.at(-1)?.number ?? 0).length
  return lines.flatMap(({ number, text }) => {
    const gutter = `${String(number).padStart(digits)} |`
    if (number !== marked.number) return [`${style.dim(`    ${gutter}`)} ${text}`.trimEnd()]
    const mark = `${' '.repeat(marked.column)}${color('^'.repeat(marked.width))}`
    return [`  ${color('>')} ${style.dim(gutter)} ${text}`, `    ${' '.repeat(digits)} ${style.dim('|')} ${mark}`]
  })
}

function exemptText(exempt: LintExemption, style: Style): string {
  const { message, exception, reason, policy, check, object } = exempt
  return [
    `${style.bold(`${placeText(exempt)}:`)} exempt: ${oneLine(message)}`,
    `  Let pass by the exception ${oneLine(exception)}: ${oneLine(reason)}`,
    style.dim(`  ${describeReference(object)}, policy ${policy}/${check}`),
    '\n',
  ].join('\n')
}

/** What several policies say in the same words about the same object is said once. */
function together(skipped: readonly LintSkip[]): readonly Skip[] {
  const groups = Map.groupBy(skipped, ({ line, reason, object }) => JSON.stringify([line, reason, object]))
  return [...groups.values()].flatMap(group => {
    const [first] = group
    if (first === undefined) return []
    const unjudged = group.some(skip => skip.unjudged === true) && { unjudged: true as const }
    return [
      {
        ...first,
        ...unjudged,
        rules: group.map(({ policy, check }) => (check === '' ? policy : `${policy}/${check}`)),
      },
    ]
  })
}

interface Skip extends LintSkip {
  readonly rules: readonly string[]
}

function skippedText(skip: Skip, style: Style): string {
  const { file, line, rules, reason, unjudged, object } = skip
  const word = unjudged === true ? style.red('not judged:') : style.yellow('skipped:')
  return [
    `${style.bold(`${oneLine(file)}:${line}:`)} ${word} ${oneLine(reason)}`,
    style.dim(`  ${describeReference(object)}, ${rules.length === 1 ? 'policy' : 'policies'} ${rules.join(', ')}`),
    '\n',
  ].join('\n')
}

function placeText({ file, line, column }: { file: string; line: number; column: number }): string {
  return `${oneLine(file)}:${line}:${column}`
}

/** `Not checked: 3 objects in the excluded namespace kube-system (host-path)`, a line for each namespace. */
function excludedLines(excluded: readonly LintExclusion[], style: Style): readonly string[] {
  const byNamespace = Map.groupBy(excluded, ({ namespace }) => namespace)
  const namespaces = [...byNamespace].sort(([a], [b]) => compareText(a, b))
  return namespaces.map(([namespace, objects]) => {
    const policies = [...new Set(objects.flatMap(({ policies }) => policies))].sort(compareText)
    const what = `${counted(objects.length, 'object')} in the excluded namespace ${oneLine(namespace)}`
    return `${style.yellow('Not checked:')} ${what} (${policies.join(', ')}; see --exclude-namespaces)\n`
  })
}

function summaryLine(
  summary: Summary,
  actions: Readonly<Record<Action, number>>,
  exempt: number,
  verbosity: Verbosity,
  style: Style,
): string {
  const { files, documents, objects, findings, skipped, unjudged, errors } = summary
  const parts = (Object.keys(WORDS) as Action[]).filter(action => actions[action] > 0)
  const detail = parts.map(action => `${actions[action]} ${WORDS[action]}`).join(', ')
  const isHiding = verbosity === 'normal' && actions.Audit > 0
  const found =
    findings === 0 ? 'no findings' : `${counted(findings, 'finding')} (${detail}${isHiding ? ': see --all' : ''})`
  const verdict = [
    found,
    ...(exempt > 0 ? [`${exempt} exempt`] : []),
    `${skipped} skipped${unjudged > 0 ? ` (${unjudged} not judged: the cluster may refuse)` : ''}`,
    errors === 0 ? '0 errors' : `${counted(errors, 'error')}: not everything could be checked`,
  ].join(', ')
  const seen = [counted(files, 'file'), counted(documents, 'document'), counted(objects, 'object')].join(', ')
  return `${seen}: ${actions.Deny + errors + unjudged > 0 ? style.red(verdict) : verdict}`
}
