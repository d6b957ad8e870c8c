import { append, type Pointer } from '../../json/pointer.ts'
import { dig, get, getList, getString, isList, isObject, type Json, type JsonObject } from '../../json/value.ts'
import { eachSecret, MARK } from '../../workload/secrets.ts'
import { maskWords, namesSecret, withoutUserInfo } from './words.ts'

/** What is kept of a request: what decides an answer. `options` and `userInfo.extra` decide nothing, and may hold anything. */
const KEPT = [
  'uid',
  'kind',
  'resource',
  'subResource',
  'requestKind',
  'requestResource',
  'requestSubResource',
  'name',
  'namespace',
  'operation',
  'dryRun',
]

/**
 * The request of an AdmissionReview as it may be kept: the same shape, with a fixed mark in place of what nobody may read. Applied to
 * what it has made it changes nothing.
 *
 * @returns undefined where nothing of it may be kept: a Secret, or a token.
 */
export function redactRequest(request: JsonObject): JsonObject | undefined {
  if (isSecret(request)) return undefined
  const userInfo = get(request, 'userInfo')
  const entries = KEPT.flatMap(key => {
    const value = get(request, key)
    return value === undefined ? [] : [[key, value] as const]
  })
  return {
    ...Object.fromEntries(entries),
    userInfo: {
      username: getString(userInfo, 'username') ?? '',
      groups: getList(userInfo, 'groups').filter(group => typeof group === 'string'),
    },
    object: redactObject(get(request, 'object') ?? null),
    oldObject: redactObject(get(request, 'oldObject') ?? null),
  }
}

function isSecret(request: JsonObject): boolean {
  const kinds = [dig(request, 'kind', 'kind'), dig(request, 'object', 'kind'), dig(request, 'oldObject', 'kind')]
  return (
    kinds.some(kind => kind === 'Secret' || kind === 'SecretList' || kind === 'TokenRequest') ||
    dig(request, 'resource', 'resource') === 'secrets' ||
    get(request, 'subResource') === 'token'
  )
}

function redactObject(object: Json): Json {
  const places = new Set<Pointer>()
  eachSecret(object, '', (_, at) => places.add(at))
  return redact(object, '', places)
}

function redact(value: Json, at: Pointer, places: ReadonlySet<Pointer>): Json {
  if (places.has(at)) return masked(value)
  if (typeof value === 'string') return withoutUserInfo(value)
  if (isList(value)) return value.map((item, index) => redact(item, append(at, index), places))
  if (!isObject(value)) return value
  const isConfigMap = get(value, 'kind') === 'ConfigMap'
  const command = maskWords(get(value, 'command'), false)
  // Made of entries, so that a key called `__proto__` is a key like any other.
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]): [string, Json][] => {
      // Who owns which field decides nothing, and is half of an object.
      if (key === 'managedFields') return []
      if (isConfigMap && (key === 'data' || key === 'binaryData')) return [[key, masked(child)]]
      if (key === 'command' && isList(child)) return [[key, command.words]]
      // The last word of a command may be a flag, and the first of its arguments the secret.
      if (key === 'args' && isList(child)) return [[key, maskWords(child, command.isOpen).words]]
      if (key === 'httpHeaders') return [[key, withoutHeaders(child)]]
      if (typeof child === 'string' && isSecretField(key)) return [[key, masked(child)]]
      return [[key, redact(child, append(at, key), places)]]
    }),
  )
}

/** Kubernetes calls many things a key (of a label, of a taint); as the name of a field that alone says nothing. */
function isSecretField(key: string): boolean {
  return (
    namesSecret(key) &&
    /(?:secret|token|passw(?:or)?d|passphrase|credentials?|(?:api|access|private)[-_]?key)$/i.test(key)
  )
}

function withoutHeaders(headers: Json): Json {
  if (!isList(headers)) return headers
  return headers.map(header => {
    const value = get(header, 'value')
    return isObject(header) && value !== undefined ? { ...header, value: masked(value) } : header
  })
}

/** A value of the same shape that tells nothing. */
function masked(value: Json): Json {
  if (isList(value)) return value.map(masked)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, masked(child)]))
  if (typeof value === 'string') return value === '' ? '' : MARK
  return typeof value === 'number' ? 0 : typeof value === 'boolean' ? false : value
}
