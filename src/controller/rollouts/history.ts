import { shorten } from '../../admission/text.ts'
import { dig, getList, getString, isObject, type JsonObject } from '../../json/value.ts'

/** Entries that a status keeps: at half a kilobyte each, what an object in etcd does not notice. */
export const MAX_HISTORY = 50
/** A breach of every gate at once is said in less. */
const MAX_MESSAGE = 512

/** Whether a status says something else than the one before: another phase, stage or reason. What is merely measured anew is none. */
export function isTransition(before: JsonObject | undefined, after: JsonObject): boolean {
  return before === undefined || ['phase', 'stage', 'reason'].some(key => wordOf(before, key) !== wordOf(after, key))
}

/**
 * The history of a rollout with what its status says now: what Events say for an hour, for as long as the rollout is there.
 *
 * @param rollout as the API has it, with the status before.
 * @param status what is about to be its status.
 * @param at when, as RFC 3339.
 * @returns entries `{at, phase, stage, reason, message}`, the oldest first, {@link MAX_HISTORY} at most.
 */
export function historyWith(rollout: JsonObject, status: JsonObject, at: string): readonly JsonObject[] {
  const before = isObject(rollout['status']) ? rollout['status'] : undefined
  const known = getList(before, 'history').filter(isObject)
  if (!isTransition(before, status)) return known
  const message = shorten(wordOf(status, 'message'), MAX_MESSAGE)
  const [phase, stage, reason] = [wordOf(status, 'phase'), wordOf(status, 'stage'), wordOf(status, 'reason')]
  return bounded([...known, { at, phase, stage, reason, message }])
}

/** A gate that cannot make up its mind must not drive out when the stages began: entries that changed neither go first. */
function bounded(entries: readonly JsonObject[]): readonly JsonObject[] {
  const kept = [...entries]
  while (kept.length > MAX_HISTORY) {
    const noise = kept.findIndex(
      (entry, index) => index > 0 && index < kept.length - 1 && isSame(entry, kept[index - 1]),
    )
    kept.splice(Math.max(0, noise), 1)
  }
  return kept
}

function isSame(entry: JsonObject, before: JsonObject | undefined): boolean {
  return ['phase', 'stage'].every(key => wordOf(entry, key) === wordOf(before, key))
}

function wordOf(object: JsonObject | undefined, key: string): string {
  return getString(dig(object), key) ?? ''
}
