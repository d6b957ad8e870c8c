import type { AdmissionRequest } from '../admission/request.ts'
import type { ReviewContext, ReviewInput } from './context.ts'

/** The labels of a namespace, by their keys. */
export type Labels = Readonly<Record<string, string>>

/** Where the labels of namespaces come from that the watch has not brought yet. Never throws, never rejects. */
export interface NamespaceLookUp {
  /**
   * @param milliseconds how long an answer may take; past that nobody knows.
   * @returns undefined where nobody knows: what depends on them then gets the strictest answer.
   */
  labelsOf(namespace: string, milliseconds: number): Promise<Labels | undefined>
}

/** Labels that are not known after this time are not known: nothing waits long. */
const MAX_LOOK_UP = 1000

/**
 * Asks for the labels of a namespace that is newer than what the gateway has seen of the cluster, where anything selects on labels.
 * A pod that is created right behind its namespace would otherwise be judged as in a namespace that nobody knows.
 *
 * @returns undefined where there is nothing to ask for.
 */
export function lookUpNamespace(
  { namespace }: AdmissionRequest,
  { path, deadline }: ReviewInput,
  { set, injections, namespaceLabels, namespaces, monotonic }: ReviewContext,
): Promise<ReviewContext['namespaceLabels']> | undefined {
  if (namespaces === undefined || namespace === '' || namespaceLabels.labelsOf(namespace) !== undefined)
    return undefined
  // An injection also has to know which Pod Security Standard the namespace enforces.
  const isAsked =
    path === 'mutate' ? injections.injections.length + injections.shadows.length > 0 : set.namespaceLabels.size > 0
  if (!isAsked) return undefined
  const milliseconds = Math.min((deadline - monotonic()) / 4, MAX_LOOK_UP)
  return namespaces.labelsOf(namespace, milliseconds).then(labels => ({
    labelsOf: name => (name === namespace ? labels : namespaceLabels.labelsOf(name)),
  }))
}
