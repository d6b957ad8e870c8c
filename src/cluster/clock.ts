import type { ClusterClient } from './client.ts'

/** Within this the machine's own clock is good enough: the API server's comes in whole seconds, and late. */
const TOLERATED_MS = 30_000

/**
 * The time by which certificates and dates are judged: this machine's, or where that differs from the API server's by more than
 * a moment, the API server's. A controller whose own clock runs a year ahead would otherwise replace every certificate by one that
 * nobody else believes yet.
 *
 * @returns milliseconds since 1970.
 */
export function clusterClock(client: Pick<ClusterClient, 'skewMs'>, own: () => number = Date.now): () => number {
  return () => {
    const skewMs = client.skewMs()
    return Math.abs(skewMs) > TOLERATED_MS ? own() + skewMs : own()
  }
}
