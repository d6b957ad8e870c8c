import { applyPatch, type PatchOperation, parsePatch } from '../../json/patch.ts'
import { isObject, type Json } from '../../json/value.ts'
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

interface Response {
  readonly allowed: boolean
  readonly status?: { readonly code?: number; readonly reason?: string; readonly message?: string }
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
  readonly patch?: string
  readonly patchType?: string
}

type Answered = { readonly ok: true; readonly response: Response } | { readonly ok: false; readonly problem: string }

/** Asks one path and checks that the answer is one, and to this question. */
async function ask(client: GatewayClient, path: string, body: string | Buffer, uid: string): Promise<Answered> {
  const reply = await client.send(path, body)
  if (!reply.ok) return reply
  const fail = (why: string): Answered => ({ ok: false, problem: `/${path} gave no usable answer: ${why}` })
  let review: unknown
  try {
    review = JSON.parse(reply.body)
  } catch {
    return fail('it is no JSON')
  }
  const response = isObject(review) ? review['response'] : undefined
  if (!isObject(response)) return fail('it has no response')
  if (response['uid'] !== uid)
    return fail(`it is about uid ${JSON.stringify(response['uid'])}, not ${JSON.stringify(uid)}`)
  if (typeof response['allowed'] !== 'boolean') return fail('it says neither yes nor no')
  return { ok: true, response: response as unknown as Response }
}

/** Where a patch leads, or why it leads nowhere. */
type Patched =
  | { readonly ok: true; readonly patch: readonly PatchOperation[]; readonly object: Json }
  | { readonly ok: false; readonly problem: string }

function applyAnswer(object: Json, { patch, patchType }: Response): Patched {
  const fail = (why: string): Patched => ({ ok: false, problem: `/mutate gave no usable patch: ${why}` })
  if (patch === undefined || patch === '') return { ok: true, patch: [], object }
  if (patchType !== 'JSONPatch') return fail(`its patchType is ${JSON.stringify(patchType)}, not "JSONPatch"`)
  let parsed: ReturnType<typeof parsePatch>
  try {
    parsed = parsePatch(JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as Json)
  } catch {
    return fail('it is no JSON')
  }
  if (!parsed.ok) return fail(parsed.message)
  const applied = applyPatch(object, parsed.operations)
  return applied.ok ? { ok: true, patch: parsed.operations, object: applied.document } : fail(applied.message)
}

/** One question to the gateway: how the review of an object is written, and the object. */
export interface Question {
  readonly uid: string
  readonly object: Json
  encode(object: Json): string | Buffer
}

/**
 * Asks a gateway as the API server does: first `/mutate`, whose patch is applied; then `/validate` and `/observe` about
 * what came out.
 */
export async function judge(client: GatewayClient, { uid, object, encode }: Question): Promise<Asked> {
  const mutated = await ask(client, 'mutate', encode(object), uid)
  if (!mutated.ok) return mutated
  if (!mutated.response.allowed) return { ok: true, verdict: verdictOf([mutated.response]) }
  const patched = applyAnswer(object, mutated.response)
  if (!patched.ok) return patched
  const body = encode(patched.object)
  const [validated, observed] = await Promise.all([
    ask(client, 'validate', body, uid),
    ask(client, 'observe', body, uid),
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
  const { code, reason, message } = denial?.status ?? {}
  return {
    allowed: denial === undefined,
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    warnings: [...new Set(responses.flatMap(response => response.warnings ?? []))],
    auditAnnotations: Object.assign(
      {},
      ...responses.map(response => response.auditAnnotations ?? {}),
    ) as Verdict['auditAnnotations'],
  }
}
