import { bool, type FieldType, int, list, map, object, quantity, string, strings } from './types.ts'

/** `core/v1.LocalObjectReference`. */
export const localObjectReference: FieldType = object({ name: string })

/** A reference to a whole ConfigMap or Secret. */
export const optionalReference = object({ name: string, optional: bool })

/** A reference to one key of a ConfigMap or Secret. */
export const keySelector = object({ name: string, key: string, optional: bool })

export const fieldRef = object({ apiVersion: string, fieldPath: string })

export const resourceFieldRef = object({ containerName: string, resource: string, divisor: quantity })

export const keyToPath = list(object({ key: string, path: string, mode: int }))

export const labelSelector = object({
  matchLabels: map(string),
  matchExpressions: list(object({ key: string, operator: string, values: strings })),
})
