import { CUSTOM_KINDS } from './custom-kinds/index.ts'
import type { GroupKind, PodTemplateKind } from './pod-places.ts'

export type { GroupKind, PodTemplateKind } from './pod-places.ts'

const TEMPLATE = ['/spec/template']

/**
 * Kubernetes' own kinds that embed a pod template, also under the groups that they had before 1.16, which still stand in
 * manifests.
 */
export const KUBERNETES_KINDS: readonly PodTemplateKind[] = [
  { group: '', kind: 'Pod', resource: 'pods', pointers: [''] },
  { group: '', kind: 'PodTemplate', resource: 'podtemplates', pointers: ['/template'] },
  { group: '', kind: 'ReplicationController', resource: 'replicationcontrollers', pointers: TEMPLATE },
  { group: 'apps', kind: 'Deployment', resource: 'deployments', pointers: TEMPLATE },
  { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', pointers: TEMPLATE },
  { group: 'apps', kind: 'StatefulSet', resource: 'statefulsets', pointers: TEMPLATE },
  { group: 'apps', kind: 'DaemonSet', resource: 'daemonsets', pointers: TEMPLATE },
  { group: 'extensions', kind: 'Deployment', resource: 'deployments', pointers: TEMPLATE },
  { group: 'extensions', kind: 'ReplicaSet', resource: 'replicasets', pointers: TEMPLATE },
  { group: 'extensions', kind: 'DaemonSet', resource: 'daemonsets', pointers: TEMPLATE },
  { group: 'batch', kind: 'Job', resource: 'jobs', pointers: TEMPLATE },
  { group: 'batch', kind: 'CronJob', resource: 'cronjobs', pointers: ['/spec/jobTemplate/spec/template'] },
]

/** Every kind that the gateway knows to embed pods: Kubernetes' own, and well-known custom resources. */
export const POD_TEMPLATE_KINDS: readonly PodTemplateKind[] = [...KUBERNETES_KINDS, ...CUSTOM_KINDS]

/**
 * The kinds whose controllers make pods of a template as it is: what an injection makes of the template is what the
 * webhook will make of the pod. Of other kinds an operator adds to what is written, or writes something else.
 */
export const INJECTABLE_KINDS: readonly PodTemplateKind[] = POD_TEMPLATE_KINDS.filter(
  kind => KUBERNETES_KINDS.includes(kind) || ['Rollout', 'Service', 'JobSet'].includes(kind.kind),
)

/** Whether two kinds are the same, whatever their versions. */
export function sameKind(a: GroupKind, b: GroupKind): boolean {
  return a.kind === b.kind && a.group === b.group
}

/** The entries of each kind in a list of kinds. Built once for each list. */
const indexes = new WeakMap<readonly GroupKind[], ReadonlyMap<string, readonly GroupKind[]>>()

/** The entries of `kind` in `kinds`; empty if there are none. A look-up, however long the list is. */
export function entriesOf<Entry extends GroupKind>(kinds: readonly Entry[], kind: GroupKind): readonly Entry[] {
  let index = indexes.get(kinds)
  if (index === undefined) {
    index = Map.groupBy(kinds, keyOf)
    indexes.set(kinds, index)
  }
  // The index of a list holds entries of that list.
  return (index.get(keyOf(kind)) ?? NONE) as readonly Entry[]
}

/** Whether a list of kinds has `kind`. */
export function hasKind(kinds: readonly GroupKind[], kind: GroupKind): boolean {
  return entriesOf(kinds, kind).length > 0
}

const NONE: readonly GroupKind[] = []

function keyOf({ group, kind }: GroupKind): string {
  return `${group}/${kind}`
}
