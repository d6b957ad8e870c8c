import { type Denial, MAX_ANNOTATION, type Remarks } from '../admission/answer.ts'
import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { printable, quote, shorten } from '../admission/text.ts'
import type { Decision, JudgedFinding, Unjudged } from '../policy/decide.ts'
import { brokenGlass, type GlassFact, throughGlass } from './broken-glass.ts'

/** Of several rejecting webhooks a user sees one message, so ours says everything, within what a terminal bears. */
const MAX_FINDINGS = 20
/** Bytes of the whole message, and how many of them hints may take. */
const MAX_MESSAGE = 8 * 1024
const MAX_ADVICE = 2 * 1024
/** Characters of one line: even at three bytes each, a heading, one finding and the advice fit into a message. */
const MAX_LINE = 1024
/** What a warning begins with where a refusal has no consequence yet. */
export const WOULD_REFUSE = 'would be refused by policy'
const MAX_HINT = 512

/** The denial that a decision leads to: all violations in one message, or the errors where there are none. */
export function denialOf(decision: Decision, request: AdmissionRequest): Denial {
  const { denials, errors } = decision
  const policies = [...new Set([...denials, ...errors].map(({ policy }) => policy))]
  const by = `${policies.length === 1 ? 'policy' : 'policies'} ${policies.join(', ')}`
  const verb = denials.length > 0 ? 'is refused by' : 'could not be judged by'
  const lines = [...denials.map(finding => describeFinding(finding, policies.length > 1)), ...errors.map(describeError)]
  const hints = [...new Set(denials.flatMap(({ finding }) => (finding.hint === undefined ? [] : [finding.hint])))]
  const heading = shorten(printable(`${describeObject(request)} ${verb} ${by}`), MAX_LINE)
  return { code: denials.length > 0 ? 403 : 500, message: boundMessage(`${heading}:`, lines, hints) }
}

function describeFinding({ policy, finding }: JudgedFinding, withPolicy: boolean): string {
  return `- ${withPolicy ? `${policy}: ` : ''}${finding.message} (at ${finding.pointer || 'the object'})`
}

function describeError({ policy, message }: Unjudged): string {
  return `- ${policy}: ${message}; the policy says failurePolicy: Fail`
}

/** Heading, findings and hints within the limits; findings that do not fit are counted. */
function boundMessage(heading: string, findings: readonly string[], hints: readonly string[]): string {
  const advice = within(
    MAX_ADVICE,
    hints.slice(0, 5).map(hint => `Instead: ${shorten(printable(hint), MAX_HINT)}`),
  )
  const distinct = [...new Set(findings)]
  const taken = sizeOf(heading) + advice.reduce((sum, line) => sum + sizeOf(line), 0)
  const shown = within(MAX_MESSAGE - taken - sizeOf('and 1000000 more'), distinct.slice(0, MAX_FINDINGS))
  const hidden = distinct.length - shown.length
  return [heading, ...shown, ...(hidden > 0 ? [`and ${hidden} more`] : []), ...advice].join('\n')
}

/** As many of the first lines as fit into `bytes`, as they will be shown. */
function within(bytes: number, lines: readonly string[]): readonly string[] {
  const shown: string[] = []
  let left = bytes
  for (const line of lines) {
    const text = shorten(printable(line), MAX_LINE)
    left -= sizeOf(text)
    if (left < 0) break
    shown.push(text)
  }
  return shown
}

/** Bytes of a line and its end. */
function sizeOf(line: string): number {
  return Buffer.byteLength(line) + 1
}

/** What accompanies the verdict: warnings for the terminal, annotations for the audit log. */
export function remarksOf(decision: Decision, setHash: string): Remarks {
  const annotations: Record<string, string> = { 'policy-set': setHash }
  const annotate = <Item>(key: string, items: readonly Item[], describe: (item: Item) => string) => {
    // Nearly every review has nothing to say here.
    if (items.length > 0) annotations[key] = joined(items, describe)
  }
  const glass = brokenGlass(decision)
  annotate(
    'break-glass',
    glass,
    fact => `${describeGlass(fact)}, for ${throughGlass(decision, fact).map(place).join(', ')}`,
  )
  annotate('denied', decision.denials, place)
  annotate('would-deny', decision.wouldDeny, item => `${place(item)}: ${item.finding.message}`)
  annotate('warned', decision.warnings, place)
  annotate('audited', decision.audits, item => `${place(item)}: ${item.finding.message}`)
  annotate('staged', decision.shadowed, item => `${place(item)}: ${item.finding.message}`)
  annotate('exempt', decision.exempt, item => `${place(item)} by ${item.exception}: ${item.reason}`)
  annotate('expired', decision.expired, ({ exception }) => exception)
  annotate('skipped', decision.skipped, unjudged)
  annotate('errors', [...decision.errors, ...decision.ignoredErrors], unjudged)
  return {
    warnings: [
      // First: what is too much for a terminal is cut at the end.
      ...glass.map(fact => `break-glass, audited and alerted: ${describeGlass(fact)}`),
      ...decision.wouldDeny.map(({ policy, finding }) => `${WOULD_REFUSE} ${policy}: ${finding.message}`),
      ...decision.warnings.map(({ policy, finding }) => `${policy}: ${finding.message}`),
      ...decision.ignoredErrors.map(error => `not judged by ${unjudged(error)}`),
      ...decision.expired.map(describeExpired),
    ],
    auditAnnotations: annotations,
  }
}

/** All that is said of the items, or as much of it as an annotation takes. */
function joined<Item>(items: readonly Item[], describe: (item: Item) => string): string {
  let text = ''
  for (const item of items) {
    if (text.length > MAX_ANNOTATION) break
    text += text === '' ? describe(item) : `; ${describe(item)}`
  }
  return text
}

function place({ policy, check, finding }: Pick<JudgedFinding, 'policy' | 'check' | 'finding'>): string {
  return `${policy}/${check} at ${finding.pointer || 'the object'}`
}

function unjudged({ policy, check, message }: Unjudged): string {
  return `${policy}${check === '' ? '' : `/${check}`}: ${message}`
}

/** The reason is the user's own text: quoted, it cannot pass for another entry, and before the places it is never cut. */
function describeGlass({ policy, exception, group, reason }: GlassFact): string {
  return `${policy} by ${exception}, as a member of ${group}: ${quote(reason)}`
}

function describeExpired({ exception, expires }: Decision['expired'][number]): string {
  return `exception ${exception} expired on ${isoDay(expires)} and no longer counts`
}

function isoDay(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}
