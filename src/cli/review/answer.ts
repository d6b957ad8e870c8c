import type { ReviewIdentity } from '../../admission/parse.ts'
import { quote } from '../../admission/text.ts'
import { get, getString, isDeeperThan, isList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { MAX_DEPTH } from '../../review/decode.ts'
import type { ReviewPath } from '../../review/path.ts'

/** An AdmissionResponse, read: what is not there is empty or undefined. */
export interface Response {
  readonly allowed: boolean
  readonly status: { readonly code?: number; readonly reason?: string; readonly message?: string }
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
  /** Base64, as it came; undefined where nothing is patched. */
  readonly patch: string | undefined
}

/** A response, or what kube-apiserver would not accept in it. */
export type ReadResponse =
  | { readonly ok: true; readonly response: Response }
  | { readonly ok: false; readonly reason: string }

const refused = (reason: string): ReadResponse => ({ ok: false, reason })

/**
 * Reads an answer and demands of it what kube-apiserver demands: the review's own version, kind and uid; patch and
 * patchType together, and on a mutating path only (`VerifyAdmissionResponse` in apiserver/pkg/admission/plugin/webhook/request).
 */
export function readResponse(body: string, asked: ReviewIdentity, path: ReviewPath): ReadResponse {
  let review: Json
  try {
    review = JSON.parse(body)
  } catch {
    return refused('it is no JSON')
  }
  if (isDeeperThan(review, MAX_DEPTH)) return refused(`it nests deeper than ${MAX_DEPTH} levels`)
  const [kind, apiVersion] = [getString(review, 'kind') ?? '', getString(review, 'apiVersion') ?? '']
  if (kind !== asked.kind || apiVersion !== asked.apiVersion) {
    const got = `${quote(kind)} of ${quote(apiVersion)}`
    return refused(`it is ${got}, not ${quote(asked.kind)} of ${quote(asked.apiVersion)}`)
  }
  const response = get(review, 'response')
  if (!isObject(response)) return refused('it has no response')
  const uid = get(response, 'uid')
  if (uid !== asked.uid) return refused(`it is about uid ${JSON.stringify(uid)}, not ${JSON.stringify(asked.uid)}`)
  return readFields(response, path)
}

function readFields(response: JsonObject, path: ReviewPath): ReadResponse {
  const allowed = get(response, 'allowed')
  if (typeof allowed !== 'boolean') return refused('it says neither yes nor no')
  const status = readStatus(get(response, 'status') ?? {})
  const warnings = get(response, 'warnings') ?? []
  const annotations = get(response, 'auditAnnotations') ?? {}
  if (status === undefined) return refused('its status is not as it should be: code, reason and message')
  if (!isList(warnings) || !warnings.every(isText)) return refused('its warnings are no list of texts')
  if (!isObject(annotations) || !Object.values(annotations).every(isText))
    return refused('its auditAnnotations are no texts by name')
  const [patch, patchType] = [get(response, 'patch') ?? '', get(response, 'patchType') ?? undefined]
  if (typeof patch !== 'string') return refused('its patch is no text')
  if (path !== 'mutate' && (patch !== '' || patchType !== undefined))
    return refused('it has a patch, which only /mutate may answer with')
  if (patch !== '' && patchType !== 'JSONPatch')
    return refused(`its patchType is ${JSON.stringify(patchType)}, not "JSONPatch"`)
  if (patch === '' && patchType !== undefined) return refused('it has a patchType, but no patch')
  return {
    ok: true,
    response: {
      allowed,
      status,
      warnings,
      auditAnnotations: annotations as Response['auditAnnotations'],
      patch: patch === '' ? undefined : patch,
    },
  }
}

function isText(value: Json): value is string {
  return typeof value === 'string'
}

function readStatus(status: Json): Response['status'] | undefined {
  if (!isObject(status)) return undefined
  const [code, reason, message] = ['code', 'reason', 'message'].map(key => get(status, key) ?? undefined)
  if (code !== undefined && typeof code !== 'number') return undefined
  if (reason !== undefined && typeof reason !== 'string') return undefined
  if (message !== undefined && typeof message !== 'string') return undefined
  return {
    ...(code !== undefined && { code }),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  }
}
