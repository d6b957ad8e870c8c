import { z } from 'zod'
import { API_VERSION, labelSelector, metadata } from './schema.ts'

const DURATION = /^(?:\d{1,6}(?:ms|s|m|h|d))+$/
/** Nobody writes a longer one, and its parts would be a third of a million. */
const LONGEST_DURATION = 1024

/** Ten years: what ends later cannot be named as a date in the end. */
const MAX_DURATION = 3650 * 86_400_000
/** Each is asked for every request. */
const MAX_STAGES = 100

const duration = z
  .string()
  .regex(DURATION, 'must be a duration such as 50ms, 30m, 2h or 1h30m')
  .refine(text => text.length <= LONGEST_DURATION && millisecondsOf(text) <= MAX_DURATION, 'must be at most 3650d')
export const documentName = z
  .string()
  .max(253, 'must have at most 253 characters')
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a DNS name: lower-case letters, digits, "-" and "."')
const share = z.number().min(0, 'must be from 0 to 1').max(1, 'must be from 0 to 1')
const count = z.int().min(0, 'must not be negative')

/** One stage, as a document writes it. */
export const stageSchema = z
  .strictObject({
    name: z
      .string()
      .max(63, 'must have at most 63 characters')
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and "-"'),
    namespaceSelector: labelSelector.optional().describe('The namespaces that it reaches, by their labels.'),
    percent: z
      .number()
      .min(0, 'must be from 0 to 100')
      .max(100, 'must be from 0 to 100')
      .optional()
      .describe('The share of all namespaces that it reaches, by a stable hash of rollout and namespace.'),
    hold: duration.describe('How long nothing may happen before the next stage.'),
  })
  .superRefine(({ namespaceSelector, percent }, context) => {
    if (namespaceSelector === undefined || percent === undefined) return
    const message = 'a stage reaches namespaces by namespaceSelector or by percent, not by both'
    context.addIssue({ code: 'custom', path: ['percent'], message })
  })

const gates = z.strictObject({
  orphanedPods: count.optional().describe('Pods that nobody adopts, more than there were when the stage began.'),
  podGrowth: z.number().min(1, 'must be at least 1').optional().describe('Pods of one owner for each that it wants.'),
  denials: z
    .strictObject({ ratio: share, minimumRequests: z.int().min(1, 'must be at least 1') })
    .optional()
    .describe('The share of requests that are denied, from so many requests on.'),
  wouldBlock: count
    .optional()
    .describe('Workloads of the next stage that could not be rescheduled, scaled or rolled back under the target.'),
  unready: share.optional().describe('The share of the pods of the stage that were ready and are not.'),
  injectedRestarts: share.optional().describe('The share of the injected pods of the stage that were restarted.'),
  errors: count.optional().describe('Evaluation errors and failed proofs.'),
  latencyP99: duration.optional().describe('Of reviews.'),
})

const spec = z
  .strictObject({
    target: z
      .strictObject({ kind: z.enum(['Policy', 'SidecarInjection']), name: documentName })
      .describe('The document that is rolled out; its spec.staged is true.'),
    replaces: documentName.optional().describe('What stays in force where the target has not come.'),
    stages: z
      .array(stageSchema)
      .min(1, 'must not be empty')
      .refine(stages => stages.length <= MAX_STAGES, `must have at most ${MAX_STAGES} stages`)
      .describe('Cumulative, in order.'),
    elsewhere: z
      .enum(['Audit', 'Off'])
      .default('Audit')
      .describe('What the target does where it has not come: it is recorded what it would have done, or nothing.'),
    gates: gates
      .default({})
      .describe('What ends a stage, or keeps it from being left; those that are left out are not asked.'),
    onBreach: z
      .enum(['Rollback', 'Pause'])
      .default('Rollback')
      .describe('What a breached gate does: takes the target back everywhere (the default), or stops where it is.'),
    paused: z.boolean().default(false).describe('Keeps it from going on; a breached gate stops it all the same.'),
  })
  .superRefine(({ stages, target, replaces }, context) => {
    const names = stages.map(({ name }) => name)
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) < index)
        context.addIssue({ code: 'custom', path: ['stages', index, 'name'], message: 'names of stages are unique' })
    }
    const shares = stages.flatMap(({ percent }, index) => (percent === undefined ? [] : [{ percent, index }]))
    for (const [position, { percent, index }] of shares.entries()) {
      const before = shares[position - 1]
      if (before === undefined || percent > before.percent) continue
      const message = 'reaches nobody new: stages are cumulative, so that percentages must rise'
      context.addIssue({ code: 'custom', path: ['stages', index, 'percent'], message })
    }
    if (target.name === replaces)
      context.addIssue({ code: 'custom', path: ['replaces'], message: 'the target cannot replace itself' })
  })

/** A CanaryRollout as it is written. */
export const rolloutSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('CanaryRollout'),
  metadata,
  spec,
  status: z.unknown().optional(),
})

export type RolloutDocument = z.infer<typeof rolloutSchema>

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration that the schema has taken, in milliseconds. */
export function millisecondsOf(text: string): number {
  return [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, digits = '', unit = '']) => sum + Number(digits) * (UNITS[unit] ?? 0),
    0,
  )
}
