import type { FastifyInstance } from 'fastify'
import type { ConnectionRegistry } from './connections.ts'

/** What a request may take to arrive (10 s), and its answer: Kubernetes kills the process 15 s after the drain. */
export const STOP_GRACE_MS = 12_000

/**
 * Stops accepting, ends what waits, and resolves when what is in flight has been answered or `graceMs` are over: then
 * the rest is ended, whatever state it is in. A server that closes no longer looks after its own timeouts.
 */
export async function closeListener(
  app: FastifyInstance,
  connections: ConnectionRegistry,
  graceMs: number,
): Promise<void> {
  const grace = setTimeout(() => connections.destroyAll(), graceMs)
  const closed = app.close()
  connections.stop()
  await closed
  clearTimeout(grace)
}
