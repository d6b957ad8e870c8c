/** How many connections a listener keeps, and how long each state of one may last. Durations in milliseconds. */
export interface ConnectionLimits {
  /** Places for connections whose TLS handshake is not finished. A listener in clear has none. */
  readonly handshakes: number
  /** Places for clients that have shown an allowed certificate. Nobody else can take them. */
  readonly allowed: number
  /** Places for everybody else. */
  readonly others: number
  /** An address with more connections than this, allowed clients not counted, loses its own before other addresses do. */
  readonly addressShare: number
  /** From the TCP connection to the end of the handshake. */
  readonly handshakeMs: number
  /** From there to the first byte of the first request; clients with an allowed certificate have `unusedAllowedMs`. */
  readonly unusedMs: number
  readonly unusedAllowedMs: number
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number
  /** From the first byte of a request to its last. */
  readonly requestMs: number
  /** From the last byte of a request to the end of its judgement: a net below the deadline of reviews. */
  readonly judgeMs: number
  /** How long a client may leave an answer unread. */
  readonly answerMs: number
  /** From an answer to the next request. */
  readonly keepAliveMs: number
  /** How long a connection that is ending may take to do so. */
  readonly endMs: number
  /** How often the states are looked at. */
  readonly sweepMs: number
}

/** Limits of the admission listener; docs/decisions/0007-connections.md says why they are so. */
export const ADMISSION_LIMITS: ConnectionLimits = {
  handshakes: 1000,
  // Three API servers with all their 600 requests in flight each. Without certificates they are `others`.
  allowed: 2000,
  others: 2000,
  // More than the 25 idle connections that an API server keeps, and a burst.
  addressShare: 64,
  handshakeMs: 10_000,
  unusedMs: 15_000,
  unusedAllowedMs: 120_000,
  headersMs: 5000,
  requestMs: 10_000,
  // Twice the longest timeout of a webhook.
  judgeMs: 60_000,
  answerMs: 10_000,
  // Kube-apiserver's idle connections live 90.0 s: ours live longer, so that no call meets a closing socket.
  keepAliveMs: 120_000,
  endMs: 2000,
  sweepMs: 1000,
}

/** Limits of the listener for health and metrics: a probe waits seconds at most, and a scrape dials again for free. */
export const HEALTH_LIMITS: ConnectionLimits = {
  handshakes: 0,
  allowed: 0,
  others: 512,
  addressShare: 16,
  handshakeMs: 0,
  unusedMs: 5000,
  unusedAllowedMs: 5000,
  headersMs: 5000,
  requestMs: 5000,
  judgeMs: 10_000,
  answerMs: 5000,
  keepAliveMs: 10_000,
  endMs: 1000,
  sweepMs: 1000,
}
