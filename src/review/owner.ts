import type { AdmissionRequest } from '../admission/request.ts'
import { oneLine } from '../admission/text.ts'
import {
  type ControllerReference,
  controllerOf,
  type OwnerAnswer,
  type OwnerKind,
  ownerKindOf,
} from '../workload/owner.ts'
import type { ReviewContext, ReviewInput } from './context.ts'

/** Where the selectors of owners come from: a cache, or the API behind it. Never throws, never rejects. */
export interface OwnerSelectors {
  /**
   * The selector by which an owner finds its pods.
   *
   * @param kind where the selectors of such owners stand.
   * @param milliseconds how long an answer may take; past that nobody knows.
   */
  selectorOf(
    owner: ControllerReference,
    kind: OwnerKind,
    namespace: string,
    milliseconds: number,
  ): OwnerAnswer | Promise<OwnerAnswer>
}

/** An owner that is not known after this time is not known: a check is skipped for it, so nothing waits long. */
const MAX_LOOK_UP = 1000

/** The answer where nobody can be asked. */
export const NO_CONNECTION: OwnerAnswer = {
  kind: 'unknown',
  reason: 'the gateway has no connection to the API to ask for it (serve --kubeconfig)',
}

/**
 * Asks for the owner of a pod that is about to be created, where somebody wants to know: a check, or an injection, which
 * must not write the labels by which the owner finds the pod. Half of the time that is left is kept for judging.
 */
export function lookUpOwner(
  { kind, resource, subResource, operation, object, namespace }: AdmissionRequest,
  { path, deadline }: ReviewInput,
  { set, injections, owners, monotonic }: ReviewContext,
): OwnerAnswer | undefined | Promise<OwnerAnswer> {
  if (!(path === 'mutate' ? injections.injections.length > 0 : set.ownerKinds !== undefined)) return undefined
  if (operation !== 'CREATE' || subResource !== '' || kind.kind !== 'Pod' || resource.resource !== 'pods')
    return undefined
  const owner = controllerOf(object)
  if (owner === undefined) return undefined
  if (owners === undefined) return NO_CONNECTION
  const known = ownerKindOf(owner, set.ownerKinds ?? [])
  if (known === undefined) return { kind: 'unknown', reason: unknownKind(owner) }
  return owners.selectorOf(owner, known, namespace, Math.min((deadline - monotonic()) / 2, MAX_LOOK_UP))
}

function unknownKind({ apiVersion, kind }: ControllerReference): string {
  return `nobody has said where the selector of a ${oneLine(kind)} of ${oneLine(apiVersion)} stands (parameter owners of the check)`
}
