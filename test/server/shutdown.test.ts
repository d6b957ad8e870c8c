import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request as httpsRequest } from 'node:https'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ensureDevelopmentCertificates } from '../../src/certs/development.ts'
import { CHECKS } from '../../src/checks/index.ts'
import type { Gateway } from '../../src/server/gateway.ts'
import { temporaryFolder } from '../support/certificates.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { burn, plainPod, policyFolder, reviewOf, testCheck } from '../support/reviews.ts'
import { spawnServe } from '../support/serve-process.ts'
import { head, openSocket, sample } from '../support/wire.ts'

const body = JSON.stringify(reviewOf(plainPod()))
const request = head('/validate', { 'Content-Length': Buffer.byteLength(body) }) + body

async function readiness({ healthAddress }: Gateway): Promise<number> {
  return (await fetch(`http://127.0.0.1:${healthAddress.port}/readyz`)).status
}

describe('S1 a gateway that is asked to stop', () => {
  test('S1 is not ready, goes on serving for the drain with Connection: close, and then closes', async () => {
    // All that is asked below has to fit into the drain.
    const gateway = await startTestGateway({ drainMs: 3000 })
    const kept = await openSocket(gateway)
    kept.write(request)
    expect(String(await once(kept, 'data'))).not.toMatch(/^connection: close/im)
    expect(await readiness(gateway.gateway)).toBe(200)
    const started = performance.now()
    const stopped = gateway.gateway.stop()
    expect(await readiness(gateway.gateway)).toBe(503)
    const ready = await fetch(`http://127.0.0.1:${gateway.gateway.healthAddress.port}/readyz`)
    expect(await ready.text()).toBe('not ready:\n- the gateway is shutting down\n')
    // Connections of before and new ones are answered, and each answer is the last on its connection.
    kept.write(request)
    expect(String(await once(kept, 'data'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*^connection: close/im)
    await sleep(300)
    const agent = new Agent({ keepAlive: true })
    for (const [path, status] of [
      ['/validate', 200],
      ['/observe', 200],
      ['/nowhere', 404],
    ] as const) {
      const sent = await gateway.send(path, body, { agent })
      expect([sent.status, sent.headers['connection']]).toEqual([status, 'close'])
    }
    await stopped
    expect(performance.now() - started).toBeGreaterThan(2990)
    await expect(gateway.send('/validate', body)).rejects.toThrow('ECONNREFUSED')
    await gateway.stop().catch(() => {})
  })

  test('S1 does not wait for connections that never carried a request', async () => {
    const gateway = await startTestGateway()
    const silent = await openSocket(gateway)
    const ended = once(silent, 'close')
    silent.resume()
    const started = performance.now()
    await gateway.gateway.stop()
    await ended
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('S1 finishes what is in flight', async () => {
    const slow = testCheck('slow', () => {
      burn(30)
      return { findings: [] }
    })
    const gateway = await startTestGateway({
      checks: [...CHECKS, slow],
      policies: policyFolder({ name: 'slow', check: 'slow' }),
    })
    // Half of each request is there when the gateway closes; the other half comes later, on sockets that stand.
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(gateway)))
    for (const socket of sockets) socket.write(request.slice(0, -20))
    await expect.poll(async () => sample(await gateway.metrics(), 'portcullis_in_flight_requests')).toBe(5)
    const answers = sockets.map(async socket => String(await once(socket, 'data')))
    const stopped = gateway.stop()
    await sleep(200)
    for (const socket of sockets) socket.write(request.slice(-20))
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer).toContain('"allowed":true')
      expect(answer).toMatch(/^connection: close/im)
    }
    await stopped
  })

  test('S1 SIGTERM ends serve with exit code 0', async () => {
    const made = await ensureDevelopmentCertificates(temporaryFolder(), new Date())
    if (!made.ok) throw new Error('no certificates')
    const { certFile, keyFile, caFile, clientCertFile, clientKeyFile } = made.value.files
    const serve = spawnServe(['--tls-cert', certFile, '--tls-key', keyFile, '--client-ca', caFile, '--drain', '3s'])
    const { admission, health } = await serve.ports
    const [ca, cert, key] = [caFile, clientCertFile, clientKeyFile].map(file => readFileSync(file))
    const agent = new Agent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) })
    expect(await post(admission, agent)).toMatchObject({ status: 200 })
    const started = performance.now()
    serve.child.kill('SIGTERM')
    await expect.poll(async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).status).toBe(503)
    expect(await post(admission, agent)).toMatchObject({ status: 200, connection: 'close' })
    expect(await serve.exitCode).toBe(0)
    // The drain, and no more than there was room for without it.
    expect(performance.now() - started).toBeLessThan(3000 + 4500)
    agent.destroy()
  })
})

