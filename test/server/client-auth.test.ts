import { readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type SecureVersion } from 'node:tls'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeyPairPem } from '../../src/certs/issue.ts'
import { serve } from '../../src/cli/serve.ts'
import type { ClientAuth } from '../../src/server/tls.ts'
import {
  authority,
  clientPair,
  DAY_MS,
  serverPair,
  type TestAuthority,
  temporaryFolder,
  writeFiles,
} from '../support/certificates.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { hostPathPod, plainPod, reviewOf } from '../support/reviews.ts'
import { spawnServe } from '../support/serve-process.ts'
import { head, sample } from '../support/wire.ts'

const servingCa = authority('serving-ca')
const clientCa = authority('client-ca')

interface Called {
  /** 0 where there was no answer. */
  readonly status: number
  readonly body: string
  readonly error?: string
}

interface CallOptions {
  readonly pair?: KeyPairPem | undefined
  readonly version?: SecureVersion
  readonly agent?: Agent
  readonly ca?: TestAuthority
  readonly path?: string
}

/** Starts a gateway whose certificates a test chose, in a folder of the test's own. */
async function start(options: TestGatewayOptions = {}, folder = temporaryFolder()) {
  const pair = serverPair(servingCa)
  writeFiles(folder, {
    'tls.crt': pair.certificatePem,
    'tls.key': pair.privateKeyPem,
    'ca.crt': clientCa.certificatePem,
  })
  const tls = {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    clientCaFile: join(folder, 'ca.crt'),
  }
  return { gateway: await startTestGateway({ tls, ...options }), folder }
}

function call(
  { gateway }: TestGateway,
  { pair, version, agent, ca = servingCa, path = '/validate' }: CallOptions,
  body?: string,
): Promise<Called> {
  return new Promise(resolve => {
    const outgoing = httpsRequest(
      {
        host: '127.0.0.1',
        port: gateway.address.port,
        path,
        method: 'POST',
        agent: agent ?? false,
        ca: ca.certificatePem,
        ...(pair !== undefined && { cert: pair.certificatePem, key: pair.privateKeyPem }),
        ...(version !== undefined && { minVersion: version, maxVersion: version }),
      },
      incoming => {
        let text = ''
        incoming.on('data', chunk => {
          text += chunk
        })
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }))
        incoming.on('error', error => resolve({ status: 0, body: text, error: error.message }))
      },
    )
    outgoing.on('error', error => resolve({ status: 0, body: '', error: error.message }))
    outgoing.end(body ?? JSON.stringify(reviewOf(plainPod())))
  })
}

