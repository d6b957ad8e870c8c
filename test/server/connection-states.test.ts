import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { ClientErrors } from '../../src/server/client-errors.ts'
import { ADMISSION_LIMITS, type ConnectionLimits } from '../../src/server/connection-limits.ts'
import { ConnectionRegistry } from '../../src/server/connections.ts'
import { authority, serverPair } from '../support/certificates.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import {
  clientHello,
  drip,
  ended,
  endedFor,
  type ListenerName,
  open,
  openTcp,
  openTls,
  PATIENT,
  portOf,
  reset,
} from '../support/hostile.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'
import { head } from '../support/wire.ts'

const SHORT = 150
const body = JSON.stringify(reviewOf(plainPod()))
const whole = head('/validate', { 'Content-Length': Buffer.byteLength(body) }) + body
const get = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'

/** Brings a connection into a state and leaves it there. */
type Enter = (gateway: TestGateway) => Promise<{ readonly socket: Socket; readonly tcp: Socket }>

interface State {
  readonly name: string
  readonly enter: Enter
  /** The only limit that is short. */
  readonly limit: keyof ConnectionLimits
  readonly reason: string
  /** What the client is told, unless it goes on writing: that may cost it the answer. */
  readonly told?: RegExp
}

type Write = (socket: Socket, tcp: Socket) => unknown
const inClear =
  (listener: ListenerName, write: Write = () => {}): Enter =>
  async gateway => {
    const socket = await openTcp(portOf(gateway, listener))
    await write(socket, socket)
    return { socket, tcp: socket }
  }
const inTls =
  (client: 'allowed' | 'stranger') =>
  (write: Write = () => {}): Enter =>
  async gateway => {
    const { tls, tcp } = await openTls(gateway, client)
    await write(tls, tcp)
    return { socket: tls, tcp }
  }
const known = inTls('allowed')
const stranger = inTls('stranger')
function* bytesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (const byte of bytes) yield Uint8Array.of(byte)
}
function* endless(begin: string): Generator<string> {
  yield begin
  yield* forever('x')
}
function* forever(text: string): Generator<string> {
  for (;;) yield text
}
/** Asks at once for more than all buffers on the way hold, and reads none of the answers. */
const unread = (socket: Socket) => {
  socket.pause()
  socket.write('GET /metrics HTTP/1.1\r\n\r\n'.repeat(1000))
}
const answered = (request: string, then: (socket: Socket) => unknown) => async (socket: Socket) => {
  socket.write(request)
  await once(socket, 'data')
  then(socket)
}
const LATE = /^HTTP\/1\.1 408 [\s\S]*connection: close\r\n\r\nthe request took too long to arrive\n$/i

