import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { KeyPairPem } from './issue.ts'

/** A loopback handshake takes milliseconds. */
const TIMEOUT_MS = 5000

/**
 * Proves a serving pair as the API server would meet it: a TLS handshake on the loopback by a client that trusts exactly this
 * bundle and asks for this name.
 *
 * @returns why it failed; undefined where it did not.
 */
export async function proveHandshake(
  pair: KeyPairPem,
  bundlePem: string,
  serverName: string,
): Promise<string | undefined> {
  const server = createServer({ cert: pair.certificatePem, key: pair.privateKeyPem })
  server.on('tlsClientError', () => {})
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, ca: bundlePem, servername: serverName, rejectUnauthorized: true })
    try {
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT_MS) })
      return undefined
    } finally {
      socket.destroy()
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    server.close()
  }
}
