import { z } from 'zod'
import { API_VERSION, emptyUntilCel, labelSelector, metadata } from '../policy/schema.ts'

const NOT_EMPTY = 'must not be empty'

/** A name that the API server takes for containers and volumes. */
const dnsLabel = z
  .string()
  .max(63, 'must have at most 63 characters')
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a DNS label: lower-case letters, digits and "-"')

/** `prefix/name` as labels and annotations are keyed; such a key is never `__proto__`. */
const qualifiedName = z
  .string()
  .regex(
    /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
    'must be a key such as "example.com/name": at most 63 letters, digits, "-", "_" and "." after the prefix',
  )

const labelValue = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
    'must be a label value: at most 63 letters, digits, "-", "_" and "."',
  )

/** Passed through whole: what a newer Kubernetes knows is not for this version to drop. */
const named = z.looseObject({ name: dnsLabel })
const mount = z.looseObject({ name: dnsLabel, mountPath: z.string().min(1, NOT_EMPTY) })
const variable = z.looseObject({ name: z.string().min(1, NOT_EMPTY) })
const secret = z.looseObject({ name: z.string().min(1, NOT_EMPTY) })

const spec = z.strictObject({
  trigger: z.union([
    z.strictObject({
      annotation: qualifiedName,
      values: z.array(z.string()).min(1, NOT_EMPTY).optional(),
    }),
    z.strictObject({ always: z.literal(true) }),
  ]),
  matchConstraints: z
    .strictObject({ namespaceSelector: labelSelector.optional(), objectSelector: labelSelector.optional() })
    .optional(),
  matchConditions: emptyUntilCel('matchConditions', 'injection'),
  labels: z.record(qualifiedName, labelValue).optional(),
  annotations: z.record(qualifiedName, z.string()).optional(),
  initContainersFirst: z.array(named).optional(),
  initContainers: z.array(named).optional(),
  containers: z.array(named).optional(),
  volumes: z.array(named).optional(),
  volumeMounts: z.array(mount).optional(),
  env: z.array(variable).optional(),
  imagePullSecrets: z.array(secret).optional(),
  onConflict: z.enum(['Skip', 'Deny']).optional(),
  onFailure: z.enum(['Allow', 'Deny']).optional(),
  jobs: z.enum(['NativeOnly', 'Always', 'Never']).optional(),
})

/** `kind: SidecarInjection`: what to inject into which pods. */
export const injectionSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('SidecarInjection'),
  metadata,
  spec,
})
export type InjectionDocument = z.output<typeof injectionSchema>