const ADMISSION: readonly State[] = [
  {
    name: 'silent before the handshake',
    enter: inClear('admission'),
    limit: 'handshakeMs',
    reason: 'handshake-timeout',
  },
  {
    name: 'with half a ClientHello',
    enter: inClear('admission', async socket => socket.write((await clientHello()).subarray(0, 100))),
    limit: 'handshakeMs',
    reason: 'handshake-timeout',
  },
  {
    name: 'with a ClientHello that comes byte by byte',
    enter: inClear('admission', async socket => drip(socket, bytesOf(await clientHello()))),
    limit: 'handshakeMs',
    reason: 'handshake-timeout',
  },
  {
    name: 'in the middle of the handshake',
    enter: inClear('admission', async socket => {
      socket.write(await clientHello())
      await once(socket, 'data')
    }),
    limit: 'handshakeMs',
    reason: 'handshake-timeout',
  },
  { name: 'unused, without a certificate', enter: stranger(), limit: 'unusedMs', reason: 'unused' },
  { name: 'unused, with a certificate', enter: known(), limit: 'unusedAllowedMs', reason: 'unused' },
  {
    name: 'unused, with a TLS record that comes byte by byte',
    enter: stranger((_tls, tcp) => drip(tcp, bytesOf(Uint8Array.of(0x17, 3, 3, 0x20, 0, ...Buffer.alloc(5000))))),
    limit: 'unusedMs',
    reason: 'unused',
  },
  {
    name: 'in headers',
    enter: stranger(tls => tls.write('POST /validate HT')),
    limit: 'headersMs',
    reason: 'headers-timeout',
    told: LATE,
  },
  {
    name: 'in headers that come byte by byte',
    enter: known(socket => drip(socket, endless('POST /'))),
    limit: 'headersMs',
    reason: 'headers-timeout',
  },
  {
    name: 'with empty lines instead of a request',
    enter: stranger(tls => drip(tls, forever('\r\n'))),
    limit: 'headersMs',
    reason: 'headers-timeout',
  },
  {
    name: 'in a body',
    enter: stranger(tls => tls.write(whole.slice(0, -50))),
    limit: 'requestMs',
    reason: 'request-timeout',
    told: LATE,
  },
  {
    name: 'in a chunked body that comes byte by byte',
    enter: known(socket => {
      socket.write(head('/validate', { 'Transfer-Encoding': 'chunked' }))
      drip(socket, forever('1\r\nx\r\n'))
    }),
    limit: 'requestMs',
    reason: 'request-timeout',
  },
  {
    name: 'in a body that was let in with 100 Continue',
    enter: known(
      answered(head('/validate', { 'Content-Length': 1000, Expect: '100-continue' }), socket => socket.write('{')),
    ),
    limit: 'requestMs',
    reason: 'request-timeout',
    told: LATE,
  },
  { name: 'between requests', enter: stranger(answered(whole, () => {})), limit: 'keepAliveMs', reason: 'idle' },
  {
    name: 'between requests, with empty lines',
    enter: stranger(answered(whole, tls => drip(tls, forever('\r\n')))),
    limit: 'keepAliveMs',
    reason: 'idle',
  },
  {
    name: 'in the headers of a second request',
    enter: stranger(answered(whole, tls => tls.write('POST /val'))),
    limit: 'headersMs',
    reason: 'headers-timeout',
    told: LATE,
  },
]

const HEALTH: readonly State[] = [
  { name: 'silent', enter: inClear('health'), limit: 'unusedMs', reason: 'unused' },
  {
    name: 'in headers',
    enter: inClear('health', socket => socket.write('GET /read')),
    limit: 'headersMs',
    reason: 'headers-timeout',
    told: LATE,
  },
  {
    name: 'in headers that come byte by byte',
    enter: inClear('health', socket => drip(socket, endless('GET /'))),
    limit: 'headersMs',
    reason: 'headers-timeout',
  },
  {
    name: 'in a body that nobody wants',
    enter: inClear(
      'health',
      answered('GET /livez HTTP/1.1\r\nContent-Length: 1000\r\n\r\n', socket => drip(socket, forever('x'))),
    ),
    limit: 'requestMs',
    reason: 'request-timeout',
  },
  {
    name: 'between requests',
    enter: inClear(
      'health',
      answered(get, () => {}),
    ),
    limit: 'keepAliveMs',
    reason: 'idle',
  },
  {
    name: 'between requests, with empty lines',
    enter: inClear(
      'health',
      answered(get, socket => drip(socket, forever('\r\n'))),
    ),
    limit: 'keepAliveMs',
    reason: 'idle',
  },
  {
    name: 'in answers that are not read',
    enter: inClear('health', unread),
    limit: 'answerMs',
    reason: 'unread',
  },
  {
    name: 'in answers that are not read, half-closed',
    enter: inClear('health', socket => {
      unread(socket)
      socket.end()
    }),
    limit: 'answerMs',
    reason: 'unread',
  },
]

const LISTENERS = { admission: ADMISSION, health: HEALTH } as const

async function start(listener: ListenerName, limits: Partial<ConnectionLimits>): Promise<TestGateway> {
  const gateway = await startTestGateway({
    clientAuth: 'observe',
    limits: { [listener]: { ...PATIENT, ...limits } },
    stopGraceMs: 100,
  })
  onTestFinished(() => gateway.stop())
  return gateway
}

/** Waits until a listener has nothing open but the connection of the question. */
async function expectNothingOpen(gateway: TestGateway, listener: ListenerName): Promise<void> {
  await expect.poll(() => open(gateway, listener)).toBeLessThanOrEqual(listener === 'health' ? 1 : 0)
}

