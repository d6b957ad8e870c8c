import type { AdmissionRequest } from '../admission/request.ts'
import { declaredPod, planInjections } from '../injection/plan.ts'
import { RECORD_KEY } from '../injection/record.ts'
import type { AddOperation } from '../json/patch.ts'
import { pointerOf } from '../json/pointer.ts'
import type { JsonObject } from '../json/value.ts'
import { decide, strictestAction } from '../policy/decide.ts'
import { evaluate } from '../policy/evaluate.ts'
import { type ContainersOf, distinctMountPaths, distinctNames } from '../proof/pod-invariants.ts'
import { type Invariant, prove } from '../proof/prove.ts'
import { podOf } from '../workload/pod.ts'
import type { BrokenInvariant } from './facts.ts'
import type { InjectionContext } from './inject.ts'
import { nothingPrivileged } from './pod-security.ts'

/** The patch holds, and what it leads to; or what it breaks. */
export type InjectionProof =
  | { readonly ok: true; readonly patched: JsonObject }
  | ({ readonly ok: false } & BrokenInvariant)

/**
 * Proves that a patch harms nothing: an independent applier takes it, what was there is there unchanged, names and
 * mount paths stay distinct, nothing privileged comes that no injection declares, no denying policy finds what it did
 * not find before, and planning again adds nothing.
 */
export function proveInjection(
  request: AdmissionRequest,
  pod: JsonObject,
  patch: readonly AddOperation[],
  context: InjectionContext,
): InjectionProof {
  const keys = [RECORD_KEY, ...context.injections.injections.flatMap(({ generic }) => generic?.statusKey ?? [])]
  const containersOf = containerLists()
  const proof = prove(pod, patch, {
    replaceable: new Set(keys.map(key => pointerOf(['metadata', 'annotations', key]))),
    invariants: [
      distinctNames(containersOf),
      distinctMountPaths(containersOf),
      nothingPrivileged(request, context.facts, (before, after) => declaredPod(before, after, context.injections)),
      noNewDenial(request, context),
      nothingLeft(request, context),
    ],
  })
  if (proof.ok) return { ok: true, patched: proof.result }
  const { invariant, message, index } = proof
  const operation = index === undefined ? undefined : patch[index]?.path
  return { ok: false, invariant, message, ...(operation !== undefined && { operation }) }
}

/** The containers of the pod and of what it becomes, each listed once however many invariants ask. */
function containerLists(): ContainersOf {
  const known = new Map<JsonObject, readonly JsonObject[]>()
  return pod => {
    const containers = known.get(pod) ?? podOf({ pointer: '', value: pod }).containers.map(({ value }) => value)
    known.set(pod, containers)
    return containers
  }
}

/** No denying policy finds what it did not find in the pod as it came. */
function noNewDenial(request: AdmissionRequest, context: InjectionContext): Invariant {
  return {
    name: 'policies',
    check(before, after) {
      const found = denialsOf({ ...request, object: after }, context)
      // Nearly always: then nobody needs to know what was found before.
      if (found.size === 0) return undefined
      const known = denialsOf({ ...request, object: before }, context)
      for (const [key, { message, count }] of found) {
        if (count > (known.get(key)?.count ?? 0)) return message
      }
      return undefined
    },
  }
}

function denialsOf(request: AdmissionRequest, { set, namespaceLabels, facts }: InjectionContext) {
  const selects = (policy: Parameters<typeof strictestAction>[0]) => strictestAction(policy) === 'Deny'
  const { results } = evaluate(set, request, { namespaceLabels, facts, unknownNamespaces: 'apply', selects })
  const { denials } = decide(results, set, request, { namespaceLabels, now: facts.now })
  const found = new Map<string, { readonly message: string; count: number }>()
  for (const { policy, check, finding } of denials) {
    // Neither a policy's name nor a check's has a blank.
    const key = `${policy} ${check} ${finding.key}`
    const known = found.get(key)
    if (known === undefined)
      found.set(key, { message: `policy ${policy} would refuse the pod: ${finding.message}`, count: 1 })
    else known.count++
  }
  return found
}

/** The answer to the patched pod is no patch: the API server may ask again, and must not go on for ever. */
function nothingLeft({ namespace }: AdmissionRequest, context: InjectionContext): Invariant {
  return {
    name: 'convergence',
    check(_before, after) {
      const [first] = planInjections({ pod: after, namespace }, context.injections, context).operations
      return first && `planning again would add ${first.path}`
    },
  }
}
