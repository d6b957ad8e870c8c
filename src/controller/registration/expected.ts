import { type JudgeContext, judgeObject } from '../judge-object.ts'
import { PROBE_POD } from './probe.ts'

/** The policies that refuse the probe's pod, by the controller's own evaluation; empty where no policy denies any pod. */
export function policiesAgainstProbe(context: JudgeContext): readonly string[] {
  const denials = judgeObject(PROBE_POD, context)?.decision.denials ?? []
  return [...new Set(denials.map(({ policy }) => policy))]
}
