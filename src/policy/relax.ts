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
  const remaining = new Map<string, number>()
  for (const { key } of known) remaining.set(key, (remaining.get(key) ?? 0) + 1)
  return findings.map(finding => {
    const left = remaining.get(finding.key) ?? 0
    if (finding.level === 'warning' || left === 0) return finding
    remaining.set(finding.key, left - 1)
    return { ...finding, level: 'warning', message: `${KNOWN}: ${finding.message}` }
  })
}
