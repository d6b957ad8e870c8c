import type { Finding } from '../checks/check.ts'

/**
 * Turns into warnings what the old object had too, or had worse; one old finding excuses one new one. A check that
 * blocks the deletion of what it dislikes, the removal of its finalizer, or the first half of its repair, is an outage.
 * What is new stays what it is, also on an object that is being deleted.
 *
 * @param known the findings about the old object.
 * @param news what will be refused all the same, such as `new pods of this template`.
 */
export function relaxKnown(
  findings: readonly Finding[],
  known: readonly Finding[],
  news = 'new pods of this template',
): readonly Finding[] {
  const old = new Known(known)
  const violations = findings.map(finding => (finding.level === 'violation' ? finding : undefined))
  const same = violations.map(finding => finding && old.takeSame(finding))
  return findings.map((finding, index) => {
    const before = violations[index] && (same[index] ?? old.takeWorse(finding))
    if (before === undefined) return finding
    // The consequence comes first: a warning is cut where it grows too long.
    const message = `${news} will be refused, and only this change is let through: ${finding.message}`
    return { ...finding, level: 'warning', message, relaxed: { from: finding, before } }
  })
}

/** Old findings, each of which excuses a new one. */
class Known {
  readonly #byKey = new Map<string, Finding[]>()
  /** Made when a new finding has no old one of its key: most updates leave everything as it was. */
  #byClass: Map<string, Finding[]> | undefined

  constructor(known: readonly Finding[]) {
    for (const finding of known.toReversed()) addTo(this.#byKey, finding.key, finding)
  }

  takeSame({ key }: Finding): Finding | undefined {
    return this.#byKey.get(key)?.pop()
  }

  /** To be asked once all findings have taken what is the same. */
  takeWorse({ severity }: Finding): Finding | undefined {
    if (severity === undefined) return undefined
    this.#byClass ??= this.#classify()
    for (const worse of severity.within()) {
      const found = this.#byClass.get(worse)?.pop()
      if (found !== undefined) return found
    }
    return undefined
  }

  #classify(): Map<string, Finding[]> {
    const byClass = new Map<string, Finding[]>()
    for (const finding of [...this.#byKey.values()].flat()) {
      for (let left = finding.severity?.times ?? 1; finding.severity !== undefined && left > 0; left--) {
        addTo(byClass, finding.severity.as, finding)
      }
    }
    return byClass
  }
}

function addTo(map: Map<string, Finding[]>, key: string, finding: Finding): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [finding])
  else list.push(finding)
}
