import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { addressKey } from '../../src/server/connection.ts'
import { type ConnectionLimits, HEALTH_LIMITS } from '../../src/server/connection-limits.ts'
import { ConnectionRegistry } from '../../src/server/connections.ts'
import { boundedScrapes } from '../../src/server/health.ts'
import type { ClientAuth } from '../../src/server/tls.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { ask, ended, endedFor, open, openTcp, openTls, PATIENT, portOf } from '../support/hostile.ts'
import { plainPod, reviewOf } from '../support/reviews.ts'
import { head } from '../support/wire.ts'

const body = JSON.stringify(reviewOf(plainPod()))
const whole = head('/validate', { 'Content-Length': Buffer.byteLength(body) }) + body

async function start(limits: Partial<ConnectionLimits>, clientAuth: ClientAuth = 'observe', health = {}) {
  const gateway = await startTestGateway({
    clientAuth,
    limits: { admission: { ...PATIENT, ...limits }, health: { ...PATIENT, ...health } },
    stopGraceMs: 100,
  })
  onTestFinished(() => gateway.stop())
  return gateway
}

/** Asks on a connection that is open, and returns the first bytes of the answer. */
async function askOn(socket: Awaited<ReturnType<typeof openTls>>['tls']): Promise<string> {
  socket.write(whole)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  return answer.toString()
}

async function times<T>(count: number, work: () => Promise<T>): Promise<readonly T[]> {
  const made: T[] = []
  for (let i = 0; i < count; i++) made.push(await work())
  return made
}

test('B5 unfinished handshakes end the oldest of them, and never keep a client out', async () => {
  const gateway = await start({ handshakes: 5 }, 'require')
  const port = portOf(gateway, 'admission')
  const silent = await times(20, () => openTcp(port))
  const gone = silent.slice(0, 15).map(ended)
  await Promise.all(gone)
  expect(await open(gateway, 'admission', 'handshake')).toBe(5)
  const { tls } = await openTls(gateway, 'allowed')
  expect(await askOn(tls)).toMatch(/^HTTP\/1\.1 200 /)
  expect(await endedFor(gateway, 'admission', 'no-place')).toBe(16)
  for (const socket of silent) socket.destroy()
  await expect.poll(() => open(gateway, 'admission', 'handshake')).toBe(0)
})

test('B5 an address with more than its share loses its handshakes before others do', async () => {
  const gateway = await start({ handshakes: 10, addressShare: 3 }, 'require')
  const port = portOf(gateway, 'admission')
  const elsewhere = await times(2, () => openTcp(port, '127.0.0.9'))
  const flood = await times(30, () => openTcp(port, '127.0.0.2'))
  await Promise.all(flood.slice(0, 22).map(ended))
  expect(elsewhere.map(socket => socket.destroyed)).toEqual([false, false])
  expect(await open(gateway, 'admission', 'handshake')).toBe(10)
  for (const socket of [...elsewhere, ...flood]) socket.destroy()
})

for (const clientAuth of ['observe', 'none'] as const)
  test(`B5 ${clientAuth}: strangers never take the places of others for good: the idle ones go, oldest first`, async () => {
    const gateway = await start({ others: 8 }, clientAuth)
    const honest = await openTls(gateway, 'stranger')
    expect(await askOn(honest.tls)).toMatch(/^HTTP\/1\.1 200 /)
    const unused = await times(7, () => openTls(gateway, 'stranger'))
    expect(await open(gateway, 'admission', 'other')).toBe(8)
    // A connection that has asked outlives those that never did, and newcomers get in.
    const later = await times(5, () => openTls(gateway, 'stranger'))
    await Promise.all(unused.slice(0, 5).map(({ tls }) => ended(tls)))
    expect(await askOn(honest.tls)).toMatch(/^HTTP\/1\.1 200 /)
    for (const { tls } of later) expect(await askOn(tls)).toMatch(/^HTTP\/1\.1 200 /)
    expect((await ask(gateway, '/readyz')).status).toBe(200)
    for (const { tcp } of [honest, ...unused, ...later]) tcp.destroy()
  })

test('B5 clients with an allowed certificate have places of their own', async () => {
  const gateway = await start({ others: 2, allowed: 3, handshakes: 3 })
  const allowed = await times(3, () => openTls(gateway, 'allowed'))
  const strangers = await times(10, () => openTls(gateway, 'stranger'))
  for (const { tls } of allowed) expect(await askOn(tls)).toMatch(/^HTTP\/1\.1 200 /)
  expect(await open(gateway, 'admission', 'allowed')).toBe(3)
  expect(await open(gateway, 'admission', 'other')).toBe(2)
  for (const { tcp } of [...allowed, ...strangers]) tcp.destroy()
})

