import { dig, getList, getString, isObject, type JsonObject } from '../json/value.ts'
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
