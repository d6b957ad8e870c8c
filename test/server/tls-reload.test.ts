import { once } from 'node:events'
import { Agent } from 'node:https'
import { connect, type TLSSocket, type TlsOptions } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CertificateProblems, describeCertificateProblem } from '../../src/certs/pem.ts'
import { ConnectionRegistry } from '../../src/server/connections.ts'
import { type ClientAuth, type TlsMaterial, tlsOptions, watchTls } from '../../src/server/tls.ts'
import {
  authority,
  clientPair,
  intermediate,
  renewed,
  serverPair,
  type TestAuthority,
  writeFiles,
} from '../support/certificates.ts'
import { type Answer, call, filesOf, materialOf, startServer, statusOf } from './tls-server.ts'

const servingCa = authority('serving-ca')
const firstServing = serverPair(servingCa)
const secondServing = serverPair(servingCa)
const oldCa = authority('old-ca')
const newCa = authority('new-ca')
const oldClient = clientPair(oldCa)
const newClient = clientPair(newCa)

/** A running server and a watch on its files that looks only when told to. */
async function startWatched(clientAuth: ClientAuth = 'require', options: { now?: () => Date } = {}) {
  const files = filesOf(firstServing, oldCa.certificatePem)
  const material = await materialOf(files)
  const connections = new ConnectionRegistry()
  const running = await startServer(tlsOptions(material, clientAuth), connections)
  const reloads: TlsMaterial[] = []
  const failures: CertificateProblems[] = []
  const { server } = running
  const watch = watchTls({
    ...{ server, files, material, clientAuth, connections, intervalMs: 3_600_000, ...options },
    onReload: loaded => void reloads.push(loaded),
    onReloadFailure: problems => void failures.push(problems),
  })
  onTestFinished(() => watch.stop())
  const write = (name: 'tls.crt' | 'tls.key' | 'ca.crt', content: string) =>
    writeFiles(files.folder, { [name]: content })
  const failureTexts = () =>
    failures.map(problems => problems.map(describeCertificateProblem).join('\n').replaceAll(files.folder, ''))
  return { ...running, files, connections, watch, write, reloads, failures, failureTexts }
}

/** The fingerprint of what the server presents. */
async function presented(port: number, pair = oldClient): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: servingCa.certificatePem,
    cert: pair.certificatePem,
    key: pair.privateKeyPem,
  })
  await once(socket, 'secureConnect')
  const certificate = socket.getPeerX509Certificate()
  socket.destroy()
  return certificate?.toString() ?? ''
}

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

const bundle = (...authorities: readonly TestAuthority[]) =>
  authorities.map(({ certificatePem }) => certificatePem).join('')

