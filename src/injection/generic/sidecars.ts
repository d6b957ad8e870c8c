import { getList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { container, volumeMount } from '../pod-types/container.ts'
import { type FieldType, list, object } from '../pod-types/types.ts'
import { volume } from '../pod-types/volume.ts'
import type { Render } from './fill.ts'
import type { Budget } from './template/budget.ts'
import type { TemplateValue } from './template/value.ts'

/** The types of the lists of a sidecar file, by their names. */
export const SIDECAR_LISTS = {
  initContainers: container,
  containers: container,
  volumes: volume,
  volumeMounts: volumeMount,
} as const

export type SidecarList = keyof typeof SIDECAR_LISTS

/** `SidecarConfig` of the generic-sidecar-injector. */
export const sidecarFile: FieldType = object({
  initContainers: list(container),
  containers: list(container),
  volumes: list(volume),
  volumeMounts: list(volumeMount),
})

/** What a sidecar file offers, in its order; strings may hold placeholders of templates. */
export type SidecarLists = Readonly<Record<SidecarList, readonly JsonObject[]>>

/** The lists of a conformed file. */
export function listsOf(value: Json): SidecarLists {
  const at = (name: SidecarList) => getList(value, name).filter(isObject)
  return {
    initContainers: at('initContainers'),
    containers: at('containers'),
    volumes: at('volumes'),
    volumeMounts: at('volumeMounts'),
  }
}

/** A sidecar file as it is for one pod: its lists, and what the templates in them say. */
export interface PodSidecars {
  readonly lists: SidecarLists
  readonly render: Render
}

/** A sidecar file that was read and found sound. */
export interface Sidecars {
  /** The lists as they are for a pod without annotations, to be looked through for mistakes. */
  readonly sample: SidecarLists
  /** Whether `sample` has all that other pods may get. */
  readonly isComplete: boolean
  /** Whether a value holds a template. */
  readonly isTemplated: (value: Json) => boolean
  /** Whether `name` may be that of an entry although the sample has none such. */
  readonly mayDeclare: (name: string) => boolean
  /** Throws a Fault. `pod` is asked for only where there are templates. */
  readonly forPod: (pod: () => TemplateValue, budget: Budget) => PodSidecars
  /** Where an offset of the file lies, for messages. */
  readonly place: (offset: number) => string
}
