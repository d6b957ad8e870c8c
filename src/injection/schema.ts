import { z } from 'zod'
import { API_VERSION, emptyUntilCel, labelSelector, metadata, staged } from '../policy/schema.ts'
import { TARGET_KINDS } from './targets.ts'
import { describeTriggerFault } from './trigger-fault.ts'

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

const patterns = z.array(z.string().min(1, NOT_EMPTY)).min(1, NOT_EMPTY)

const spec = z.strictObject({
  trigger: z
    .union(
      [
        z.strictObject({
          annotation: qualifiedName,
          values: z.array(z.string()).min(1, NOT_EMPTY).optional(),
        }),
        z.strictObject({ always: z.literal(true) }),
      ],
      { error: ({ input }) => describeTriggerFault(input) },
    )
    .describe('Which pods want it: an annotation with one of these values, or always: true.'),
  matchConstraints: z
    .strictObject({ namespaceSelector: labelSelector.optional(), objectSelector: labelSelector.optional() })
    .optional()
    .describe('Which pods it is for, as upstream; the creation of pods is implied.'),
  match: z
    .strictObject({
      hostNetwork: z
        .boolean()
        .optional()
        .describe("Only pods that share the node's network (true), or only others (false)."),
      restartPolicy: z
        .array(z.enum(['Always', 'OnFailure', 'Never']))
        .min(1, NOT_EMPTY)
        .optional()
        .describe('Only pods with one of these; a pod that says nothing has Always.'),
    })
    .optional()
    .describe('Which pods it is for, by fields of theirs.'),
  matchConditions: emptyUntilCel('matchConditions', 'injection'),
  labels: z.record(qualifiedName, labelValue).optional().describe('By key; a key that is there keeps its value.'),
  annotations: z.record(qualifiedName, z.string()).optional().describe('By key; a key that is there keeps its value.'),
  initContainersFirst: z.array(named).optional().describe('Before all init containers that are there.'),
  initContainers: z.array(named).optional().describe('Behind them; with restartPolicy Always native sidecars.'),
  containers: z.array(named).optional().describe("Behind the pod's own."),
  volumes: z.array(named).optional().describe('By name.'),
  volumeMounts: z.array(mount).optional().describe("Into the pod's own containers."),
  env: z.array(variable).optional().describe("Into the pod's own containers."),
  into: z
    .strictObject({
      kinds: z
        .array(z.enum(TARGET_KINDS))
        .min(1, NOT_EMPTY)
        .optional()
        .describe("All unless given, but for those that run before the injection's own init containers are done."),
      names: patterns
        .optional()
        .describe('Names, in which * is any characters; all unless given, but for containers of other injectors.'),
      exceptNames: patterns.optional().describe('Names that are left out of these.'),
    })
    .optional()
    .describe("Which of the pod's own containers volumeMounts and env go into."),
  imagePullSecrets: z.array(secret).optional().describe('By name.'),
  onConflict: z
    .enum(['Skip', 'Deny'])
    .optional()
    .describe('The pod has something else of that name: Skip (the default) or Deny.'),
  onFailure: z
    .enum(['Allow', 'Deny'])
    .optional()
    .describe('This injection cannot be made, or not be proven harmless: Allow (the default, without it) or Deny.'),
  onHostNetwork: z
    .enum(['Skip', 'Allow'])
    .optional()
    .describe(
      "Pods that share the node's network: Skip leaves them out (the default if a container could change that network), Allow does not.",
    ),
  jobs: z
    .enum(['NativeOnly', 'WithoutContainers', 'Always', 'Never'])
    .optional()
    .describe(
      'Pods that end by themselves: NativeOnly (the default) injects nothing if there are containers, WithoutContainers all but them.',
    ),
  staged,
})

/** `kind: SidecarInjection`: what to inject into which pods. */
export const injectionSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('SidecarInjection'),
  metadata,
  spec,
})
export type InjectionDocument = z.output<typeof injectionSchema>
