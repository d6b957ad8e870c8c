import { counted } from '../admission/text.ts'

/** How the cluster is followed, of one kind. */
export interface Followed {
  readonly kind: string
  /** Seconds since the API last said anything about it. */
  readonly ageSeconds: number
  /** The documents that went with the definition of the kind, and are kept as they were last; as `kind name`. */
  readonly lost: readonly string[]
  /** Whether the API says that it serves no such kind. */
  readonly isUnserved: boolean
}

/** Seconds after which a kind counts as not followed: an idle watch is heard of twice a minute. */
export const STALE_SECONDS = 120

/** What is wrong with how the cluster is followed, a sentence for each kind; the gateway stays ready. */
export function followingNotes(followed: readonly Followed[]): readonly string[] {
  return followed.flatMap(({ kind, ageSeconds, lost, isUnserved }) => {
    if (lost.length > 0)
      return `${kind}: ${counted(lost.length, 'document')} went with the definition of the kind; kept as last seen`
    if (isUnserved)
      return `${kind}: the cluster does not serve the kind; without documents of it only what ships is in force`
    if (ageSeconds < STALE_SECONDS) return []
    return `${kind}: not followed for ${Math.round(ageSeconds)} s; what was known then stays in force`
  })
}
