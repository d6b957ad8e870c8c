import { POD_SECURITY_CONTROLS, type PodSecurityLevel } from '../../src/checks/pod-security/controls.ts'
import { type PodSecurityStandard, podSecurityStandard } from '../../src/checks/pod-security/standard.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { podsOf } from '../../src/workload/pod.ts'
import { requestFor, subjectFacts } from './engine.ts'

/** What was asked of Kubernetes: `baseline@v1.20`. */
export interface Question {
  readonly level: PodSecurityLevel
  readonly version: string
}

const standards = new Map<string, PodSecurityStandard>()

function standardOf({ level, version }: Question): PodSecurityStandard {
  const key = `${level}@${version}`
  const standard = standards.get(key) ?? podSecurityStandard(level, version)
  standards.set(key, standard)
  return standard
}

/** The controls that our checks find broken, by Kubernetes' names of what is wrong; sorted. */
export function ourReasons(object: JsonObject, question: Question): readonly string[] {
  const request = requestFor(object)
  const pods = podsOf(request.kind, object) ?? []
  if (typeof pods === 'string') throw new Error(pods)
  const subject = { facts: subjectFacts(), request, object, oldObject: null, pods }
  const broken = standardOf(question).checks.filter(check => check.run(subject).findings.length > 0)
  return broken.map(({ id }) => POD_SECURITY_CONTROLS[id as keyof typeof POD_SECURITY_CONTROLS].reasons[0]).toSorted()
}

const REASONS: readonly string[] = Object.values(POD_SECURITY_CONTROLS).flatMap(({ reasons }) => reasons)

/**
 * The reasons in `… violate(s) PodSecurity "baseline:v1.20": privileged (container "app" must not …), hostPort (…)`,
 * sorted; undefined where the text says nothing of Pod Security. A reason that is not known here throws.
 */
export function theirReasons(text: string): readonly string[] | undefined {
  const [, list] = /violates? PodSecurity "[^"]*": ([\s\S]*)$/.exec(text) ?? []
  if (list === undefined) return undefined
  return topLevel(list)
    .map(item => {
      const reason = item.replace(/ \([\s\S]*$/, '').trim()
      const known = Object.values(POD_SECURITY_CONTROLS).find(({ reasons }) => reasons.some(word => word === reason))
      if (known === undefined) throw new Error(`an unknown reason: ${reason}; known: ${REASONS.join(', ')}`)
      return known.reasons[0]
    })
    .toSorted()
}

/** The items of a list whose separator may also stand in parentheses. */
function topLevel(list: string): readonly string[] {
  const items: string[] = []
  let depth = 0
  let item = ''
  for (const character of list) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) {
      items.push(item)
      item = ''
    } else item += character
  }
  return [...items, item]
}
