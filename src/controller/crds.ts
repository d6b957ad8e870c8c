import { z } from 'zod'
import { injectionSchema } from '../injection/schema.ts'
import { dig, type Json, type JsonObject } from '../json/value.ts'
import { rolloutSchema } from '../policy/rollout-schema.ts'
import { exceptionSchema, policySchema } from '../policy/schema.ts'
import { ROLLOUT_STATUS } from './rollouts/status-schema.ts'
import { structuralSchema } from './structural-schema.ts'

const GROUP = 'portcullis.dev'
const VERSION = 'v1alpha1'

/** A kind of document as the cluster knows it. */
interface Resource {
  readonly kind: string
  readonly plural: string
  readonly shortName: string
  readonly scope: 'Cluster' | 'Namespaced'
  readonly description: string
  readonly schema: z.ZodType
  /** `kubectl` prints a `date` as the time that has passed since then, and one that is ahead as `<invalid>`. */
  readonly columns: readonly Column[]
  /** Rules over `spec` that the API server evaluates by itself, and where they stand. */
  readonly rules: Readonly<Record<string, readonly { readonly rule: string; readonly message: string }[]>>
  /** Of its status, beside the conditions. */
  readonly status?: JsonObject
}

interface Column {
  readonly name: string
  readonly type: string
  readonly jsonPath: string
  /** 1: shown by `-o wide` alone. */
  readonly priority?: number
}

const condition = (type: string, name: string, key: 'status' | 'reason', priority?: number): Column => ({
  name,
  type: 'string',
  jsonPath: `.status.conditions[?(@.type=="${type}")].${key}`,
  ...(priority !== undefined && { priority }),
})

/** What a list of documents says first: whether each compiles, whether it is enforced, and with `-o wide` why. */
const STATE: readonly Column[] = [
  condition('Compiled', 'Compiled', 'status'),
  condition('Enforced', 'Enforced', 'status'),
  condition('Enforced', 'Why', 'reason', 1),
]

const RESOURCES: readonly Resource[] = [
  {
    kind: 'Policy',
    plural: 'policies',
    shortName: 'pcpol',
    scope: 'Cluster',
    description: 'What Portcullis refuses, warns of or records: built-in checks, and which requests they look at.',
    schema: policySchema,
    columns: [
      ...STATE,
      { name: 'Actions', type: 'string', jsonPath: '.spec.validationActions' },
      { name: 'Checks', type: 'string', jsonPath: '.spec.checks[*].check' },
      { name: 'Staged', type: 'boolean', jsonPath: '.spec.staged' },
    ],
    rules: {
      validationActions: [
        {
          rule: "!(self.exists(a, a == 'Deny') && self.exists(a, a == 'Warn'))",
          message: 'Deny and Warn must not stand together: a denial would say everything twice',
        },
      ],
    },
  },
  {
    kind: 'PolicyException',
    plural: 'policyexceptions',
    shortName: 'pcex',
    scope: 'Namespaced',
    description: 'Who is exempt from what, why, and until when.',
    schema: exceptionSchema,
    columns: [
      ...STATE,
      { name: 'Policies', type: 'string', jsonPath: '.spec.policies' },
      { name: 'Expires', type: 'string', jsonPath: '.spec.expires' },
      { name: 'Reason', type: 'string', jsonPath: '.spec.reason' },
    ],
    rules: { reason: [{ rule: "self.matches('[^ ]')", message: 'must say why the exception is granted' }] },
  },
  {
    kind: 'SidecarInjection',
    plural: 'sidecarinjections',
    shortName: 'pcinj',
    scope: 'Cluster',
    description: 'What Portcullis adds to which pods; it only ever adds, and proves it.',
    schema: injectionSchema,
    columns: [
      ...STATE,
      { name: 'Trigger', type: 'string', jsonPath: '.spec.trigger.annotation' },
      { name: 'OnConflict', type: 'string', jsonPath: '.spec.onConflict' },
      { name: 'Staged', type: 'boolean', jsonPath: '.spec.staged' },
    ],
    rules: {
      trigger: [
        { rule: 'has(self.annotation) != has(self.always)', message: 'must have either an annotation or always: true' },
      ],
    },
  },
  {
    kind: 'CanaryRollout',
    plural: 'canaryrollouts',
    shortName: 'cro',
    scope: 'Cluster',
    description:
      'Brings a policy or an injection to the namespaces of a cluster stage by stage, and takes it back by itself.',
    schema: rolloutSchema,
    columns: [
      condition('Compiled', 'Compiled', 'status'),
      { name: 'Target', type: 'string', jsonPath: '.spec.target.name' },
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Stage', type: 'string', jsonPath: '.status.stage' },
      { name: 'Since', type: 'date', jsonPath: '.status.since' },
      { name: 'Gates', type: 'string', jsonPath: '.status.verdict' },
    ],
    rules: {},
    status: ROLLOUT_STATUS,
  },
]

const STATUS: JsonObject = {
  type: 'object',
  description: 'What the controller says about it.',
  properties: {
    observedGeneration: { type: 'integer', format: 'int64' },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
        properties: {
          type: { type: 'string' },
          status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
          observedGeneration: { type: 'integer', format: 'int64' },
          reason: { type: 'string' },
          message: { type: 'string' },
          lastTransitionTime: { type: 'string', format: 'date-time' },
        },
      },
    },
  },
}

/** The CustomResourceDefinitions of all kinds, made of the schemas that documents are compiled by. */
export function customResourceDefinitions(): readonly JsonObject[] {
  return RESOURCES.map(definition)
}

function definition({
  kind,
  plural,
  shortName,
  scope,
  description,
  schema,
  columns,
  rules,
  status = {},
}: Resource): JsonObject {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
  const spec = withRules(structuralSchema(dig(json, 'properties', 'spec')), rules)
  const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['portcullis'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [...columns, age].map(column => ({ ...column })),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec,
                status: { ...STATUS, properties: { ...(STATUS['properties'] as JsonObject), ...status } },
              },
            },
          },
        },
      ],
    },
  }
}

function withRules(spec: JsonObject, rules: Resource['rules']): JsonObject {
  const fields = Object.entries((spec['properties'] ?? {}) as JsonObject).map(([name, field]) => {
    const own = Object.hasOwn(rules, name) ? rules[name] : undefined
    return [
      name,
      own === undefined ? field : { ...(field as JsonObject), 'x-kubernetes-validations': own as unknown as Json },
    ]
  })
  return { ...spec, properties: Object.fromEntries(fields) as JsonObject }
}