describe('P34 reload', () => {
  test('P34 a new pair is served without a restart; open connections stay', async () => {
    const { port, watch, write, reloads, failures, connections } = await startWatched()
    const agent = keepAlive()
    await call(port, { ca: servingCa, pair: oldClient, agent })
    expect(await presented(port)).toBe(firstServing.certificatePem)
    write('tls.crt', secondServing.certificatePem)
    write('tls.key', secondServing.privateKeyPem)
    await watch.check()
    expect(await presented(port)).toBe(secondServing.certificatePem)
    expect(reloads.map(({ certificates }) => certificates[0].toString())).toEqual([secondServing.certificatePem])
    expect(failures).toEqual([])
    const answer = await call(port, { ca: servingCa, pair: oldClient, agent })
    expect(answer).toMatchObject({ status: 200, connection: 'keep-alive' })
    expect(connections.size).toBe(1)
  })

  test('P34 files that stay as they are cause nothing', async () => {
    const { watch, write, reloads, failures } = await startWatched()
    await watch.check()
    write('tls.crt', firstServing.certificatePem)
    await watch.check()
    expect({ reloads, failures }).toEqual({ reloads: [], failures: [] })
  })

  test('P34 a bad pair keeps the old one', async () => {
    const { port, watch, write, reloads, failureTexts } = await startWatched()
    write('tls.crt', secondServing.certificatePem)
    await watch.check()
    expect(failureTexts()).toEqual([
      '/tls.key: the key (ec) does not belong to the certificate (EC prime256v1) in /tls.crt; ' +
        'use the key and the certificate that were issued together',
    ])
    expect(await presented(port)).toBe(firstServing.certificatePem)
    write('tls.key', secondServing.privateKeyPem)
    await watch.check()
    expect(await presented(port)).toBe(secondServing.certificatePem)
    expect(reloads).toHaveLength(1)
  })

  test('P34 an RSA key with an EC certificate is refused, and handshakes go on', async () => {
    const { port, watch, write, failureTexts } = await startWatched()
    write('tls.key', serverPair(servingCa, { key: 'rsa' }).privateKeyPem)
    await watch.check()
    expect(failureTexts()).toEqual([
      '/tls.key: the key (rsa) does not belong to the certificate (EC prime256v1) in /tls.crt; ' +
        'use the key and the certificate that were issued together',
    ])
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(statusOf(await call(port, { ca: servingCa, pair: oldClient, maxVersion }))).toBe(200)
    }
  })

  test.each([
    [
      'an expired certificate',
      { notAfter: new Date(Date.UTC(2024, 0, 1)), notBefore: new Date(Date.UTC(2023, 0, 1)) },
      'the certificate expired at 2024-01-01T00:00:00.000Z; issue a new one',
    ],
    [
      'a client certificate',
      { usage: 'client' },
      'the certificate is not for servers (extended key usage: clientAuth); issue it with the extended key usage serverAuth',
    ],
    [
      'a key that OpenSSL finds too short',
      { key: 'rsa1024' },
      'cannot be used for TLS (ERR_SSL_EE_KEY_TOO_SMALL); issue it with an EC key or RSA of 2048 bits or more',
    ],
  ] as const)('P34 %s keeps the old pair', async (_, overrides, text) => {
    const { port, watch, write, failureTexts } = await startWatched()
    const bad = serverPair(servingCa, overrides)
    write('tls.crt', bad.certificatePem)
    write('tls.key', bad.privateKeyPem)
    await watch.check()
    expect(failureTexts()).toEqual([`/tls.crt: ${text}`])
    expect(await presented(port)).toBe(firstServing.certificatePem)
  })

  test('P34 a client CA that cannot be read keeps the old one', async () => {
    const { port, watch, write, failureTexts } = await startWatched()
    write('ca.crt', '')
    await watch.check()
    expect(failureTexts()).toEqual(['/ca.crt: holds no certificate; it must hold a CERTIFICATE block'])
    expect(statusOf(await call(port, { ca: servingCa, pair: oldClient }))).toBe(200)
    expect(statusOf(await call(port, { ca: servingCa }))).toBeUndefined()
  })

  test('P34 a bad state is told once, and again when it comes back', async () => {
    let now = Date.now()
    const { watch, write, failures } = await startWatched('require', { now: () => new Date(now) })
    write('tls.crt', 'x')
    for (let i = 0; i < 5; i++) {
      await watch.check()
      now += 45_000 // past the time after which the same state is tried again
    }
    expect(failures).toHaveLength(1)
    write('tls.crt', 'y')
    for (let i = 0; i < 3; i++) await watch.check()
    expect(failures).toHaveLength(2)
    write('tls.crt', firstServing.certificatePem)
    await watch.check()
    write('tls.crt', 'y')
    await watch.check()
    expect(failures).toHaveLength(3)
  })

  test('P34 a certificate that is not valid yet is taken once it is', async () => {
    let now = new Date()
    const { port, watch, write, reloads, failureTexts } = await startWatched('require', { now: () => now })
    const start = new Date(Math.floor(now.getTime() / 1000) * 1000 + 600_000)
    const early = serverPair(servingCa, { notBefore: start })
    write('tls.crt', early.certificatePem)
    write('tls.key', early.privateKeyPem)
    await watch.check()
    expect(failureTexts()).toEqual([
      `/tls.crt: the certificate is not valid before ${start.toISOString()}; check the clock, or wait`,
    ])
    expect(await presented(port)).toBe(firstServing.certificatePem)
    now = new Date(start.getTime() + 1000)
    await watch.check()
    expect(reloads).toHaveLength(1)
  })

  test('P34 every option is passed again, minVersion too', async () => {
    const files = filesOf(firstServing, oldCa.certificatePem)
    const material = await materialOf(files)
    const seen: object[] = []
    const watch = watchTls({
      ...{ files, material, clientAuth: 'require', connections: new ConnectionRegistry() },
      server: { setSecureContext: options => void seen.push(options) },
    })
    onTestFinished(() => watch.stop())
    writeFiles(files.folder, { 'tls.crt': secondServing.certificatePem, 'tls.key': secondServing.privateKeyPem })
    await watch.check()
    const before: TlsOptions = tlsOptions(material, 'require')
    expect(seen).toEqual([{ ...before, cert: secondServing.certificatePem, key: secondServing.privateKeyPem }])
    expect(before).toMatchObject({
      minVersion: 'TLSv1.2',
      requestCert: true,
      rejectUnauthorized: true,
      ca: [oldCa.certificatePem],
    })
  })

  test('P34 minVersion, client CA and no tickets hold after a reload', async () => {
    const { port, watch, write } = await startWatched()
    write('tls.crt', secondServing.certificatePem)
    write('tls.key', secondServing.privateKeyPem)
    await watch.check()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    expect(await call(port, { ca: servingCa, pair: oldClient, ...old })).toMatchObject({
      error: expect.stringContaining('protocol version'),
    })
    expect(statusOf(await call(port, { ca: servingCa }))).toBeUndefined()
    expect(statusOf(await call(port, { ca: servingCa, pair: newClient }))).toBeUndefined()
    expect(await resume(port, await sessionOf(port, 'TLSv1.3'), 'TLSv1.3')).toMatchObject({ resumed: false })
  })

  test('P36 no request fails while pairs and client CAs are rotated under load', async () => {
    const { port, watch, write, reloads, failures } = await startWatched()
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    onTestFinished(() => agent.destroy())
    let running = true
    const answers: Answer[] = []
    const more = async () => {
      const before = answers.length
      await expect.poll(() => answers.length, { interval: 5 }).toBeGreaterThan(before + 8)
    }
    const clients = Array.from({ length: 8 }, async () => {
      while (running) answers.push(await call(port, { ca: servingCa, pair: oldClient, agent }))
    })
    for (let i = 0; i < 10; i++) {
      const next = i % 2 === 0 ? secondServing : firstServing
      write('tls.crt', next.certificatePem)
      write('tls.key', next.privateKeyPem)
      write('ca.crt', i % 2 === 0 ? bundle(oldCa, newCa) : bundle(oldCa))
      await watch.check()
      await more()
    }
    running = false
    await Promise.all(clients)
    expect({ reloads: reloads.length, failures }).toEqual({ reloads: 10, failures: [] })
    expect(answers.length).toBeGreaterThan(50)
    expect(answers.filter(answer => statusOf(answer) !== 200)).toEqual([])
  })
})

