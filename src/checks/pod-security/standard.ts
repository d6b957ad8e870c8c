import type { BoundCheck, Finding, Subject } from '../check.ts'
import { isCut } from '../findings.ts'
import { CHECKS } from '../index.ts'
import { controlOf, POD_SECURITY_CONTROLS, type PodSecurityId, type PodSecurityLevel } from './controls.ts'
import { parseVersion } from './params.ts'

/** All controls of one level, at one version. */
export interface PodSecurityStandard {
  readonly level: PodSecurityLevel
  readonly version: string
  readonly checks: readonly BoundCheck[]
}

const IDS = Object.keys(POD_SECURITY_CONTROLS) as readonly PodSecurityId[]

/** The controls of a level, those of the lower one included. A version that is none is `latest`, as Kubernetes has it. */
export function podSecurityStandard(level: PodSecurityLevel, version: string): PodSecurityStandard {
  const known = parseVersion(version) === undefined ? 'latest' : version
  const ids = IDS.filter(id => level === 'restricted' || controlOf(id).level === 'baseline')
  const checks = ids.map((id): BoundCheck => {
    const bound = CHECKS.find(check => check.id === id)?.bind({ version: known, level: levelOf(id, level) })
    if (bound?.ok !== true) throw new Error(`there is no check ${id} of the Pod Security Standards`)
    return bound.check
  })
  return { level, version: known, checks }
}

/** The controls that are of the level restricted alone know no other. */
function levelOf(id: PodSecurityId, level: PodSecurityLevel): PodSecurityLevel {
  return controlOf(id).level === 'restricted' ? 'restricted' : level
}

/** What a standard finds, over all pods of an object; undefined where a control finds more than is told. */
export function findingsOf({ checks }: PodSecurityStandard, subject: Subject): readonly Finding[] | undefined {
  const found: Finding[] = []
  for (const check of checks) {
    const { findings } = check.run(subject)
    if (isCut(findings)) return undefined
    for (const finding of findings) found.push(finding)
  }
  return found
}
