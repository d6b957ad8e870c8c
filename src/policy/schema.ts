import { z } from 'zod'
import { parsePointer } from '../json/pointer.ts'
import { compileSelector, contradictionIn } from '../workload/selector.ts'
import { isEveryone, REASON_ANNOTATION } from './break-glass.ts'

/** The API group and version of this project's documents. */
export const API_VERSION = 'portcullis.dev/v1alpha1'

const NOT_EMPTY = 'must not be empty'

const name = z
  .string()
  .max(253, 'must have at most 253 characters')
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a DNS name: lower-case letters, digits, "-" and "."')

/** What every document is called. */
export const metadata = z.looseObject({
  name,
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})

/** A label selector, as upstream. One that nothing can satisfy is refused. */
export const labelSelector = z
  .strictObject({
    matchLabels: z.record(z.string(), z.string()).optional(),
    matchExpressions: z
      .array(
        z
          .strictObject({
            key: z.string().min(1, NOT_EMPTY),
            operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
            values: z.array(z.string()).optional(),
          })
          .superRefine(({ operator, values }, context) => {
            const needsValues = operator === 'In' || operator === 'NotIn'
            if (needsValues === (values ?? []).length > 0) return
            const message = needsValues ? `operator ${operator} needs values` : `operator ${operator} takes no values`
            context.addIssue({ code: 'custom', path: ['values'], message })
          }),
      )
      .optional(),
  })
  .superRefine((selector, context) => {
    const message = contradictionIn(compileSelector(selector))
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** `*` beside other entries is refused by upstream too: it would read like a restriction and be none. */
function wildcardAlone(list: readonly string[]): boolean {
  return !list.includes('*') || list.length === 1
}
const ALONE = '"*" must stand alone: it already matches everything'

const words = z.array(z.string()).min(1, NOT_EMPTY).refine(wildcardAlone, ALONE)

const resourceRule = z.strictObject({
  apiGroups: words,
  apiVersions: words,
  operations: z
    .array(z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT', '*']))
    .min(1, NOT_EMPTY)
    .refine(wildcardAlone, ALONE),
  resources: z
    .array(
      z
        .string()
        .regex(
          /^(\*|[a-z0-9.-]+)(\/(\*|[a-z0-9.-]+))?$/,
          'must be a resource such as "pods", "pods/exec", "*" or "*/scale"',
        ),
    )
    .min(1, NOT_EMPTY),
  resourceNames: z.array(z.string().min(1, NOT_EMPTY)).optional(),
  scope: z.enum(['Cluster', 'Namespaced', '*']).optional(),
})

const matchConstraints = z.strictObject({
  resourceRules: z.array(resourceRule).optional(),
  excludeResourceRules: z.array(resourceRule).optional(),
  namespaceSelector: labelSelector.optional(),
  objectSelector: labelSelector.optional(),
  matchPolicy: z.enum(['Equivalent', 'Exact']).optional(),
})

/** A field that only CEL can fill: never ignored, so it must be empty until there is CEL. */
export function emptyUntilCel(field: string, document = 'policy') {
  return z
    .array(z.unknown())
    .max(
      0,
      `${field} is not supported yet: this version evaluates no CEL. Remove it, or the ${document} would mean less than it says`,
    )
    .optional()
}

/** Said by a document that a CanaryRollout brings. */
export const staged = z
  .boolean()
  .optional()
  .describe('Whether it is in force only where a CanaryRollout has brought it.')

const podTemplateKind = z.strictObject({
  group: z.string(),
  kind: z.string().min(1, NOT_EMPTY),
  resource: z.string().regex(/^[a-z0-9.-]+$/, 'must be a plural resource name such as "rollouts"'),
  pointers: z
    .array(
      z
        .string()
        .refine(
          pointer => parsePointer(pointer) !== undefined,
          'must be a JSON Pointer such as "/spec/template"; "*" stands for every element of a list',
        ),
    )
    .min(1, NOT_EMPTY),
})

/** `kind: Policy`: a ValidatingAdmissionPolicy and its binding in one, whose rules may also be built-in checks. */
export const policySchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Policy'),
  metadata,
  spec: z.strictObject({
    validationActions: z
      .array(z.enum(['Deny', 'Warn', 'Audit']))
      .min(1, NOT_EMPTY)
      .refine(actions => new Set(actions).size === actions.length, 'names an action twice')
      .refine(
        actions => !(actions.includes('Deny') && actions.includes('Warn')),
        'Deny and Warn must not stand together: a denial would say everything twice',
      )
      // The API server wants a bound for the rule that it evaluates over them.
      .meta({ description: 'What happens on a violation: Deny or Warn, and Audit beside them.', maxItems: 3 }),
    failurePolicy: z
      .enum(['Fail', 'Ignore'])
      .optional()
      .describe('What it means when the policy cannot be judged: Fail (the default) denies where the policy does.'),
    matchConstraints: matchConstraints
      .optional()
      .describe('Which requests are looked at, as upstream; what the checks are about unless it is given.'),
    matchConditions: emptyUntilCel('matchConditions'),
    excludeNamespaces: z
      .array(z.string().min(1, NOT_EMPTY))
      .optional()
      .describe('Namespaces that are left alone, in place of those of the gateway; an empty list leaves out none.'),
    podTemplates: z.array(podTemplateKind).optional().describe('Further kinds that embed pod templates, and where.'),
    checks: z
      .array(z.strictObject({ check: z.string(), params: z.unknown().optional() }))
      .min(1, NOT_EMPTY)
      .refine(
        checks => new Set(checks.map(check => JSON.stringify(check))).size === checks.length,
        'has the same check with the same params twice: everything would be said twice',
      )
      .describe('The built-in checks that are made, each with its parameters.'),
    validations: emptyUntilCel('validations'),
    staged,
  }),
})
export type PolicyDocument = z.output<typeof policySchema>

const TIMESTAMP = 'must be a time as RFC 3339 writes it, such as 2027-03-01T00:00:00Z'

/** A key of annotations: an optional DNS name as its prefix, then a name. */
const annotationKey = z
  .string()
  .regex(
    /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/,
    `must be the key of an annotation, such as ${REASON_ANNOTATION}`,
  )
  .refine(
    key => !/(^|\.)(kubernetes|k8s)\.io\//.test(key),
    'must not be an annotation of Kubernetes itself: objects bear those without anyone having given a reason',
  )

/** The groups whose members may break the glass, and the annotation in which they say why. */
const breakGlass = z.strictObject({
  groups: z
    .array(
      z
        .string()
        .min(1, NOT_EMPTY)
        .refine(
          group => !isEveryone(group),
          'must be a group of particular people: everyone is in this one, or it acts for everyone, so that the annotation alone would grant',
        ),
    )
    .min(1, 'must name at least one group: the annotation alone grants nothing'),
  reasonAnnotation: annotationKey.optional(),
})

/** `kind: PolicyException`: who is exempt from what, why, and until when. Every list: empty matches all. */
export const exceptionSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('PolicyException'),
  metadata: metadata.extend({ namespace: z.string().optional() }),
  spec: z.strictObject({
    policies: z
      .array(z.string().min(1, NOT_EMPTY))
      .min(1, 'must name at least one policy')
      .describe('The policies that it is an exception from.'),
    checks: z.array(z.string().min(1, NOT_EMPTY)).optional().describe('Their checks; all unless given.'),
    match: z
      .strictObject({
        kinds: z.array(z.string().min(1, NOT_EMPTY)).optional(),
        namespaces: z.array(z.string()).optional(),
        namespaceSelector: labelSelector.optional(),
        objectSelector: labelSelector.optional(),
        names: z.array(z.string()).optional(),
        users: z.array(z.string()).optional(),
        groups: z.array(z.string()).optional(),
      })
      .optional()
      .describe('Which objects and users it is for; every list that is empty matches all.'),
    containers: z
      .array(z.string())
      .optional()
      .describe('The names of the containers concerned; `*` stands for any characters.'),
    images: z.array(z.string()).optional().describe('Their images; `*` stands for any characters.'),
    paths: z
      .array(z.string().startsWith('/', 'must be an absolute path, with "/**" at the end for what lies under it'))
      .optional()
      .describe('The host paths concerned.'),
    breakGlass: breakGlass
      .optional()
      .describe('Makes it one for emergencies: a member of a group passes with a reason in an annotation, loudly.'),
    reason: z
      .string()
      .refine(reason => reason.trim() !== '', 'must say why the exception is granted')
      .describe('Why it is granted; shown wherever it lets something pass.'),
    expires: z.iso
      .datetime({ offset: true, message: TIMESTAMP })
      .optional()
      .describe('When it ends, as RFC 3339 writes it; it never does unless given.'),
  }),
})
export type ExceptionDocument = z.output<typeof exceptionSchema>