describe('P35 a change of the client CA', () => {
  test('P35 closes the connections of the old one at once, a request in flight too', async () => {
    const { port, watch, write, connections } = await startWatched()
    const [idle, busy] = [keepAlive(), keepAlive()]
    await call(port, { ca: servingCa, pair: oldClient, agent: idle })
    await call(port, { ca: servingCa, pair: oldClient, agent: busy })
    const inFlight = call(port, { ca: servingCa, pair: oldClient, agent: busy, path: '/slow' })
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(connections.size).toBe(2)
    write('ca.crt', newCa.certificatePem)
    await watch.check()
    expect(connections.size).toBe(0)
    expect(statusOf(await inFlight)).toBeUndefined()
    expect(statusOf(await call(port, { ca: servingCa, pair: oldClient }))).toBeUndefined()
    expect(statusOf(await call(port, { ca: servingCa, pair: newClient }))).toBe(200)
  })

  test.each([
    ['the old CA stays in the bundle', bundle(newCa, oldCa)],
    ['the old CA is renewed with the same key', bundle(renewed(oldCa))],
  ])('P35 keeps a connection that still verifies until its next answer: %s', async (_, clientCa) => {
    const { port, watch, write, connections } = await startWatched()
    const agent = keepAlive()
    expect(await call(port, { ca: servingCa, pair: oldClient, agent })).toMatchObject({ connection: 'keep-alive' })
    write('ca.crt', clientCa)
    await watch.check()
    expect(connections.size).toBe(1)
    expect(await call(port, { ca: servingCa, pair: oldClient, agent })).toMatchObject({
      status: 200,
      connection: 'close',
    })
    expect(await call(port, { ca: servingCa, pair: oldClient, agent })).toMatchObject({
      status: 200,
      connection: 'keep-alive',
    })
  })

  test('P35 a bundle in another order, or with a comment, is no change', async () => {
    const { port, watch, write, reloads } = await startWatched()
    write('ca.crt', bundle(oldCa, newCa))
    await watch.check()
    const agent = keepAlive()
    await call(port, { ca: servingCa, pair: oldClient, agent })
    write('ca.crt', `# both\n${bundle(newCa, oldCa, newCa)}`)
    await watch.check()
    expect(reloads).toHaveLength(2)
    expect(await call(port, { ca: servingCa, pair: oldClient, agent })).toMatchObject({ connection: 'keep-alive' })
  })

  test('P35 observe: those that were never verified are kept until their next answer', async () => {
    const { port, watch, write, connections } = await startWatched('observe')
    const agents = [keepAlive(), keepAlive(), keepAlive()]
    const pairs = [undefined, newClient, oldClient]
    const callAll = () =>
      Promise.all(agents.map((agent, i) => call(port, { ca: servingCa, agent, ...(pairs[i] && { pair: pairs[i] }) })))
    await callAll()
    write('ca.crt', newCa.certificatePem)
    await watch.check()
    expect(connections.size).toBe(2)
    // The third client has to see its connection close before it may take it up.
    await expect.poll(() => Object.keys(agents[2]?.freeSockets ?? {})).toEqual([])
    expect(
      (await callAll()).map(answer => 'body' in answer && [answer.connection, JSON.parse(answer.body).verified]),
    ).toEqual([
      ['close', false],
      ['close', false],
      ['keep-alive', false],
    ])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'P35 a session of the old client CA cannot be resumed: %s',
    async version => {
      const { port, watch, write } = await startWatched()
      const session = await sessionOf(port, version)
      expect(await resume(port, session, version)).toMatchObject({ status: 200, resumed: false })
      write('ca.crt', newCa.certificatePem)
      await watch.check()
      expect(await resume(port, session, version)).toMatchObject({ error: expect.any(String) })
    },
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'P35 with tickets it could be, hence there are none: %s',
    async version => {
      const options = tlsOptions(await materialOf(filesOf(firstServing, oldCa.certificatePem)), 'require')
      const careless = { ...options, secureOptions: 0, ticketKeys: Buffer.alloc(48, 7) }
      const { port, server } = await startServer(careless)
      const session = await sessionOf(port, version)
      server.setSecureContext({ ...careless, ca: [newCa.certificatePem] })
      expect(await resume(port, session, version)).toMatchObject({ status: 200, resumed: true, verified: true })
    },
  )

  test('P35 a client of a CA below the client CA is kept when a CA is added', async () => {
    const below = intermediate(oldCa)
    const own = clientPair(below)
    const pair = { ...own, certificatePem: own.certificatePem + below.certificatePem }
    const { port, watch, write, connections } = await startWatched()
    const agent = keepAlive()
    await call(port, { ca: servingCa, pair, agent })
    write('ca.crt', bundle(newCa, oldCa))
    await watch.check()
    expect(connections.size).toBe(1)
    expect(await call(port, { ca: servingCa, pair, agent })).toMatchObject({ status: 200, connection: 'close' })
    await call(port, { ca: servingCa, pair, agent })
    write('ca.crt', bundle(newCa, oldCa, below))
    await watch.check()
    write('ca.crt', bundle(oldCa, below))
    await watch.check()
    expect(connections.size).toBe(1)
    write('ca.crt', bundle(newCa, below))
    await watch.check()
    expect(connections.size).toBe(0)
  })

  test.each([
    ['refused when it has lost its trust', [newCa], { error: expect.any(String) }],
    ['stale when it has not', [oldCa, newCa], { status: 200, connection: 'close' }],
  ] as const)('P35 a handshake under way during the change is judged by the new CA: %s', async (_, trust, expected) => {
    const { port, server, connections } = await startWatched()
    // The old context lets the client in, and the change comes before anyone knows of the connection.
    server.prependOnceListener('secureConnection', () => {
      connections.revalidate(
        trust.map(({ certificate }) => certificate),
        [oldCa.certificate],
      )
    })
    expect(await call(port, { ca: servingCa, pair: oldClient, agent: keepAlive() })).toMatchObject(expected)
    expect(await call(port, { ca: servingCa, pair: oldClient, agent: keepAlive() })).toMatchObject({
      status: 200,
      connection: 'keep-alive',
    })
  })

  test('P34 P35 the timer finds the change by itself', async () => {
    const files = filesOf(firstServing, oldCa.certificatePem)
    const material = await materialOf(files)
    const server = await startServer(tlsOptions(material, 'require'))
    const reloaded = Promise.withResolvers<TlsMaterial>()
    const watch = watchTls({
      ...{ server: server.server, files, material, clientAuth: 'require', connections: new ConnectionRegistry() },
      ...{ intervalMs: 5, onReload: reloaded.resolve },
    })
    onTestFinished(() => watch.stop())
    writeFiles(files.folder, { 'ca.crt': newCa.certificatePem })
    expect((await reloaded.promise).trust.map(String)).toEqual([newCa.certificatePem])
  })
})

test('ageOf counts from the handshake; a closed connection is forgotten', async () => {
  let clock = 1000
  const connections = new ConnectionRegistry({ monotonic: () => clock, now: () => new Date() })
  const options = tlsOptions(await materialOf(filesOf(firstServing, oldCa.certificatePem)), 'require')
  const { port, server } = await startServer(options, connections)
  const accepted = once(server, 'secureConnection')
  const agent = keepAlive()
  await call(port, { ca: servingCa, pair: oldClient, agent })
  const [socket]: TLSSocket[] = await accepted
  if (socket === undefined) throw new Error('no connection')
  clock += 300_000
  expect(connections.ageOf(socket)).toBe(300_000)
  const closed = once(socket, 'close')
  agent.destroy()
  await closed
  expect([connections.size, connections.ageOf(socket), connections.isStale(socket)]).toEqual([0, 0, false])
})

/** A session that could be resumed: in TLS 1.3 it comes after the handshake. */
async function sessionOf(port: number, version: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer> {
  const socket = connect({
    ...{ host: '127.0.0.1', port, ca: servingCa.certificatePem, maxVersion: version },
    ...{ cert: oldClient.certificatePem, key: oldClient.privateKeyPem },
  })
  const session = once(socket, 'session')
  await once(socket, 'secureConnect')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  socket.resume()
  const [first]: Buffer[] = await session
  socket.destroy()
  if (first === undefined) throw new Error('no session')
  return first
}

async function resume(port: number, session: Buffer, version: 'TLSv1.2' | 'TLSv1.3') {
  const answer = await call(port, { ca: servingCa, pair: oldClient, session, maxVersion: version })
  return 'body' in answer ? { status: answer.status, ...JSON.parse(answer.body) } : answer
}
