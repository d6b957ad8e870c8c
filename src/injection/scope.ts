import { quote } from '../admission/text.ts'
import { append } from '../json/pointer.ts'
import type { ValueProblem } from '../policy/problems.ts'
import type { Additions } from './injection.ts'
import { DECLARED_CONTAINERS } from './judge.ts'
import { nameOf } from './names.ts'
import { networkPowerOf } from './node-network.ts'
import type { InjectionDocument } from './schema.ts'

type Spec = InjectionDocument['spec']

/** Finds what a document says of the pods that it is for, and what leaves no pod. */
export function scopeFaults({ match, onHostNetwork, jobs, into, env, volumeMounts }: Spec): readonly ValueProblem[] {
  const faults: ValueProblem[] = []
  const fault = (pointer: string, message: string) => faults.push({ pointer, part: 'value', message })
  if (match?.hostNetwork === true && onHostNetwork === 'Skip') {
    fault(
      '/spec/onHostNetwork',
      "leaves out pods that share the node's network, and match.hostNetwork: true wants no others",
    )
  }
  if (into !== undefined && (env ?? []).length + (volumeMounts ?? []).length === 0) {
    fault('/spec/into', 'says which containers get env and volumeMounts, and the injection has neither')
  }
  const policies = match?.restartPolicy
  if (jobs === 'Never' && policies !== undefined && !policies.includes('Always')) {
    fault('/spec/jobs', 'leaves out pods whose restartPolicy is not Always, and match.restartPolicy wants no others')
  }
  return faults
}

/** Warns of a container that could change the node's network, if the document does not say what that means. */
export function networkWarnings(additions: Additions, { match, onHostNetwork }: Spec): readonly ValueProblem[] {
  if (match?.hostNetwork !== undefined || onHostNetwork !== undefined) return []
  return DECLARED_CONTAINERS.flatMap(([list]) =>
    additions[list].flatMap((container, index): readonly ValueProblem[] => {
      const power = networkPowerOf(container)
      if (power === undefined) return []
      const message = `container ${quote(nameOf(container))} ${power}: pods that share the node's network are left out, because it could change the network of the whole node; say match.hostNetwork: false if that is right, or onHostNetwork: Allow`
      return [{ pointer: append('/spec', list, index), part: 'value', message }]
    }),
  )
}
