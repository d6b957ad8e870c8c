import type { Pointer } from '../json/pointer.ts'
import { dig, getList, getString, isObject, type JsonObject } from '../json/value.ts'
import { type GroupKind, sameKind } from './kinds.ts'
import type { Selector } from './selector.ts'

/** The owner reference of an object's controller: the one with `controller: true`, of which there is at most one. */
export interface ControllerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** The controller that an object names as its owner; undefined where it names none. */
export function controllerOf(object: JsonObject | null): ControllerReference | undefined {
  for (const reference of getList(dig(object ?? undefined, 'metadata'), 'ownerReferences')) {
    if (!isObject(reference) || dig(reference, 'controller') !== true) continue
    const text = (key: string) => getString(reference, key) ?? ''
    return { apiVersion: text('apiVersion'), kind: text('kind'), name: text('name'), uid: text('uid') }
  }
  return undefined
}

/** What is known of an owner: the selector by which it finds its pods, or why nobody can say. */
export type OwnerAnswer =
  | { readonly kind: 'found'; readonly selector: Selector }
  | { readonly kind: 'unknown'; readonly reason: string }

/** A kind that owns pods, and where its selector stands. */
export interface OwnerKind extends GroupKind {
  /** Plural resource name, as in the API's paths. */
  readonly resource: string
  readonly selector: Pointer
}

/** Kubernetes' own controllers of pods. */
export const OWNER_KINDS: readonly OwnerKind[] = [
  { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', selector: '/spec/selector' },
  { group: '', kind: 'ReplicationController', resource: 'replicationcontrollers', selector: '/spec/selector' },
  { group: 'apps', kind: 'StatefulSet', resource: 'statefulsets', selector: '/spec/selector' },
  { group: 'apps', kind: 'DaemonSet', resource: 'daemonsets', selector: '/spec/selector' },
  { group: 'batch', kind: 'Job', resource: 'jobs', selector: '/spec/selector' },
]

/** The kind of an owner; undefined where nobody has said where its selector stands. */
export function ownerKindOf(
  { apiVersion, kind }: ControllerReference,
  furtherKinds: readonly OwnerKind[],
): OwnerKind | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return [...OWNER_KINDS, ...furtherKinds].find(known => sameKind(known, { group, kind }))
}