for (const listener of ['admission', 'health'] as const) {
  for (const { name, enter, limit, reason, told } of LISTENERS[listener]) {
    test(`B5 ${listener}: a connection ${name} is ended by ${limit}, for the reason ${reason}`, async () => {
      // Node swaps the two when headers have more time than the whole request.
      const gateway = await start(listener, { [limit]: SHORT, ...(limit === 'requestMs' && { headersMs: SHORT }) })
      const before = await endedFor(gateway, listener, reason)
      const { socket } = await enter(gateway)
      const said = reason === 'unread' ? undefined : ended(socket)
      await expect.poll(() => endedFor(gateway, listener, reason)).toBeGreaterThan(before)
      if (said === undefined) socket.resume()
      const text = said === undefined ? undefined : await said
      if (told !== undefined) expect(text?.slice(text.lastIndexOf('HTTP/1.1 '))).toMatch(told)
      socket.destroy()
      await expectNothingOpen(gateway, listener)
    })

    test(`B5 ${listener}: a connection ${name} leaves nothing behind when its client resets it`, async () => {
      const gateway = await start(listener, {})
      const { tcp } = await enter(gateway)
      reset(tcp)
      await expectNothingOpen(gateway, listener)
    })

    if (reason !== 'unread')
      test(`B5 ${listener}: a connection ${name} is ended when its client half-closes it`, async () => {
        const gateway = await start(listener, {})
        const { tcp } = await enter(gateway)
        tcp.end()
        await expectNothingOpen(gateway, listener)
      })

    test(`S1 ${listener}: a connection ${name} does not hold a gateway that stops`, async () => {
      const gateway = await start(listener, {})
      const { socket } = await enter(gateway)
      const gone = ended(socket)
      await gateway.gateway.stop()
      socket.resume()
      await gone
    })
  }
}

test('B5 admission: a connection that asks on and reads no answer is ended by itself', async () => {
  const gateway = await start('admission', {})
  const { tls } = await openTls(gateway, 'allowed')
  tls.pause()
  tls.write('GET /nowhere HTTP/1.1\r\n\r\n'.repeat(100_000))
  await expect.poll(() => endedFor(gateway, 'admission', 'unreadable')).toBe(1)
  await expectNothingOpen(gateway, 'admission')
})

test('B5 over TLS, a client that does not read its answer is ended by answerMs', async () => {
  const reasons: string[] = []
  const connections = new ConnectionRegistry({
    limits: { ...ADMISSION_LIMITS, ...PATIENT, answerMs: SHORT },
    onEnded: reason => reasons.push(reason),
  })
  const server = createServer(serverTls(), (_request, response) => response.end(Buffer.alloc(32 * 1024 * 1024)))
  connections.track(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tls = connect({ port: (server.address() as AddressInfo).port, rejectUnauthorized: false })
  tls.on('error', () => {})
  tls.pause()
  tls.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => reasons).toEqual(['unread'])
  await expect.poll(() => connections.size).toBe(0)
  tls.destroy()
  server.close()
})

function serverTls() {
  const { certificatePem: cert, privateKeyPem: key } = serverPair(authority('serving-ca'))
  return { cert, key }
}

test('B5 Node leaves a handshake that takes too long to the handler of client errors, which ends it', async () => {
  const connections = new ConnectionRegistry({ limits: { ...ADMISSION_LIMITS, ...PATIENT } })
  const errors = new ClientErrors(connections)
  const server = createServer({ ...serverTls(), handshakeTimeout: SHORT })
  server.on('clientError', (error, socket) => errors.handle(error, socket as Socket))
  connections.track(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const silent = await openTcp((server.address() as AddressInfo).port)
  await ended(silent)
  await expect.poll(() => connections.count('handshake')).toBe(0)
  server.close()
  await once(server, 'close')
})

test('B5 a request that is never answered is ended by judgeMs', async () => {
  const reasons: string[] = []
  const limits = { ...ADMISSION_LIMITS, ...PATIENT, judgeMs: SHORT }
  const connections = new ConnectionRegistry({ limits, onEnded: reason => reasons.push(reason) })
  const server = createServer(serverTls(), () => {})
  connections.track(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tls = connect({ port: (server.address() as AddressInfo).port, rejectUnauthorized: false })
  tls.on('error', () => {})
  tls.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await ended(tls)
  expect(reasons).toEqual(['stuck'])
  server.close()
})
