import { dig, getString, type JsonObject } from '../../json/value.ts'
import type { Requests } from '../../rollout/step.ts'

/** What an operator wants done to a rollout, on the rollout itself; the controller takes it away once it is done. */
export const REQUEST_ANNOTATION = 'portcullis.dev/rollout-request'

/** The text of a request, at a time of the API server's clock. */
export function requestText(word: 'promote' | 'resume' | 'abort', now: number, stage?: string): string {
  return [word, new Date(now).toISOString(), ...(stage === undefined ? [] : [stage])].join(' ')
}

/**
 * Reads what an operator has asked for.
 *
 * @param since since when the rollout is where it is: what was asked for before that was about something else, an abort
 *   apart.
 */
export function requestsIn(rollout: JsonObject, since: number): Requests {
  const text = getString(dig(rollout, 'metadata', 'annotations'), REQUEST_ANNOTATION)
  if (text === undefined) return {}
  const [word, time = '', stage] = text.trim().split(/\s+/)
  const asked = Date.parse(time)
  if (Number.isNaN(asked)) return {}
  // Whoever aborts it means all of it, also where it has gone on since they looked.
  if (word === 'abort') return { abort: true }
  if (asked < since) return {}
  switch (word) {
    case 'promote':
      return stage === undefined ? {} : { promote: stage }
    case 'resume':
      return { resume: true }
    default:
      return {}
  }
}
