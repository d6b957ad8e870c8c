import type { AdmissionRequest } from '../admission/request.ts'
import { oneLine, shorten } from '../admission/text.ts'
import { dig, getString, type JsonObject } from '../json/value.ts'

/** The annotation that bears the reason, unless an exception names another. */
export const REASON_ANNOTATION = 'portcullis.dev/break-glass-reason'
/** Characters of a reason as it is shown: a sentence and a ticket. */
const MAX_REASON = 256

/** What a break-glass exception demands: a user of one of the groups, and an object that bears a reason. */
export interface BreakGlass {
  readonly groups: readonly string[]
  readonly reasonAnnotation: string
}

/** By whose right and for what reason the glass was broken. */
export interface BrokenGlass {
  /** The first of the exception's groups that the user is in. */
  readonly group: string
  /** On one line, printable and of bounded length; it comes from the object. */
  readonly reason: string
}

/**
 * Groups that everyone is in, or that act for everyone: the controllers in kube-system make the pods of any template,
 * whose annotations its author wrote. With one of them the annotation alone would grant.
 */
const EVERYONE: readonly string[] = [
  'system:authenticated',
  'system:unauthenticated',
  'system:serviceaccounts',
  'system:serviceaccounts:kube-system',
  'system:nodes',
]

/** Whether no particular person stands behind a group. */
export function isEveryone(group: string): boolean {
  return EVERYONE.includes(group)
}

/**
 * Breaks the glass where the request meets both demands. The user is `userInfo`'s, which is the impersonated one; the
 * reason is the new object's own: neither the old object's nor that of a pod template counts.
 *
 * @returns undefined where the glass stays whole.
 */
export function breakGlass(
  { groups, reasonAnnotation }: BreakGlass,
  request: AdmissionRequest,
): BrokenGlass | undefined {
  const group = groups.find(candidate => request.userInfo?.groups.includes(candidate))
  const reason = reasonOf(request.object, reasonAnnotation)
  return group === undefined || reason === undefined ? undefined : { group, reason }
}

/**
 * The reason that an object bears; undefined if it bears none that a person can read: spaces, invisible characters and
 * dots are no reason.
 */
export function reasonOf(object: JsonObject | null, annotation: string): string | undefined {
  const written = getString(dig(object ?? undefined, 'metadata', 'annotations'), annotation)
  return written !== undefined && /[\p{L}\p{N}]/u.test(written)
    ? shorten(oneLine(written.trim()), MAX_REASON)
    : undefined
}

/**
 * How the glass would be broken, for a refusal: said to a file, whose user is unknown, and to a user who has the right
 * but gave no reason. Others learn nothing of whom to be.
 */
export function breakGlassHint(name: string, { groups, reasonAnnotation }: BreakGlass, request: AdmissionRequest) {
  const { userInfo } = request
  const exception = `the break-glass exception ${name}`
  if (userInfo === undefined)
    return `in an emergency, a member of ${groups.map(oneLine).join(' or ')} may use ${exception}, with the annotation ${reasonAnnotation}`
  if (!groups.some(group => userInfo.groups.includes(group))) return undefined
  return `in an emergency, give a reason in the annotation ${reasonAnnotation} to use ${exception}`
}
