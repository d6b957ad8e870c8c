/*
Policies, exceptions, injections and stages select namespaces by their labels. Whoever may change such a label decides
what applies there: one `kubectl label` leads out of a policy or into an exception.

Fields: metadata.labels of Namespaces, compared with those of the old object; the user who asks. The subresources status and
finalize take labels, too: the API server keeps whatever comes with them.

Allowed: a change by a member of a listed group, and a change of labels that nothing selects on.
*/
import { z } from 'zod'
import { quote } from '../admission/text.ts'
import { pointerOf } from '../json/pointer.ts'
import { dig, get, isObject, type JsonObject } from '../json/value.ts'
import type { Check, Finding } from './check.ts'

const NAMESPACE = { group: '', kind: 'Namespace' }

/** The API server keeps this label as it is, whatever anyone asks for. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

/** Who may change the labels, and which further ones are guarded. */
interface GuardedLabelsParams {
  readonly groups: readonly string[]
  readonly labels: readonly string[]
}

const text = z.string().min(1, 'must not be empty')

/** Lets only members of listed groups change namespace labels that something selects on. */
export const guardedLabels: Check<GuardedLabelsParams> = {
  id: 'guarded-labels',
  summary: 'Guards the namespace labels that policies, exceptions, injections and stages select on.',
  kinds: [NAMESPACE],
  resources: [
    {
      apiGroups: [''],
      apiVersions: ['*'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['namespaces', 'namespaces/*'],
    },
  ],
  judges: 'metadata',
  params: z.strictObject({
    groups: z.array(text).default(['system:masters']),
    labels: z.array(text).default([]),
  }),
  run({ request: { userInfo, operation }, object, oldObject, facts }, { groups, labels }) {
    const changed = changedLabels(object, operation === 'UPDATE' ? oldObject : null).filter(
      key => key !== NAME_LABEL && (labels.includes(key) || facts.isSelectedOn(key)),
    )
    if (changed.length === 0) return { findings: [] }
    if (userInfo === undefined) {
      const reason = `it depends on who sets the namespace's ${changed.map(quote).join(', ')}, which a file does not say`
      return { findings: [], skipped: reason }
    }
    if (userInfo.groups.some(group => groups.includes(group))) return { findings: [] }
    return { findings: changed.map(key => findingOf(key, object, userInfo.username, groups)) }
  },
}

/** The keys whose values differ, in the order of the new labels, then of the old ones. */
function changedLabels(object: JsonObject, oldObject: JsonObject | null): readonly string[] {
  const [after, before] = [object, oldObject].map(value => dig(value ?? undefined, 'metadata', 'labels'))
  const keys = new Set([after, before].flatMap(labels => (isObject(labels) ? Object.keys(labels) : [])))
  return [...keys].filter(key => get(after, key) !== get(before, key))
}

function findingOf(key: string, object: JsonObject, user: string, groups: readonly string[]): Finding {
  const isThere = get(dig(object, 'metadata', 'labels'), key) !== undefined
  return {
    pointer: isThere ? pointerOf(['metadata', 'labels', key]) : '/metadata',
    message: `user ${quote(user)} changes the label ${quote(key)}, by which it is decided what applies in this namespace`,
    hint: `ask a member of ${groups.map(quote).join(' or ')}; the params of the policy say which groups may`,
    level: 'violation',
    key: `changed ${key}`,
  }
}