describe('P30 who may ask', () => {
  let gateway: TestGateway
  let folder: string
  beforeAll(async () => {
    const { mkdtemp } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    folder = await mkdtemp(join(tmpdir(), 'portcullis-test-'))
    gateway = (await start({ clientNames: ['kube-apiserver', 'apiserver.example'] }, folder)).gateway
  })
  afterAll(async () => {
    await gateway.stop()
    await (await import('node:fs/promises')).rm(folder, { recursive: true })
  })

  const versions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3']
  const other = authority('other-ca')
  const cases: readonly { readonly name: string; readonly pair: KeyPairPem | undefined; readonly status: number }[] = [
    { name: 'the right common name', pair: clientPair(clientCa), status: 200 },
    {
      name: 'the right alternative name',
      pair: clientPair(clientCa, 'x', { dns: ['apiserver.example'] }),
      status: 200,
    },
    {
      name: 'a kubelet of the same CA',
      pair: clientPair(clientCa, 'system:node:n1', { organization: 'system:nodes' }),
      status: 403,
    },
    { name: 'a name that only contains the right one', pair: clientPair(clientCa, 'kube-apiserver-2'), status: 403 },
    { name: 'the right name in another case', pair: clientPair(clientCa, 'Kube-Apiserver'), status: 403 },
    { name: 'no name at all', pair: clientPair(clientCa, 'x', { commonNames: [] }), status: 403 },
    { name: 'the right name of another CA', pair: clientPair(other), status: 0 },
    { name: 'no certificate', pair: undefined, status: 0 },
    {
      name: 'expired',
      pair: clientPair(clientCa, 'kube-apiserver', { notAfter: new Date(Date.now() - DAY_MS / 2) }),
      status: 0,
    },
    { name: 'for servers only', pair: clientPair(clientCa, 'kube-apiserver', { usage: 'server' }), status: 0 },
  ]
  for (const version of versions)
    for (const { name, pair, status } of cases)
      test(`P30 ${version}, ${name}: ${status === 0 ? 'no answer' : status}`, async () => {
        const called = await call(gateway, { pair, version })
        expect(called.status).toBe(status)
        if (status === 403)
          expect(called.body).toMatch(
            /^the client certificate of ".*" is not among the names that may ask \(--client-name\)\n$/,
          )
      })

  test('P30 a wrong name is refused before a byte of the body is read, on every path, and counted', async () => {
    const { certificatePem: cert, privateKeyPem: key } = clientPair(clientCa, 'mallory')
    const before = sample(await gateway.metrics(), 'portcullis_requests_total')
    for (const path of ['/validate', '/observe', '/mutate', '/nowhere']) {
      const { port } = gateway.gateway.address
      const socket = connect({ host: '127.0.0.1', port, ca: servingCa.certificatePem, cert, key })
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      // The body is announced and never sent.
      socket.write(head(path, { 'Content-Length': 1000 }))
      await new Promise(resolve => socket.on('close', resolve))
      expect(text).toMatch(/^HTTP\/1\.1 403 /)
      expect(text).toMatch(/^connection: close\r$/im)
    }
    const metrics = await gateway.metrics()
    expect(sample(metrics, 'portcullis_client_requests_total', { client: 'mallory', result: 'refused' })).toBe(4)
    expect(sample(metrics, 'portcullis_requests_total')).toBe(before)
  })
})

describe('P31 four ways to treat client certificates', () => {
  const mallory = clientPair(clientCa, 'mallory')
  const stranger = clientPair(authority('other-ca'))
  const statuses: Readonly<Record<ClientAuth, readonly number[]>> = {
    require: [200, 403, 0, 0],
    'when-ready': [200, 200, 200, 200],
    observe: [200, 200, 200, 200],
    none: [200, 200, 200, 200],
  }
  const observed = [
    ['kube-apiserver', 'admitted', 1],
    ['mallory', 'observed', 1],
    ['unverified', 'observed', 1],
    ['none', 'observed', 1],
  ] as const
  const counts: Readonly<Record<ClientAuth, readonly (readonly [string, string, number])[]>> = {
    require: [
      ['kube-apiserver', 'admitted', 1],
      ['mallory', 'refused', 1],
    ],
    'when-ready': observed,
    observe: observed,
    none: [['not asked', 'admitted', 4]],
  }
  for (const mode of ['require', 'when-ready', 'observe', 'none'] as const) {
    test(`P31 ${mode}`, async () => {
      const { gateway } = await start({ clientAuth: mode })
      const dangerous = JSON.stringify(reviewOf(hostPathPod()))
      const seen: number[] = []
      for (const pair of [clientPair(clientCa), mallory, stranger, undefined]) {
        const called = await call(gateway, { pair }, dangerous)
        seen.push(called.status)
        // Whoever asks, the verdict is the same.
        if (called.status === 200) expect(JSON.parse(called.body).response.allowed).toBe(false)
      }
      const metrics = await gateway.metrics()
      await gateway.stop()
      expect(seen).toEqual(statuses[mode])
      const lines = metrics.split('\n').filter(line => line.startsWith('portcullis_client_requests_total{'))
      const name = 'portcullis_client_requests_total'
      expect(lines).toEqual(
        counts[mode].map(([client, result, count]) => `${name}{client="${client}",result="${result}"} ${count}`),
      )
      expect(metrics).toContain(`portcullis_client_auth_info{mode="${mode}"} 1`)
    })
  }
  test('P31 when-ready demands a certificate from the moment on that it is told to, on connections that are open too', async () => {
    let isReady = false
    const { gateway } = await start({ clientAuth: 'when-ready', isClientAuthReady: () => isReady })
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: servingCa.certificatePem })
    const ask = async () => {
      const seen: number[] = []
      for (const pair of [clientPair(clientCa), mallory, stranger]) seen.push((await call(gateway, { pair })).status)
      return [...seen, (await call(gateway, { agent })).status]
    }
    expect(await ask()).toEqual([200, 200, 200, 200])
    expect(await gateway.metrics()).toContain('portcullis_client_auth_required 0')
    isReady = true
    expect(await ask()).toEqual([200, 403, 403, 403])
    expect(await gateway.metrics()).toContain('portcullis_client_auth_required 1')
    agent.destroy()
    await gateway.stop()
  })
  test('P31 names that clients make up cannot fill the metrics', async () => {
    const { gateway } = await start({ clientAuth: 'observe' })
    for (let i = 0; i < 60; i++) await call(gateway, { pair: clientPair(clientCa, `client-${i}`) })
    const metrics = await gateway.metrics()
    await gateway.stop()
    expect(metrics.match(/^portcullis_client_requests_total\{/gm)).toHaveLength(51)
    expect(sample(metrics, 'portcullis_client_requests_total', { client: 'other' })).toBe(10)
  })
  test('P31 require is the default of serve, and none warns', async () => {
    const help: string[] = []
    const io = { stdin: process.stdin, env: {}, cwd: '/', isTerminal: false, onStop: () => {}, stderr: () => {} }
    await serve.run(['--help'], { ...io, stdout: text => void help.push(text) })
    expect(help.join('')).toMatch(/--client-auth[\s\S]*?default: require/)
    const folder = temporaryFolder()
    const server = serverPair(servingCa)
    writeFiles(folder, { 'tls.crt': server.certificatePem, 'tls.key': server.privateKeyPem })
    const files = ['--tls-cert', join(folder, 'tls.crt'), '--tls-key', join(folder, 'tls.key')]
    const process_ = spawnServe([...files, '--client-auth', 'none'])
    await process_.ports
    expect(process_.stderr()).toContain('client certificates are not asked for: anyone who reaches this port may ask')
    // Whoever only observes need not have a CA yet.
    await spawnServe([...files, '--client-auth', 'observe']).ports
  })
})

