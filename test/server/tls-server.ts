import { once } from 'node:events'
import { type Agent, createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { KeyPairPem } from '../../src/certs/issue.ts'
import type { ConnectionRegistry } from '../../src/server/connections.ts'
import { isTlsSocket } from '../../src/server/connections.ts'
import { clientIdentity, isAllowedClient } from '../../src/server/identity.ts'
import { loadTlsMaterial, type TlsFiles, type TlsMaterial } from '../../src/server/tls.ts'
import { type TestAuthority, temporaryFolder, writeFiles } from '../support/certificates.ts'

export const ALLOWED = ['kube-apiserver', 'system:kube-apiserver']

/** A server as the application will be, cut down to what TLS decides: 403 for a wrong name, else 200 with the identity. */
export interface TestServer {
  readonly server: Server
  readonly port: number
  /** Handshakes that succeeded. */
  handshakes(): number
}

export async function startServer(options: TlsOptions, connections?: ConnectionRegistry): Promise<TestServer> {
  let handshakes = 0
  const server = createServer({ keepAliveTimeout: 60_000, ...options }, (incoming, response) => {
    const { socket } = incoming
    if (!isTlsSocket(socket)) throw new TypeError('not a TLS connection')
    const identity = clientIdentity(socket)
    if (connections?.isStale(socket)) response.setHeader('Connection', 'close')
    response.statusCode = isAllowedClient(identity, ALLOWED) ? 200 : 403
    const finish = () =>
      response.end(JSON.stringify({ ...identity, protocol: socket.getProtocol(), resumed: socket.isSessionReused() }))
    // Long after whatever a test does meanwhile.
    if (incoming.url === '/slow') setTimeout(finish, 10_000).unref()
    else finish()
  })
  connections?.track(server)
  server.on('secureConnection', () => handshakes++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, handshakes: () => handshakes }
}

/** An answer, or the code and text of the error that came instead. */
export type Answer =
  | { readonly status: number; readonly body: string; readonly connection: string | undefined }
  | { readonly error: string }

export interface CallOptions
  extends Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'session' | 'ALPNProtocols'> {
  readonly ca: TestAuthority
  readonly pair?: KeyPairPem
  readonly agent?: Agent
  readonly path?: string
}

/** One GET over a connection of its own, unless an agent keeps one. */
export function call(port: number, { ca, pair, agent, path = '/', ...rest }: CallOptions): Promise<Answer> {
  return new Promise(resolve => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      agent: agent ?? false,
      ca: ca.certificatePem,
      ...(pair === undefined ? {} : { cert: pair.certificatePem, key: pair.privateKeyPem }),
      ...rest,
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve({ error: `${error.code}: ${error.message}` }))
    outgoing.on('response', response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body, connection: response.headers.connection }),
      )
    })
    outgoing.end()
  })
}

/** The status, or `undefined` when there was no answer at all. */
export function statusOf(answer: Answer): number | undefined {
  return 'status' in answer ? answer.status : undefined
}

/** Three files in a folder of their own. */
export function filesOf(pair: KeyPairPem, clientCa?: string): TlsFiles & { readonly folder: string } {
  const folder = temporaryFolder()
  writeFiles(folder, {
    'tls.crt': pair.certificatePem,
    'tls.key': pair.privateKeyPem,
    ...(clientCa === undefined ? {} : { 'ca.crt': clientCa }),
  })
  const base = { folder, certFile: `${folder}/tls.crt`, keyFile: `${folder}/tls.key` }
  return clientCa === undefined ? base : { ...base, clientCaFile: `${folder}/ca.crt` }
}

/** The material of files that must be good. */
export async function materialOf(files: TlsFiles): Promise<TlsMaterial> {
  const loaded = await loadTlsMaterial(files)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.material
}
