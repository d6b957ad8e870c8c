const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
}

/** What the API server waits for at most; it allows webhooks no more than this. */
const MAX_TIMEOUT = 30_000
/** What the API server waits for when a webhook configuration says nothing. */
const DEFAULT_TIMEOUT = 10_000
/** The way back takes time too: encoding, TLS, a busy machine. */
const MIN_MARGIN = 100

const answered = new Map<string, number>()
/** API servers ask for a handful of different timeouts; whoever makes up more gets no cache. */
const MAX_ANSWERED = 100

/**
 * How many milliseconds an evaluation may take, from the `?timeout=` that the API server appends (a Go duration such
 * as `10s`): a tenth less, so that our answer arrives before the caller hangs up.
 */
export function timeForAnswer(timeout = ''): number {
  const known = answered.get(timeout)
  if (known !== undefined) return known
  const asked = Math.min(parseDuration(timeout) ?? DEFAULT_TIMEOUT, MAX_TIMEOUT)
  const milliseconds = Math.max(asked - Math.max(asked / 10, MIN_MARGIN), 0)
  if (answered.size < MAX_ANSWERED) answered.set(timeout, milliseconds)
  return milliseconds
}

/** A Go duration in milliseconds; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns)){1,7}$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  }
  return total
}
