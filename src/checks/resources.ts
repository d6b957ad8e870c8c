import type { GroupKind } from '../workload/kinds.ts'
import type { ResourceRule } from './check.ts'

/** A kind and the resource that serves it. */
export interface ResourceKind extends GroupKind {
  readonly resource: string
}

export const PERSISTENT_VOLUME: ResourceKind = { group: '', kind: 'PersistentVolume', resource: 'persistentvolumes' }
export const CONFIG_MAP: ResourceKind = { group: '', kind: 'ConfigMap', resource: 'configmaps' }
const REGISTRATION = 'admissionregistration.k8s.io'
export const MUTATING_WEBHOOKS: ResourceKind = {
  group: REGISTRATION,
  kind: 'MutatingWebhookConfiguration',
  resource: 'mutatingwebhookconfigurations',
}
export const VALIDATING_WEBHOOKS: ResourceKind = {
  group: REGISTRATION,
  kind: 'ValidatingWebhookConfiguration',
  resource: 'validatingwebhookconfigurations',
}
export const STORAGE_CLASS: ResourceKind = { group: 'storage.k8s.io', kind: 'StorageClass', resource: 'storageclasses' }

/**
 * The rules that match creations and updates of these kinds in every version. For pods every subresource is named
 * too: one that is not known today may carry a whole pod.
 */
export function rulesFor(kinds: readonly ResourceKind[]): readonly ResourceRule[] {
  const byGroup = new Map<string, string[]>()
  for (const { group, resource } of kinds) {
    const resources = byGroup.get(group) ?? []
    if (!resources.includes(resource)) resources.push(resource)
    if (group === '' && resource === 'pods') resources.push('pods/*')
    byGroup.set(group, resources)
  }
  return [...byGroup].map(([group, resources]) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    operations: ['CREATE', 'UPDATE'],
    resources,
  }))
}
