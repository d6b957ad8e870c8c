import type { Socket } from 'node:net'
import {
  clientHello,
  drip,
  type ListenerName,
  openTcp,
  openTls,
  portOf,
  reset,
  type Target,
} from '../support/hostile.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'
import { head } from '../support/wire.ts'

/** Opens one hostile connection from an address, and returns it. */
export type Kind = (target: Target, address: string) => Promise<Socket>

const body = JSON.stringify(reviewOf(plainPod()))
const whole = head('/validate', { 'Content-Length': Buffer.byteLength(body) }) + body
const hello = await clientHello()

const tcp =
  (listener: ListenerName, write: (socket: Socket) => unknown = () => {}): Kind =>
  async (target, address) => {
    const socket = await openTcp(portOf(target, listener), address)
    write(socket)
    return socket
  }
const tls =
  (write: (socket: Socket, below: Socket) => unknown = () => {}): Kind =>
  async (target, address) => {
    const { tls: socket, tcp: below } = await openTls(target, 'stranger', address)
    write(socket, below)
    return socket
  }
function* bytes(text: Uint8Array): Generator<Uint8Array> {
  for (const byte of text) yield Uint8Array.of(byte)
}
function* parts(begin: string, then: string): Generator<string> {
  yield begin
  for (;;) yield then
}
const unread = (request: string) => (socket: Socket) => {
  socket.pause()
  socket.write(request.repeat(1000))
}
const chunked = head('/validate', { 'Transfer-Encoding': 'chunked' })

/** Every state that a stranger can bring a connection into, by name. */
export const KINDS: Readonly<Record<string, Kind>> = {
  silent: tcp('admission'),
  'half a ClientHello': tcp('admission', socket => socket.write(hello.subarray(0, 90))),
  'ClientHello byte by byte': tcp('admission', socket => drip(socket, bytes(hello))),
  'no answer to ServerHello': tcp('admission', socket => socket.write(hello)),
  'ClientHello and FIN': tcp('admission', socket => socket.end(hello)),
  'FIN at once': tcp('admission', socket => socket.end()),
  'RST in the handshake': tcp('admission', socket => {
    socket.write(hello)
    reset(socket)
  }),
  'plain HTTP': tcp('admission', socket => socket.write(whole)),
  'a TLS alert': tcp('admission', socket => socket.write(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 40))),
  garbage: tcp('admission', socket => socket.write(Buffer.alloc(5000, 0xff))),
  unused: tls(),
  'a TLS record byte by byte': tls((_socket, below) =>
    drip(below, bytes(Uint8Array.of(0x17, 3, 3, 0x20, 0, ...Buffer.alloc(5000)))),
  ),
  'headers byte by byte': tls(socket => drip(socket, parts('POST /', 'x'))),
  'empty lines': tls(socket => drip(socket, parts('\r\n', '\r\n'))),
  'half a body': tls(socket => socket.write(whole.slice(0, -30))),
  'a body byte by byte': tls(socket => drip(socket, parts(chunked, '1\r\nx\r\n'))),
  'idle after an answer': tls(socket => socket.write(whole)),
  'empty lines after an answer': tls(socket => drip(socket, parts(whole, '\r\n'))),
  'answers unread': tls(unread('GET /nowhere HTTP/1.1\r\n\r\n')),
  'half-closed in a body': tls(socket => socket.end(whole.slice(0, -30))),
  'RST in a body': tls((socket, below) => {
    socket.write(whole.slice(0, -30))
    setTimeout(() => reset(below), 50)
  }),
  'health: silent': tcp('health'),
  'health: headers byte by byte': tcp('health', socket => drip(socket, parts('GET /', 'x'))),
  'health: large headers': tcp('health', socket => socket.write(`GET / HTTP/1.1\r\nX: ${'x'.repeat(15_000)}`)),
  'health: half a body': tcp('health', socket => socket.write('POST /livez HTTP/1.1\r\nContent-Length: 9\r\n\r\nx')),
  'health: a body unasked for': tcp('health', socket =>
    socket.write('GET /livez HTTP/1.1\r\nContent-Length: 9\r\n\r\n'),
  ),
  'health: idle': tcp('health', socket => socket.write('GET /livez HTTP/1.1\r\n\r\n')),
  'health: answers unread': tcp('health', unread('GET /readyz HTTP/1.1\r\n\r\n')),
  'health: FIN at once': tcp('health', socket => socket.end('GET')),
  'health: RST': tcp('health', socket => {
    socket.write('GET /metrics HTTP/1.1\r\n\r\n')
    reset(socket)
  }),
}
