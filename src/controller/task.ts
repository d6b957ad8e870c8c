import type { ClusterClient } from '../cluster/client.ts'

/** Where a line of the log goes: facts first, then a constant message. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What every part of the controller needs. */
export interface ControllerContext {
  readonly client: ClusterClient
  /** The gateway's own namespace. */
  readonly namespace: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
}

/**
 * One part of the controller: it brings the cluster closer to what it should be, a round at a time. What it remembers
 * between rounds may be lost at any moment: the next leader begins from what the cluster holds.
 */
export interface Task {
  /** In kebab case; the label of its metrics. */
  readonly name: string
  /** Milliseconds from the end of a round to the begin of the next. */
  readonly intervalMs: number
  /**
   * One round. It ends early, without an error, once the signal is aborted: somebody else may lead by then. What it throws is
   * logged and counted, and the next round is tried all the same.
   */
  round(signal: AbortSignal): Promise<void>
}
