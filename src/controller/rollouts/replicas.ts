import type { RecordDocument } from '../../policy/rollout-record.ts'
import { samplesOf } from '../scrape.ts'

/** The metrics of one gateway; undefined where it did not answer. */
export interface ReplicaText {
  readonly name: string
  readonly text: string | undefined
}

/** What the gateways have counted of the present revision since the present state of a rollout. */
export interface ReplicaCounts {
  readonly total: number
  /** Those that go by the present state. */
  readonly current: number
  readonly requests: number
  readonly denials: number
  /** What could not be judged where the revision is in force; and in all, also where it only watches. */
  readonly failures: number
  readonly errors: number
}

/**
 * Sums up what every gateway counted under the present record of a rollout, of the revision that it brings: an earlier one that is still in
 * force elsewhere would hide in its many requests what the new one refuses.
 *
 * @returns counts that hold only where `current` is `total` and not 0: a gateway that does not answer, or goes by an older state, is one of
 *   which nothing is known.
 */
export function countReplicas(
  replicas: readonly ReplicaText[],
  { rollout, number, target, status }: RecordDocument,
): ReplicaCounts {
  const counts = { total: replicas.length, current: 0, requests: 0, denials: 0, failures: 0, errors: 0 }
  type Labels = Readonly<Record<string, string>>
  const isPresent = (labels: Labels) => labels['rollout'] === rollout && labels['record'] === String(number)
  // Of a rollout that had another target before, the record of that may have the same number.
  const isOwn = (labels: Labels) =>
    isPresent(labels) && labels['kind'] === target.kind && labels['target'] === target.name
  for (const { text } of replicas) {
    if (text === undefined) continue
    if (!samplesOf(text, 'portcullis_rollout_info').some(({ labels }) => isOwn(labels))) continue
    counts.current++
    for (const { labels, value } of samplesOf(text, 'portcullis_rollout_reviews_total')) {
      if (!isPresent(labels) || labels['version'] !== `${target.name}@${status.revision}`) continue
      const { role, result } = labels
      if (result === 'error') counts.errors += role === 'replaced' ? 0 : value
      if (role !== 'target') continue
      counts.requests += value
      if (result === 'violated') counts.denials += value
      if (result === 'error') counts.failures += value
    }
  }
  return counts
}

const METRIC = 'portcullis_review_duration_seconds_bucket'
const WINDOW_MS = 60_000
/** Of fewer reviews the slowest one would be the whole percentile. */
const MINIMUM = 100

type Buckets = ReadonlyMap<number, number>

/** How slow the slowest gateway has been lately, from its histograms. Nothing of it is kept when the controller ends. */
export class LatencyWindow {
  readonly #samples = new Map<string, { readonly at: number; readonly buckets: Buckets }[]>()
  /** Whether one of them did not answer when it was asked last, and when that was. */
  #isMute = true
  #at = 0

  /** Takes what the gateways say at a moment, in milliseconds of a clock that never jumps. */
  add(replicas: readonly ReplicaText[], at: number): void {
    this.#at = at
    this.#isMute = replicas.length === 0 || replicas.some(({ text }) => text === undefined)
    const names = new Set(replicas.map(({ name }) => name))
    for (const name of this.#samples.keys()) if (!names.has(name)) this.#samples.delete(name)
    for (const { name, text } of replicas) {
      if (text === undefined) continue
      const samples = this.#samples.get(name) ?? []
      const buckets = bucketsOf(text)
      // One that started anew counts from nothing.
      const isAnew = totalOf(buckets) < totalOf(samples.at(-1)?.buckets ?? new Map())
      // The newest of those that are older than the window is its begin.
      const kept = isAnew ? [] : samples.filter((_, index) => (samples[index + 1]?.at ?? at) > at - WINDOW_MS)
      this.#samples.set(name, [...kept, { at, buckets }])
    }
  }

  /** The 99th percentile of the slowest gateway, in seconds; undefined where one of them has been seen only once, or did not answer. */
  p99(): number | undefined {
    const isWhole = [...this.#samples.values()].every(samples => samples.length > 1)
    return this.#isMute || !isWhole ? undefined : this.atLeast()
  }

  /** The same of those that answered; 0 where none did. */
  atLeast(): number {
    const known = [...this.#samples.values()].map(samples => {
      const [first, last] = [samples[0], samples.at(-1)]
      return first !== undefined && last?.at === this.#at ? percentile(first.buckets, last.buckets) : 0
    })
    return Math.max(0, ...known)
  }
}

function bucketsOf(text: string): Buckets {
  const buckets = new Map<number, number>()
  for (const { labels, value } of samplesOf(text, METRIC)) {
    // A dry run, such as one of a huge object, says nothing of what users wait for.
    if (labels['dry_run'] === 'true') continue
    const bound = labels['le'] === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels['le'])
    buckets.set(bound, (buckets.get(bound) ?? 0) + value)
  }
  return buckets
}

function totalOf(buckets: Buckets): number {
  return buckets.get(Number.POSITIVE_INFINITY) ?? 0
}

/** As Prometheus' `histogram_quantile` reckons. */
function percentile(before: Buckets, after: Buckets): number {
  const bounds = [...after.keys()].toSorted((a, b) => a - b)
  const counts = bounds.map(bound => (after.get(bound) ?? 0) - (before.get(bound) ?? 0))
  const total = counts.at(-1) ?? 0
  if (total < MINIMUM) return 0
  const rank = total * 0.99
  const index = counts.findIndex(count => count >= rank)
  const [bound = 0, low = 0] = [bounds[index], index === 0 ? 0 : bounds[index - 1]]
  if (bound === Number.POSITIVE_INFINITY) return low
  const [above = 0, below = 0] = [counts[index], index === 0 ? 0 : counts[index - 1]]
  return low + (bound - low) * ((rank - below) / Math.max(1, above - below))
}
