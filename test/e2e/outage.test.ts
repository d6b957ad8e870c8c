import { X509Certificate } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startBalancer } from './support/balancer.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import {
  type GatewayOptions,
  type GatewayProcess,
  rotateServingCertificate,
  servedCertificate,
  startGateway,
} from './support/gateway.ts'
import { startLoad } from './support/load.ts'
import { waitUntil } from './support/processes.ts'
import {
  dryRunCreate,
  podWith,
  type RegistrationOptions,
  registerGateway,
  unregisterGateway,
  WEBHOOK,
} from './support/webhooks.ts'

let plane: ControlPlane
const gateways: GatewayProcess[] = []

beforeAll(async () => {
  plane = await startControlPlane()
})

afterEach(async () => {
  await unregisterGateway(plane)
  for (const gateway of gateways.splice(0)) await gateway.stop('SIGKILL')
})

afterAll(async () => {
  await plane?.stop()
})

async function start(options: Pick<GatewayOptions, 'port' | 'drain'> = {}): Promise<GatewayProcess> {
  const gateway = await startGateway({ directory: plane.directory, authority: plane.webhookCa, ...options })
  gateways.push(gateway)
  return gateway
}

function register(port: number, options: Pick<RegistrationOptions, 'by' | 'change'> = {}): Promise<void> {
  return registerGateway(plane, { port, authority: plane.webhookCa, ...options })
}

test('while the gateway is down nothing is created; when it is up again, everything works without a hand', async () => {
  const gateway = await start()
  await register(gateway.port)
  expect(await dryRunCreate(plane, podWith())).toMatchObject({ status: 201 })
  expect(await gateway.stop('SIGTERM')).toBe(0)

  const { code, stderr } = await plane.kubectl(['create', '-f', '-'], { input: podWith() })
  expect(code).toBe(1)
  expect(stderr).toContain(`failed calling webhook "${WEBHOOK}": failed to call webhook: Post `)
  expect(stderr).toContain('connect: connection refused')

  await start({ port: gateway.port })
  expect(await dryRunCreate(plane, podWith())).toMatchObject({ status: 201 })
  expect(await dryRunCreate(plane, podWith({ path: '/' }))).toMatchObject({ status: 403 })
})

test('while the gateway hangs nothing is created; when it goes on, everything works without a hand', async () => {
  const gateway = await start()
  // As long as that, a gateway that goes on has time for its first answer, too.
  await register(gateway.port, { change: { timeoutSeconds: 3 } })
  gateway.process.signal('SIGSTOP')
  const answer = await dryRunCreate(plane, podWith())
  expect(answer.status).toBe(500)
  expect(answer.body).toContain('context deadline exceeded')
  gateway.process.signal('SIGCONT')
  expect(await dryRunCreate(plane, podWith())).toMatchObject({ status: 201 })
})

test('a rolling restart of two gateways behind one address fails no request', async () => {
  const balancer = await startBalancer()
  try {
    // Longer than the balancer may need to see that one is not ready any more.
    const startDraining = () => start({ drain: '3s' })
    const old = [await startDraining(), await startDraining()]
    for (const gateway of old) balancer.add(gateway)
    await register(balancer.port)
    const load = startLoad(plane)
    await waitUntil('the load runs', async () => load.sent() > 100)
    for (const gateway of old) {
      const next = await startDraining()
      balancer.add(next)
      await waitUntil('the balancer leads to the new one', async () => balancer.leadsTo(next))
      expect(await gateway.stop('SIGTERM')).toBe(0)
      balancer.remove(gateway)
    }
    const atEnd = load.sent()
    await waitUntil(
      'the load runs on, and reaches each of them',
      async () => load.sent() > Math.max(atEnd + 100, 400) && gateways.every(gateway => reviewsOf(gateway.log()) > 0),
    )
    expect((await load.stop()).failed).toEqual([])
  } finally {
    await balancer.stop()
  }
})

test('another serving certificate comes into force under load and fails no request', async () => {
  const gateway = await start()
  await register(gateway.port)
  const before = await servedCertificate(gateway)
  const load = startLoad(plane)
  await waitUntil('the load runs', async () => load.sent() > 100)
  const renewed = new X509Certificate(await rotateServingCertificate(gateway, plane.webhookCa)).toString()
  expect(renewed).not.toBe(before)
  const isServed = async () => (await servedCertificate(gateway)) === renewed
  await waitUntil('the new certificate is served', isServed)
  // More callers than there are connections: the API server opens new ones, which see the new certificate.
  const more = startLoad(plane, { parallel: 40, pauseMs: 0 })
  await waitUntil('the load runs on', async () => more.sent() > 200)
  for (const { failed } of [await more.stop(), await load.stop()]) expect(failed).toEqual([])
  expect(await gateway.metrics()).toMatch(/^portcullis_certificate_reloads_total\{result="loaded"\} 1$/m)
})

test('a registration by URL works, where the API server offers h2 as well', async () => {
  const gateway = await start()
  await register(gateway.port, { by: 'url' })
  const load = startLoad(plane)
  await waitUntil('the load runs', async () => load.sent() > 200)
  expect((await load.stop()).failed).toEqual([])
})

/** How many lines of a gateway's log are about a review. */
function reviewsOf(log: string): number {
  return log.split('\n').filter(line => line.includes('"uid"')).length
}
