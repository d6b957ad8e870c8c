import { get } from '../../json/value.ts'
import { POD_TEMPLATE_KINDS } from '../../workload/kinds.ts'
import type { Pod } from '../../workload/pod.ts'
import type { Check, CheckResult } from '../check.ts'
import { collect, type Findings, MissingParts } from '../findings.ts'
import { rulesFor } from '../resources.ts'
import { controlOf, type PodSecurityControl, type PodSecurityId } from './controls.ts'
import { newerThanKnown, type PodSecurityParams, paramsOf } from './params.ts'

/** What tells one control from another. */
export interface PodSecurityJudge {
  readonly id: PodSecurityId
  readonly summary: string
  /**
   * Adds what is wrong with a pod at v1.`minor`. It is asked neither at versions that do not have the control nor about
   * pods that the control spares.
   */
  judge(pod: Pod, minor: number, findings: Findings): void
}

/** The check of one control: Kubernetes' verdict about every pod and every template of one. */
export function podSecurityCheck({ id, summary, judge }: PodSecurityJudge): Check<PodSecurityParams> {
  const control = controlOf(id)
  return {
    id,
    summary,
    kinds: POD_TEMPLATE_KINDS,
    resources: rulesFor(POD_TEMPLATE_KINDS),
    params: paramsOf(control),
    warnings: newerThanKnown,
    run({ pods }, params) {
      if (!isInForce(control, params)) return NOTHING
      const missing = pods.some(({ isPartial }) => isPartial) ? new MissingParts() : undefined
      const findings = collect(found => {
        for (const pod of pods) {
          if (!isSpared(pod, control, params.minor)) judge(pod, params.minor, missing?.heldBack(pod, found) ?? found)
        }
      })
      const skipped = missing?.skipped
      if (skipped !== undefined) return { findings, skipped }
      return findings.length === 0 ? NOTHING : { findings }
    },
  }
}

const NOTHING: CheckResult = { findings: [] }

/** Whether a version has the control, and the level no stricter one in its place. */
export function isInForce({ since, overridden }: PodSecurityControl, { minor, level }: PodSecurityParams): boolean {
  return minor >= since && !(level === 'restricted' && overridden !== undefined && minor >= overridden.since)
}

function isSpared({ spec }: Pod, control: PodSecurityControl, minor: number): boolean {
  const { sparesWindowsSince, sparesUserNamespacesSince } = control
  if (sparesWindowsSince !== undefined && minor >= sparesWindowsSince) {
    if (get(get(spec, 'os'), 'name') === 'windows') return true
  }
  return (
    sparesUserNamespacesSince !== undefined && minor >= sparesUserNamespacesSince && get(spec, 'hostUsers') === false
  )
}
