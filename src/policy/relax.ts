import type { Finding } from '../checks/check.ts'

/** Stands first: a warning is cut where it grows too long. */
const KNOWN = 'new pods of this template will be refused, and only this change is let through'

/**
 * Turns into warnings what the old object had too (same rule and same value, wherever it stands, one old one for one
 * new one): a check that blocks the deletion of what it dislikes, or the removal of its finalizer, is an outage. What is
 * new stays what it is, also on an object that is being deleted.
 *
 * @param known the findings about the old object.
 */
export function relaxKnown(findings: readonly Finding[], known: readonly Finding[]): readonly Finding[] {
  const remaining = new Map<string, Finding[]>()
  for (const finding of known) {
    const same = remaining.get(finding.key)
    if (same === undefined) remaining.set(finding.key, [finding])
    else same.push(finding)
  }
  for (const same of remaining.values()) same.reverse()
  return findings.map(finding => {
    if (finding.level === 'warning') return finding
    const before = remaining.get(finding.key)?.pop()
    if (before === undefined) return finding
    return { ...finding, level: 'warning', message: `${KNOWN}: ${finding.message}`, relaxed: { from: finding, before } }
  })
}
