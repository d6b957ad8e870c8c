import { quote } from '../admission/text.ts'
import type { Additions, Injection } from './injection.ts'
import { DECLARED_CONTAINERS } from './judge.ts'
import { nameOf } from './names.ts'
import { networkPowerOf } from './node-network.ts'
import type { InjectionResult } from './outcome.ts'
import type { PodTraits } from './selection.ts'

/** Why an injection leaves out a pod because of what it would add. */
export interface Refusal {
  readonly result: InjectionResult
  readonly message: string
}

/** Whether the pods that end by themselves get all but the `containers`. */
export function leavesOutContainers({ jobs, generic }: Injection): boolean {
  // The generic-sidecar-injector gives Jobs everything but containers, and its users rely on it.
  return jobs === 'WithoutContainers' || (jobs === 'NativeOnly' && generic !== undefined)
}

/** Says why a pod gets nothing of what an injection would add to others; undefined if it gets it. */
export function refusalOf(injection: Injection, additions: Additions, traits: PodTraits): Refusal | undefined {
  return (
    (traits.hasHostNetwork ? networkRefusal(injection, additions) : undefined) ??
    (traits.isJob ? jobRefusal(injection, additions, traits) : undefined)
  )
}

/** Says which container could change the network of the node that the pod shares; undefined if none could. */
export function networkDangerOf(additions: Additions): string | undefined {
  for (const [list] of DECLARED_CONTAINERS) {
    for (const container of additions[list]) {
      const power = networkPowerOf(container)
      if (power === undefined) continue
      return `container ${quote(nameOf(container))} ${power}, and the pod shares the node's network: it could change the network of the whole node`
    }
  }
  return undefined
}

function networkRefusal({ match, onHostNetwork, generic }: Injection, additions: Additions): Refusal | undefined {
  if (onHostNetwork === 'Allow' || match?.hostNetwork === true) return undefined
  const result = 'host-network-pod'
  if (onHostNetwork === 'Skip')
    return { result, message: "the pod shares the node's network, and the injection says onHostNetwork: Skip" }
  // The generic format has no word for it: there it is a warning.
  const danger = generic === undefined ? networkDangerOf(additions) : undefined
  return danger === undefined
    ? undefined
    : { result, message: `${danger}; if that is meant, set onHostNetwork: Allow in the injection` }
}

/** Half an injection is worse than none: a label, a variable and a mount that speak of a sidecar which never comes. */
function jobRefusal(injection: Injection, additions: Additions, { restartPolicy }: PodTraits): Refusal | undefined {
  const { generic, jobs } = injection
  const [container] = additions.containers
  if (container === undefined || generic !== undefined || (jobs !== 'NativeOnly' && jobs !== 'WithoutContainers'))
    return undefined
  const name = quote(nameOf(container))
  const why = `the pod ends by itself (restartPolicy: ${quote(restartPolicy)}), and container ${name} would keep it running`
  const native = 'move the container to initContainers with restartPolicy: Always, so that it is a native sidecar'
  if (jobs === 'NativeOnly') {
    return {
      result: 'job-pod',
      message: `${why}; ${native}, or set jobs: Always or jobs: WithoutContainers in the injection`,
    }
  }
  const { containers: _, ...rest } = additions
  const isNothing = Object.values(rest).every(part => Object.keys(part).length === 0)
  return isNothing ? { result: 'job-pod', message: `${why}, and the injection has nothing else; ${native}` } : undefined
}
