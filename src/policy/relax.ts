import type { Finding } from '../checks/check.ts'
import { dig, type JsonObject } from '../json/value.ts'

const SUFFIX =
  'it was there before this change, so the change is let through; new pods of this template will be refused'
const DELETING = 'the object is being deleted, so the change is let through'

/**
 * Turns into warnings what the old object had too (same rule and same value, wherever it stands, one old one for one
 * new one), and everything on an object that is being deleted: a check that blocks the deletion of what it dislikes
 * is an outage.
 *
 * @param known the findings about the old object.
 * @param oldObject says whether it is being deleted: a new object that only says so of itself is not.
 */
export function relaxKnown(
  findings: readonly Finding[],
  known: readonly Finding[],
  oldObject: JsonObject,
): readonly Finding[] {
  const isBeingDeleted = typeof dig(oldObject, 'metadata', 'deletionTimestamp') === 'string'
  const remaining = new Map<string, number>()
  for (const { key } of known) remaining.set(key, (remaining.get(key) ?? 0) + 1)
  return findings.map(finding => {
    const left = remaining.get(finding.key) ?? 0
    if (finding.level === 'warning') return finding
    if (left > 0) {
      remaining.set(finding.key, left - 1)
      return relaxed(finding, SUFFIX)
    }
    return isBeingDeleted ? relaxed(finding, DELETING) : finding
  })
}

function relaxed(finding: Finding, why: string): Finding {
  return { ...finding, level: 'warning', message: `${finding.message} (${why})` }
}