test('P32 health, readiness and metrics have a listener of their own, which serves no admission path', async () => {
  const { gateway } = await start()
  const base = `http://127.0.0.1:${gateway.gateway.healthAddress.port}`
  for (const path of ['livez', 'readyz', 'metrics']) expect((await fetch(`${base}/${path}`)).status).toBe(200)
  const body = JSON.stringify(reviewOf(plainPod()))
  for (const path of ['', 'validate', 'observe', 'mutate', 'validate?timeout=1s'])
    expect((await fetch(`${base}/${path}`, { method: 'POST', body })).status).toBe(404)
  for (const path of ['/livez', '/readyz', '/metrics']) {
    expect(await call(gateway, { pair: clientPair(clientCa), path })).toMatchObject({ status: 404 })
  }
  await gateway.stop()
})

describe('P34 certificates are reloaded without a restart', () => {
  test('P34 a new pair is served, a broken one is not, counted and logged', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'info' }, { write: line => void lines.push(line) })
    const { gateway, folder } = await start({ logger })
    const pair = clientPair(clientCa)
    const nextCa = authority('next-ca')
    const next = serverPair(nextCa)
    const rsa = serverPair(nextCa, { key: 'rsa' })
    const reloads = async (result: string) =>
      sample(await gateway.metrics(), 'portcullis_certificate_reloads_total', { result })
    // An RSA key with an EC certificate: taken silently, every handshake would fail.
    writeFiles(folder, { 'tls.key': rsa.privateKeyPem })
    await expect.poll(() => reloads('failed')).toBe(1)
    expect((await call(gateway, { pair })).status).toBe(200)
    expect(lines.join('')).toContain('certificates not reloaded; the old ones stay in force')
    writeFiles(folder, { 'tls.crt': '-----BEGIN CERTIFICATE-----\nhalf', 'tls.key': next.privateKeyPem })
    await expect.poll(() => reloads('failed')).toBeGreaterThanOrEqual(2)
    expect((await call(gateway, { pair })).status).toBe(200)
    writeFiles(folder, { 'tls.crt': next.certificatePem, 'tls.key': next.privateKeyPem })
    await expect.poll(() => reloads('loaded')).toBe(1)
    expect((await call(gateway, { pair, ca: nextCa })).status).toBe(200)
    expect((await call(gateway, { pair })).status).toBe(0)
    // Every option was passed again.
    expect((await call(gateway, { pair: undefined, ca: nextCa })).status).toBe(0)
    expect((await call(gateway, { pair, ca: nextCa, version: 'TLSv1.1' })).status).toBe(0)
    await gateway.stop()
  })
})

