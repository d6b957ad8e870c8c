import type { ReviewIdentity } from '../../admission/parse.ts'
import { applyPatch, type PatchOperation, parsePatch } from '../../json/patch.ts'
import { isDeeperThan, isObject, type Json } from '../../json/value.ts'
import { MAX_DEPTH } from '../../review/decode.ts'
import type { ReviewPath } from '../../review/path.ts'
import { type Response, readResponse } from './answer.ts'
import type { GatewayClient } from './client.ts'

/** What a gateway said about one object, all paths taken together. */
export interface Verdict {
  readonly allowed: boolean
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
  readonly patch?: readonly PatchOperation[]
  /** The object with the patch applied; absent without one. */
  readonly patched?: Json
}

/** A verdict, or why the gateway could not be asked. */
export type Asked = { readonly ok: true; readonly verdict: Verdict } | { readonly ok: false; readonly problem: string }

type Answered = { readonly ok: true; readonly response: Response } | { readonly ok: false; readonly problem: string }

/** Asks one path and checks that the answer is one, and to this question. */
async function ask(
  client: GatewayClient,
  path: ReviewPath,
  body: string | Buffer,
  identity: ReviewIdentity,
): Promise<Answered> {
  const reply = await client.send(path, body)
  if (!reply.ok) return reply
  const read = readResponse(reply.body, identity, path)
  return read.ok
    ? read
    : { ok: false, problem: `/${path} gave no usable answer: ${read.reason}. Is this a gateway of this version?` }
}

/** Where a patch leads, or why it leads nowhere. */
type Patched =
  | { readonly ok: true; readonly patch: readonly PatchOperation[]; readonly object: Json }
  | { readonly ok: false; readonly problem: string }

function applyAnswer(object: Json, { patch }: Response): Patched {
  const fail = (why: string): Patched => ({
    ok: false,
    problem: `/mutate gave no usable patch: ${why}. An API server would refuse the object with an internal error`,
  })
  if (patch === undefined) return { ok: true, patch: [], object }
  if (patch.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(patch)) return fail('it is no base64')
  let value: Json
  try {
    value = JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))
  } catch {
    return fail('it is no JSON')
  }
  const parsed = parsePatch(value)
  if (!parsed.ok) return fail(parsed.message)
  const applied = applyPatch(object, parsed.operations)
  if (!applied.ok) return fail(applied.message)
  if (!isObject(applied.document) && parsed.operations.length > 0) return fail('what it leads to is no object')
  // What is patched is printed by recursion.
  if (isDeeperThan(applied.document, MAX_DEPTH)) return fail(`what it leads to nests deeper than ${MAX_DEPTH} levels`)
  return { ok: true, patch: parsed.operations, object: applied.document }
}

/** One question to the gateway: how the review of an object is written, and the object. */
export interface Question {
  readonly identity: ReviewIdentity
  readonly object: Json
  encode(object: Json): string | Buffer
}

/**
 * Asks a gateway as the API server does: first `/mutate`, whose patch is applied; then `/validate` and `/observe` about
 * what came out.
 */
export async function judge(client: GatewayClient, { identity, object, encode }: Question): Promise<Asked> {
  const mutated = await ask(client, 'mutate', encode(object), identity)
  if (!mutated.ok) return mutated
  if (!mutated.response.allowed) return { ok: true, verdict: verdictOf([mutated.response]) }
  const patched = applyAnswer(object, mutated.response)
  if (!patched.ok) return patched
  const body = encode(patched.object)
  const [validated, observed] = await Promise.all([
    ask(client, 'validate', body, identity),
    ask(client, 'observe', body, identity),
  ])
  if (!validated.ok) return validated
  if (!observed.ok) return observed
  const verdict = verdictOf([mutated.response, validated.response, observed.response])
  if (patched.patch.length === 0) return { ok: true, verdict }
  return { ok: true, verdict: { ...verdict, patch: patched.patch, patched: patched.object } }
}

/** The first denial decides; what accompanies the answers is brought together. */
function verdictOf(responses: readonly Response[]): Verdict {
  const denial = responses.find(response => !response.allowed)
  return {
    allowed: denial === undefined,
    ...denial?.status,
    warnings: [...new Set(responses.flatMap(({ warnings }) => warnings))],
    auditAnnotations: Object.fromEntries(responses.flatMap(response => Object.entries(response.auditAnnotations))),
  }
}
