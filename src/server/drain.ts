import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { ConnectionRegistry } from './connections.ts'

/** More than a request may take to arrive; with the default drain it stays within Kubernetes' 30 s before SIGKILL. */
const STOP_GRACE_MS = 15_000

/**
 * Goes on serving for a while, each answer with `Connection: close`, so that callers learn of the other replicas first;
 * then stops accepting, and ends when what is in flight has been answered.
 */
export async function drain(
  app: FastifyInstance,
  connections: ConnectionRegistry,
  milliseconds: number,
): Promise<void> {
  await sleep(milliseconds)
  // A server that closes no longer looks after its timeouts: a client that never finishes its request would hold it.
  const grace = setTimeout(() => app.server.closeAllConnections(), STOP_GRACE_MS)
  const closed = app.close()
  connections.endUnused()
  await closed
  clearTimeout(grace)
}