test('P35 after a change of the client CA a kept-alive connection is no longer authorised', async () => {
  const { gateway, folder } = await start()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const pair = clientPair(clientCa)
  expect((await call(gateway, { pair, agent })).status).toBe(200)
  const nextCa = authority('next-client-ca')
  writeFiles(folder, { 'ca.crt': nextCa.certificatePem })
  await expect
    .poll(async () => sample(await gateway.metrics(), 'portcullis_certificate_reloads_total', { result: 'loaded' }))
    .toBe(1)
  expect((await call(gateway, { pair, agent })).status).toBe(0)
  expect((await call(gateway, { pair: clientPair(nextCa) })).status).toBe(200)
  agent.destroy()
  await gateway.stop()
})

test('P36 no call fails while serving pair and client CA are rotated under load, and the expiry is a gauge', async () => {
  const { gateway, folder } = await start({ maxConnectionAgeMs: 200 })
  const nextServing = authority('serving-ca')
  const nextClient = authority('client-ca')
  // As one rotates: first both are trusted, then the new ones are shown, then the old ones are gone.
  const both = { certificatePem: `${servingCa.certificatePem}${nextServing.certificatePem}` } as TestAuthority
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let pair = clientPair(clientCa)
  const failures: Called[] = []
  let calls = 0
  let isDone = false
  const callers = Array.from({ length: 8 }, async () => {
    while (!isDone) {
      const called = await call(gateway, { pair, agent, ca: both })
      calls++
      if (called.status !== 200 || !called.body.includes('"allowed":true')) failures.push(called)
    }
  })
  const loaded = async () =>
    sample(await gateway.metrics(), 'portcullis_certificate_reloads_total', { result: 'loaded' })
  const rotate = async (files: Readonly<Record<string, string>>, count: number) => {
    writeFiles(folder, files)
    await expect.poll(loaded, { timeout: 10_000 }).toBe(count)
    await sleep(150)
  }
  await sleep(150)
  await rotate({ 'ca.crt': `${clientCa.certificatePem}${nextClient.certificatePem}` }, 1)
  pair = clientPair(nextClient)
  const next = serverPair(nextServing, { notAfter: new Date(Date.now() + 9.5 * DAY_MS) })
  await rotate({ 'tls.crt': next.certificatePem, 'tls.key': next.privateKeyPem }, 2)
  // The old connections end by their age; then nobody shows the old client certificate any more.
  await sleep(500)
  await rotate({ 'ca.crt': nextClient.certificatePem }, 3)
  isDone = true
  await Promise.all(callers)
  agent.destroy()
  expect(failures).toEqual([])
  expect(calls).toBeGreaterThan(100)
  const metrics = await gateway.metrics()
  const daysLeft = (certificate: string) =>
    Math.floor(
      (sample(metrics, 'portcullis_certificate_expiry_timestamp_seconds', { certificate }) - Date.now() / 1000) /
        86_400,
    )
  expect(daysLeft('serving')).toBe(9)
  expect(daysLeft('client-ca')).toBe(29)
  await gateway.stop()
})

test('P39 a PEM file that is too large is refused by its size, whatever it holds', async () => {
  for (const file of ['tls.crt', 'tls.key', 'ca.crt']) {
    const folder = temporaryFolder()
    const { gateway } = await start({}, folder)
    const good = await readFile(join(folder, file), 'utf8')
    writeFiles(folder, { [file]: `${good}${'# padding\n'.repeat(500_000)}` })
    await expect
      .poll(async () => sample(await gateway.metrics(), 'portcullis_certificate_reloads_total', { result: 'failed' }))
      .toBe(1)
    expect((await call(gateway, { pair: clientPair(clientCa) })).status).toBe(200)
    await gateway.stop()
  }
})
