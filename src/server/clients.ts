import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { quote } from '../admission/text.ts'
import { boundedLabels } from './bounded-labels.ts'
import { clientIdentity, isAllowedClient } from './identity.ts'
import type { Metrics } from './metrics.ts'
import type { ClientAuth } from './tls.ts'

/** Distinct client names that the metric tells apart. */
const MAX_CLIENTS = 50

/** Whether a client may ask. */
export type Admission = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/**
 * Judges clients by their certificates, before a byte of the body is read. `require` demands a verified one that bears
 * a name of the list: a CA alone would let in every certificate that it ever signed, a kubelet's too. `observe` admits
 * everyone and counts by name.
 *
 * @param isReady whether `when-ready` demands by now.
 * @param onRefused told of each client that may not ask, by its name.
 */
export function clientGate(
  mode: ClientAuth,
  names: readonly string[],
  metrics: Metrics,
  isReady: () => boolean,
  onRefused: (client: string) => void,
): (socket: Socket) => Admission {
  const label = boundedLabels(MAX_CLIENTS)
  const count = (client: string, result: string) => metrics.clients.inc({ client: label(client), result })
  return socket => {
    if (mode === 'none') {
      count('not asked', 'admitted')
      return { ok: true }
    }
    const identity = clientIdentity(socket as TLSSocket)
    const shown = identity.names[0] ?? (identity.presented ? 'without a name' : 'none')
    const client = identity.presented && !identity.verified ? 'unverified' : shown
    const isAllowed = isAllowedClient(identity, names)
    if (isAllowed || mode === 'observe' || (mode === 'when-ready' && !isReady())) {
      count(client, isAllowed ? 'admitted' : 'observed')
      return { ok: true }
    }
    count(client, 'refused')
    onRefused(shown)
    return {
      ok: false,
      reason: `the client certificate of ${quote(shown)} is not among the names that may ask (--client-name)`,
    }
  }
}