test('B5 when the places of allowed clients are used up, the next one is ended, readiness says so, liveness stays', async () => {
  const gateway = await start({ allowed: 2 }, 'require')
  const standing = await times(2, () => openTls(gateway, 'allowed'))
  const full = 'all 2 places for clients with an allowed certificate are taken: new ones are turned away'
  expect(await ask(gateway, '/readyz')).toEqual({ status: 503, text: `not ready:\n- ${full}\n` })
  expect(await ask(gateway, '/livez')).toEqual({ status: 200, text: 'ok\n' })
  const { tls: refused } = await openTls(gateway, 'allowed')
  await ended(refused)
  expect(await endedFor(gateway, 'admission', 'no-place')).toBe(1)
  for (const { tls } of standing) expect(await askOn(tls)).toMatch(/^HTTP\/1\.1 200 /)
  standing[0]?.tcp.destroy()
  await expect.poll(async () => (await ask(gateway, '/readyz')).status).toBe(200)
  standing[1]?.tcp.destroy()
})

test('B5 readiness says when the listener cannot accept, for ten seconds', () => {
  let clock = 0
  const connections = new ConnectionRegistry({ monotonic: () => clock })
  const listeners = new Map<string, (value: unknown) => void>()
  const on = (event: string, listener: (value: unknown) => void) => listeners.set(event, listener)
  const server = { on, prependListener: on, once: on } as unknown as Server
  connections.track(server)
  expect(connections.problems()).toEqual([])
  listeners.get('error')?.(Object.assign(new Error('accept'), { code: 'EMFILE' }))
  listeners.get('close')?.(undefined)
  expect(connections.problems()).toEqual(['the listener could not accept a connection (EMFILE)'])
  clock = 10_000
  expect(connections.problems()).toEqual([])
})

test('B5 a flood of the health listener ends its own connections, and a probe gets in', async () => {
  const gateway: TestGateway = await start({}, 'require', { others: 6, addressShare: 3 })
  const port = portOf(gateway, 'health')
  const scraper = await openTcp(port, '127.0.0.9')
  scraper.write('GET /livez HTTP/1.1\r\n\r\n')
  await once(scraper, 'data')
  for (const partial of ['', 'GET /re', 'POST /readyz HTTP/1.1\r\nContent-Length: 9\r\n\r\n']) {
    const flood = await times(20, async () => {
      const socket = await openTcp(port, '127.0.0.2')
      if (partial !== '') socket.write(partial)
      return socket
    })
    expect((await ask(gateway, '/readyz')).status).toBe(200)
    for (const socket of flood) socket.destroy()
  }
  scraper.write('GET /livez HTTP/1.1\r\n\r\n')
  expect(String(await once(scraper, 'data'))).toMatch(/^HTTP\/1\.1 200 /)
  scraper.destroy()
})

test('B5 bounds by address go by the first 64 bits of an IPv6 address', () => {
  const table = {
    '10.1.2.3': '10.1.2.3',
    '::ffff:10.1.2.3': '::ffff:10.1.2.3',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2',
    '2001:db8::1': '2001:db8:0:0',
    'fe80::1:2:3:4': 'fe80:0:0:0',
    '::1': '0:0:0:0',
    '2001:db8:1:2::': '2001:db8:1:2',
  }
  for (const [address, key] of Object.entries(table)) expect([address, addressKey(address)]).toEqual([address, key])
  expect(addressKey(undefined)).toBe('unknown')
})

test('B5 a request that is being judged is never ended for a newcomer, which is told of in words', async () => {
  const reasons: string[] = []
  const limits = { ...HEALTH_LIMITS, ...PATIENT, others: 1 }
  const connections = new ConnectionRegistry({ limits, onEnded: reason => reasons.push(reason) })
  const answers: ServerResponse[] = []
  const server = createServer((_request, response) => void answers.push(response))
  connections.track(server, false)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const asking = await openTcp(port)
  asking.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => answers.length).toBe(1)
  await ended(await openTcp(port))
  expect(reasons).toEqual(['no-place'])
  expect(connections.notes()).toEqual([
    'all 1 places for clients without an allowed certificate have a request in flight: new ones are turned away',
  ])
  expect(connections.problems()).toEqual([])
  answers[0]?.end('yes')
  expect(String(await once(asking, 'data'))).toContain('yes')
  asking.destroy()
  server.close()
})

test('B5 a flood of scrapes is answered with the last text: twenty a second are made anew', async () => {
  let clock = 0
  let made = 0
  const text = boundedScrapes(
    async () => `${++made}`,
    () => clock,
  )
  for (let i = 1; i <= 20; i++) expect(await text()).toBe(`${i}`)
  for (let i = 0; i < 1000; i++) expect(await text()).toBe('20')
  clock = 1000
  expect(await text()).toBe('21')
})
