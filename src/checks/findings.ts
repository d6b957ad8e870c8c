import { pathAndParents } from '../workload/host-paths.ts'
import type { Pod } from '../workload/pod.ts'
import type { Finding, Severity } from './check.ts'

/**
 * How many findings of one check about one object are told. A message shows twenty; an object has room for a third of a
 * million, which would take the gateway a gigabyte.
 */
export const MOST_FINDINGS = 1000

/** Where a check puts what it finds. */
export interface Findings {
  push(finding: Finding): void
}

class Full extends Error {}

/**
 * Holds back what a check misses in a pod that an operator completes: a limit or a security context that is not there may be
 * added before there is a pod, and the pod is judged when it is made. What is there and is wrong is found all the same.
 */
export class MissingParts {
  #isHeldBack = false

  /** Where to put what is found in `pod`. */
  heldBack(pod: Pod, findings: Findings): Findings {
    if (!pod.isPartial) return findings
    return {
      push: finding => {
        if (finding.isMissing === true) this.#isHeldBack = true
        else findings.push(finding)
      },
    }
  }

  /** Why the check could not judge everything; undefined if it could. */
  get skipped(): string | undefined {
    return this.#isHeldBack
      ? 'what is missing in its pods may be added by its operator: the pods are judged when they are made'
      : undefined
  }
}

class Collection implements Findings {
  readonly list: Finding[] = []

  push(finding: Finding): void {
    this.list.push(finding)
    if (this.list.length > MOST_FINDINGS) throw new Full()
  }
}

/** What `judge` finds; where that is more than `MOST_FINDINGS`, it is ended with one more than these. */
export function collect(judge: (findings: Findings) => void): readonly Finding[] {
  const findings = new Collection()
  try {
    judge(findings)
  } catch (error) {
    if (!(error instanceof Full)) throw error
  }
  return findings.list
}

/** Whether there is more than is told. */
export function isCut(findings: readonly Finding[]): boolean {
  return findings.length > MOST_FINDINGS
}

/**
 * The findings that are told. In place of the others stands one that is never known from before, so that nothing passes
 * because there is too much of it.
 *
 * @param rest the level of that one: a warning where the others stood already, because nothing has changed.
 */
export function told(findings: readonly Finding[], rest: Finding['level'] = 'violation'): readonly Finding[] {
  return isCut(findings) ? [...findings.slice(0, MOST_FINDINGS), { ...REST, level: rest }] : findings
}

/**
 * A name or a path as it stands in a key. One container with a name of half a megabyte may have a thousand findings; the API
 * server takes no name that is cut here, and no kernel such a path.
 */
export function inKey(text: string, limit = 256): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length})`
}

/** The severity of what is the same danger wherever in the object it is: under another name of its container, too. */
export function sameAs(danger: string): Severity {
  return { as: danger, within: () => [danger] }
}

/** The severity of what a path reaches: a path that contains it is at least as bad, by one of these rules. */
export function noWorseThanParents(path: string, rule: string, ...worse: readonly string[]): Severity {
  return {
    as: `${rule} ${path}`,
    within: () => pathAndParents(path).flatMap(parent => [rule, ...worse].map(one => `${one} ${parent}`)),
  }
}

const REST: Finding = {
  pointer: '',
  message: `there are more than ${MOST_FINDINGS} findings, and the others were not looked for`,
  hint: 'make several objects of it',
  level: 'violation',
  key: 'the rest',
}