interface Posted {
  readonly status: number
  readonly connection: string | undefined
  readonly body: string
}

function post(port: number, agent: Agent): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      { host: '127.0.0.1', port, path: '/validate?timeout=10s', method: 'POST', agent },
      incoming => {
        let text = ''
        incoming.on('data', chunk => {
          text += chunk
        })
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, connection: incoming.headers.connection, body: text }),
        )
        incoming.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** One address for whichever gateways are ready, as a Service is: each new connection goes to the next of them. */
async function startBalancer(ready: readonly number[]) {
  let turn = 0
  const pipes = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, socket => {
    const port = ready[turn++ % ready.length] ?? 0
    const upstream = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true })
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      pipes.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        pipes.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of pipes) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

test('S3 ten rolling restarts under load: 10,000 calls of clients that repeat none, 0 failed', {
  timeout: 240_000,
}, async () => {
  const folder = temporaryFolder()
  const made = await ensureDevelopmentCertificates(folder, new Date())
  if (!made.ok) throw new Error('no certificates')
  const { certFile, keyFile, caFile, clientCertFile, clientKeyFile } = made.value.files
  const start = () =>
    startTestGateway({ tls: { certFile, keyFile, clientCaFile: caFile }, drainMs: 1000, maxConnectionAgeMs: 700 })
  let gateways: TestGateway[] = [await start(), await start()]
  const ready = gateways.map(({ gateway }) => gateway.address.port)
  const port = await startBalancer(ready)
  const [ca, cert, key] = [caFile, clientCertFile, clientKeyFile].map(file => readFileSync(file, 'utf8'))
  const agent = new Agent({ keepAlive: true, maxSockets: 20, ca, cert, key } as ConstructorParameters<typeof Agent>[0])
  const failures: unknown[] = []
  let calls = 0
  let isRestarting = true
  const callers = Array.from({ length: 12 }, async (_, i) => {
    while (isRestarting || calls < 10_000) {
      calls++
      const posted = await post(port, agent).catch((error: unknown) => error)
      if (!(posted as Posted)?.body?.includes('"allowed":true')) failures.push(posted)
      // Some clients call all the time, others leave their connections idle in between.
      if (i % 3 === 0) await sleep(i * 3)
    }
  })
  for (let restart = 0; restart < 10; restart++) {
    const next = await start()
    ready.push(next.gateway.address.port)
    // The endpoint is taken out as the pod is asked to stop; for a moment both are true.
    const [old, ...rest] = gateways
    gateways = [...rest, next]
    const stopped = old?.stop()
    await sleep(50)
    ready.shift()
    await stopped
  }
  isRestarting = false
  await Promise.all(callers)
  agent.destroy()
  await Promise.all(gateways.map(gateway => gateway.stop()))
  expect(failures).toEqual([])
  expect(calls).toBeGreaterThanOrEqual(10_000)
})

test('S4 a connection that is too old ends with an answer, never while it is idle', async () => {
  const gateway = await startTestGateway({ maxConnectionAgeMs: 2000 })
  const socket = await openSocket(gateway)
  let isClosed = false
  socket.on('close', () => {
    isClosed = true
  })
  const ask = async () => {
    socket.write(request)
    return String(await once(socket, 'data'))
  }
  expect(await ask()).not.toMatch(/^connection: close/im)
  await sleep(2200)
  // Past its age, idle: it stands, because a call may be on its way.
  expect(isClosed).toBe(false)
  expect(await ask()).toMatch(/^HTTP\/1\.1 200 [\s\S]*^connection: close/im)
  await expect.poll(() => isClosed).toBe(true)
  await gateway.stop()
})

test('S4 five minutes is the default', async () => {
  const { serve } = await import('../../src/cli/serve.ts')
  const help: string[] = []
  const io = { stdin: process.stdin, env: {}, cwd: join('/'), isTerminal: false, onStop: () => {}, stderr: () => {} }
  await serve.run(['--help'], { ...io, stdout: text => void help.push(text) })
  expect(help.join('')).toMatch(/--max-connection-age[\s\S]*?default: 5m/)
})
