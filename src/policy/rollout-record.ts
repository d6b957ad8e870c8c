import { z } from 'zod'
import type { RolloutRecord } from '../rollout/record.ts'
import { stageOf } from './rollout.ts'
import { documentName, stageSchema } from './rollout-schema.ts'

const PHASES = ['Pending', 'Progressing', 'Paused', 'RolledBack', 'Aborted', 'Complete'] as const

/** What a controller remembers of a rollout. */
const rememberedSchema = z.object({
  phase: z.enum(PHASES),
  revision: z.string(),
  stage: z.int().min(-1),
  since: z.number(),
  baseline: z.strictObject({ orphaned: z.number(), growth: z.number(), unready: z.number() }).optional(),
  older: z.array(z.strictObject({ revision: z.string(), stage: z.int().min(0) })),
  // Why it was written, and what the gates said then.
  reason: z.strictObject({ word: z.string(), message: z.string() }).optional(),
  gates: z
    .array(
      z.strictObject({
        gate: z.string(),
        state: z.enum(['ok', 'breached', 'unknown']),
        value: z.number().optional(),
        limit: z.number(),
      }),
    )
    .optional(),
})

/** A record as it is kept: the data of a ControllerRevision. Fields of a newer version are passed over, not a reason to forget it. */
const recordSchema = z.object({
  kind: z.literal('RolloutRecord'),
  number: z.int().min(1),
  rollout: documentName,
  uid: z.string(),
  target: z.strictObject({ kind: z.enum(['Policy', 'SidecarInjection']), name: documentName }),
  replaces: documentName.optional(),
  elsewhere: z.enum(['Audit', 'Off']),
  stages: z.array(stageSchema).min(1),
  status: rememberedSchema,
  get before() {
    return recordSchema.optional()
  },
})

/** A record as JSON. */
export type RecordDocument = z.infer<typeof recordSchema>
/** Reads what a ControllerRevision holds; undefined where that is no record. */
export function readRecord(value: unknown): RecordDocument | undefined {
  const parsed = recordSchema.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

/** A record as the gateways take it. */
export function compileRecord(document: RecordDocument): RolloutRecord {
  const { number, rollout, uid, target, replaces, elsewhere, stages, status, before } = document
  const [first, ...rest] = stages.map(stageOf)
  if (first === undefined) throw new Error('a record without a stage passed its schema')
  return {
    number,
    uid,
    rings: { name: rollout, stages: [first, ...rest] },
    target,
    replaces,
    elsewhere,
    reach: status,
    before: before && compileRecord(before),
  }
}
