import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { ConnectionLimits } from '../../src/server/connection-limits.ts'
import type { TestGateway } from './gateway.ts'
import { sample } from './wire.ts'

/** The two listeners of a gateway. */
export type ListenerName = 'admission' | 'health'

/** Looks often, and nothing is limited in time but what a test chooses. */
export const PATIENT: Partial<ConnectionLimits> = {
  handshakeMs: 120_000,
  unusedMs: 120_000,
  unusedAllowedMs: 120_000,
  headersMs: 100_000,
  requestMs: 110_000,
  judgeMs: 120_000,
  answerMs: 120_000,
  keepAliveMs: 120_000,
  endMs: 120_000,
  sweepMs: 20,
}

/** What is attacked: a gateway in this process or in another. */
export interface Target {
  readonly gateway: {
    readonly address: { readonly port: number }
    readonly healthAddress: { readonly port: number }
  }
  readonly certificates: TestGateway['certificates']
}

/** The port of a listener. */
export function portOf({ gateway }: Target, listener: ListenerName): number {
  return (listener === 'admission' ? gateway.address : gateway.healthAddress).port
}

/** A TCP connection that is there; errors of it are its end, not the test's. */
export async function openTcp(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** A TLS connection, and the TCP connection below it. */
export interface Opened {
  readonly tls: TLSSocket
  readonly tcp: Socket
}

/** A TLS connection with the API server's certificate or without any. */
export async function openTls(gateway: Target, client: 'allowed' | 'stranger', localAddress?: string): Promise<Opened> {
  const tcp = await openTcp(portOf(gateway, 'admission'), localAddress)
  const { ca, cert, key } = gateway.certificates
  const tls = connectTls({ socket: tcp, servername: 'localhost', ca, ...(client === 'allowed' && { cert, key }) })
  tls.on('error', () => tls.destroy())
  await once(tls, 'secureConnect')
  return { tls, tcp }
}

/** Resolves once the other side has ended a connection, whatever it said before. */
export async function ended(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  // Not `once` of node:events, which fails at the error that an end may be.
  if (!socket.destroyed) await new Promise<void>(resolve => socket.once('close', () => resolve()))
  return text
}

/** Resets a TCP connection, whatever still waits to be written. */
export function reset(socket: Socket): void {
  socket.resetAndDestroy()
  socket.destroy()
}

/** The first flight of a real TLS client. */
export async function clientHello(): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connectTls({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername: 'localhost',
  })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return hello
}

/** Writes one part after another with a pause in between, until the connection ends. */
export function drip(socket: Pick<Socket, 'write' | 'once' | 'writable'>, parts: Iterable<string | Uint8Array>): void {
  const iterator = parts[Symbol.iterator]()
  const timer = setInterval(() => {
    const { value, done } = iterator.next()
    if (done || !socket.writable) clearInterval(timer)
    else socket.write(value)
  }, 10)
  socket.once('close', () => clearInterval(timer))
}

/** One GET on the health listener, over a connection of its own that ends with the answer. */
export function ask({ gateway }: Target, path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port: gateway.healthAddress.port, host: '127.0.0.1', path, agent: false }, incoming => {
      let text = ''
      incoming.on('data', chunk => {
        text += chunk
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
      incoming.on('error', reject)
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** How many connections a listener has open, by kind; that of the question itself is one of `health`. */
export async function open(gateway: Target, listener: ListenerName, kind?: string): Promise<number> {
  const labels = { listener, ...(kind !== undefined && { kind }) }
  return sample((await ask(gateway, '/metrics')).text, 'portcullis_connections', labels)
}

/** How many connections a listener ended for a reason. */
export async function endedFor(gateway: Target, listener: ListenerName, reason: string): Promise<number> {
  return sample((await ask(gateway, '/metrics')).text, 'portcullis_connections_ended_total', { listener, reason })
}
