import type { Denial, Remarks } from '../admission/answer.ts'
import { describeObject } from '../admission/parse.ts'
import type { AdmissionRequest } from '../admission/request.ts'
import { shorten } from '../admission/text.ts'
import type { Decision, JudgedFinding, Unjudged } from '../policy/decide.ts'

/** Of several rejecting webhooks a user sees one message, so ours says everything, within what a terminal bears. */
const MAX_FINDINGS = 20
const MAX_MESSAGE = 8 * 1024

/** The denial that a decision leads to: all violations in one message, or the errors where there are none. */
export function denialOf(decision: Decision, request: AdmissionRequest): Denial {
  const { denials, errors } = decision
  const policies = [...new Set([...denials, ...errors].map(({ policy }) => policy))]
  const by = `${policies.length === 1 ? 'policy' : 'policies'} ${policies.join(', ')}`
  const verb = denials.length > 0 ? 'is refused by' : 'could not be judged by'
  const lines = [...denials.map(finding => describeFinding(finding, policies.length > 1)), ...errors.map(describeError)]
  const hints = [...new Set(denials.flatMap(({ finding }) => (finding.hint === undefined ? [] : [finding.hint])))]
  const heading = `${describeObject(request)} ${verb} ${by}:`
  return { code: denials.length > 0 ? 403 : 500, message: [heading, ...boundLines(lines, hints)].join('\n') }
}

function describeFinding({ policy, finding }: JudgedFinding, withPolicy: boolean): string {
  return `- ${withPolicy ? `${policy}: ` : ''}${finding.message} (at ${finding.pointer || 'the object'})`
}

function describeError({ policy, message }: Unjudged): string {
  return `- ${policy}: ${message}; the policy says failurePolicy: Fail`
}

function boundLines(lines: readonly string[], hints: readonly string[]): readonly string[] {
  const distinct = [...new Set(lines)]
  const shown: string[] = []
  let left = MAX_MESSAGE
  for (const line of distinct) {
    const text = shorten(line, 2048)
    if (shown.length === MAX_FINDINGS || text.length > left) break
    shown.push(text)
    left -= text.length
  }
  const hidden = distinct.length - shown.length
  const advice = hints.slice(0, 5).map(hint => `Instead: ${shorten(hint, 512)}`)
  return [...shown, ...(hidden > 0 ? [`and ${hidden} more`] : []), ...advice]
}

/** What accompanies the verdict: warnings for the terminal, annotations for the audit log. */
export function remarksOf(decision: Decision, setHash: string): Remarks {
  const list = (items: readonly string[]) => items.join('; ')
  const place = ({ policy, check, finding }: { policy: string; check: string; finding: { pointer: string } }) =>
    `${policy}/${check} at ${finding.pointer || 'the object'}`
  const unjudged = ({ policy, check, message }: Unjudged) => `${policy}${check === '' ? '' : `/${check}`}: ${message}`
  return {
    warnings: [
      ...decision.warnings.map(({ policy, finding }) => `${policy}: ${finding.message}`),
      ...decision.ignoredErrors.map(error => `not judged by ${unjudged(error)}`),
      ...decision.expired.map(
        ({ exception, expires }) => `exception ${exception} expired on ${isoDay(expires)} and no longer counts`,
      ),
    ],
    auditAnnotations: {
      'policy-set': setHash,
      denied: list(decision.denials.map(place)),
      warned: list(decision.warnings.map(place)),
      audited: list(decision.audits.map(item => `${place(item)}: ${item.finding.message}`)),
      exempt: list(decision.exempt.map(item => `${place(item)} by ${item.exception}: ${item.reason}`)),
      expired: list(decision.expired.map(({ exception }) => exception)),
      skipped: list(decision.skipped.map(unjudged)),
      errors: list([...decision.errors, ...decision.ignoredErrors].map(unjudged)),
    },
  }
}

function isoDay(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}
