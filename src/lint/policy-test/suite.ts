import { z } from 'zod'
import { dig, getList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { type Compiled, failed } from '../../policy/folder.ts'
import { lostKey, misplacedKind } from '../../policy/kind.ts'
import { problemsOf, type SourceDocument } from '../../policy/problems.ts'
import { API_VERSION, metadata } from '../../policy/schema.ts'

/** What a policy may make of an object, the strictest first; `NotMatched` where it does not look at it at all. */
export const OUTCOMES = ['Deny', 'Warn', 'Audit', 'Exempt', 'Skip', 'Allow', 'NotMatched'] as const
export type Outcome = (typeof OUTCOMES)[number]

const NOT_EMPTY = 'must not be empty'
const text = z.string().min(1, NOT_EMPTY)
/** Kept as it is: an object under test may have any key. */
const object = z.custom<JsonObject>(isObject, 'must be an object')

const testCase = z.strictObject({
  name: text,
  object,
  oldObject: object.optional(),
  beside: z.array(object).optional(),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE']).optional(),
  namespace: text.optional(),
  namespaceLabels: z.record(z.string(), z.string()).optional(),
  user: z.strictObject({ username: text, groups: z.array(z.string()).default([]) }).optional(),
  ownerSelects: z.record(z.string(), z.string()).optional(),
  now: z.iso.datetime({ offset: true, message: 'must be a time such as 2027-03-01T00:00:00Z' }).optional(),
  expect: z.enum(OUTCOMES),
  check: text.optional(),
  message: text.optional(),
  exception: text.optional(),
})

/** `kind: PolicyTest`: what a policy is expected to make of some objects. */
export const suiteSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('PolicyTest'),
  metadata,
  spec: z.strictObject({
    policy: text,
    cases: z
      .array(testCase)
      .min(1, 'has no case: a suite that tests nothing is a failure')
      .refine(cases => new Set(cases.map(({ name }) => name)).size === cases.length, 'has two cases of one name'),
  }),
})

/** One case of a suite. */
export type PolicyTestCase = z.output<typeof testCase>

/** A suite that can be run. */
export interface PolicyTestSuite {
  readonly kind: 'PolicyTest'
  readonly name: string
  readonly revision: string
  readonly file: string
  readonly policy: string
  readonly cases: readonly (PolicyTestCase & { readonly line: number })[]
}

/** Reads one suite: everything that can be wrong with it is wrong here. */
export function compileSuite(source: SourceDocument): Compiled<PolicyTestSuite> {
  const misplaced = misplacedKind(source)
  if (misplaced !== undefined) return failed(source, [misplaced])
  const lost = lostKey(withoutObjects(source.value))
  if (lost !== undefined) return failed(source, [lost])
  const parsed = suiteSchema.safeParse(source.value, { reportInput: true })
  if (!parsed.success) return failed(source, problemsOf(parsed.error, suiteSchema))
  const { metadata: named, spec } = parsed.data
  const document: PolicyTestSuite = {
    kind: 'PolicyTest',
    name: named.name,
    revision: source.revision,
    file: source.file,
    policy: spec.policy,
    cases: spec.cases.map((each, index) => ({ ...each, line: source.locate(`/spec/cases/${index}`).start.line })),
  }
  return { ok: true, document, warnings: [] }
}

/** A suite without the objects of its cases, with its cases where they were. */
function withoutObjects(value: unknown): unknown {
  if (!isObject(value)) return value
  const cases = getList(dig(value, 'spec'), 'cases').map((each): Json => {
    if (!isObject(each)) return each
    const { object: _, oldObject: __, beside: ___, ...rest } = each
    return rest
  })
  const { spec } = value
  return { ...value, spec: isObject(spec) ? { ...spec, cases } : (spec ?? null) }
}
