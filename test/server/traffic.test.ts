import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import { bareFacts, type ReviewFacts } from '../../src/review/facts.ts'
import { createTrafficMetrics } from '../../src/server/traffic/metrics.ts'
import { TrafficRecorder } from '../../src/server/traffic/recorder.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { injectionFolder } from '../support/injection.ts'
import { hostPathPod, plainPod, reviewOf } from '../support/reviews.ts'
import { sample } from '../support/wire.ts'

const running: TestGateway[] = []
const folders: string[] = []
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-traffic-'))
  folders.push(folder)
  return join(folder, 'reviews.ndjson')
}

async function start(
  traffic: { sample?: number; maxSize?: number; file?: string } = {},
  more: TestGatewayOptions = {},
) {
  const file = traffic.file ?? newFile()
  const gateway = await startTestGateway({
    ...more,
    traffic: { sample: 1, maxSize: 64 * 1024 * 1024, ...traffic, file },
  })
  running.push(gateway)
  const count = async (result: string) =>
    sample(await gateway.metrics(), 'portcullis_traffic_recorded_total', { result })
  return { gateway, file, count }
}

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown> & { request: { uid: string; object: unknown } })

const until = (isTrue: () => Promise<boolean>) => expect.poll(isTrue).toBe(true)

describe('a gateway that records', () => {
  it('keeps what was asked and answered, a line each, which can be asked again with the same answer', async () => {
    const injections = injectionFolder({ side: { containers: [{ name: 'side', image: 'side' }] } })
    const { gateway, file, count } = await start({}, { injections, namespaces: { shop: { ring: 'canary' } } })
    await gateway.ask('/validate', reviewOf(hostPathPod(), { uid: 'u1' }))
    await gateway.ask('/mutate', reviewOf(plainPod(), { uid: 'u2' }))
    await gateway.ask('/observe/all', reviewOf(plainPod(), { uid: 'u3', namespace: 'other' }))
    await until(async () => (await count('recorded')) === 3)
    const lines = linesOf(file)
    expect(lines.map(({ endpoint, answer, code, request: { uid } }) => [endpoint, answer, code, uid])).toEqual([
      ['validate', 'denied', 403, 'u1'],
      ['mutate', 'patched', 200, 'u2'],
      ['observe/all', 'allowed', 200, 'u3'],
    ])
    expect(lines.map(({ namespaceLabels }) => namespaceLabels)).toEqual([
      { ring: 'canary' },
      { ring: 'canary' },
      undefined,
    ])
    for (const { time } of lines) expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(60_000)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const [first] = lines
    const again = await gateway.ask('/validate', first)
    expect(again.response).toMatchObject({ uid: 'u1', allowed: false })
  })

  it('keeps no Secret, nor what is too large', async () => {
    const { gateway, file, count } = await start()
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data: { a: 'aHVudGVyMg==' } }
    await gateway.ask('/observe', reviewOf(secret, { kind: 'Secret', resource: 'secrets' }))
    await gateway.ask('/validate', reviewOf({ ...plainPod(), filler: 'x'.repeat(1024 * 1024) }))
    await until(async () => (await count('dropped')) === 2)
    expect(existsSync(file)).toBe(false)
  })

  it('keeps a share by the uid: the same review on another replica has the same fate', async () => {
    const uids = Array.from({ length: 60 }, (_, index) => `uid-${index}`)
    const one = await start({ sample: 0.5 })
    const other = await start({ sample: 0.5 })
    for (const { gateway, count } of [one, other]) {
      for (const uid of uids) await gateway.ask('/observe', reviewOf(plainPod(), { uid }))
      await until(async () => (await count('recorded')) + (await count('sampled-out')) === 60)
      expect(await count('sampled-out')).toBeGreaterThan(10)
      expect(await count('recorded')).toBeGreaterThan(10)
    }
    const kept = (file: string) => linesOf(file).map(({ request }) => request.uid)
    expect(kept(one.file)).toEqual(kept(other.file))
  })

  it('answers all the same where nothing can be written, and says so once', async () => {
    const written: string[] = []
    const logger = pino({ level: 'error' }, { write: text => void written.push(text) })
    const { gateway, count } = await start({ file: '/nowhere/at/all/reviews.ndjson' }, { logger })
    for (let index = 0; index < 5; index++) {
      expect((await gateway.ask('/validate', reviewOf(plainPod()))).response.allowed).toBe(true)
    }
    await until(async () => (await count('failed')) === 5)
    const lines = written.filter(text => text.includes('could not be recorded'))
    expect(lines.length).toBe(1)
    expect(lines[0]).toContain('ENOENT')
  })

  it('writes what is waiting before it ends', async () => {
    const { gateway, file } = await start()
    await Promise.all(Array.from({ length: 50 }, () => gateway.ask('/observe', reviewOf(plainPod()))))
    await gateway.stop()
    running.splice(0)
    expect(linesOf(file).length).toBe(50)
  })

  it('does not keep the questions of the heartbeat', async () => {
    const { gateway, file, count } = await start()
    await gateway.ask('/validate', reviewOf(hostPathPod(), { dryRun: true, namespace: 'portcullis-probe' }))
    await gateway.ask('/validate', reviewOf(hostPathPod(), { uid: 'u1' }))
    await until(async () => (await count('recorded')) === 1)
    expect(linesOf(file).map(({ request }) => request.uid)).toEqual(['u1'])
  })
})

it('a gateway that does not record has no such metric', async () => {
  const gateway = await startTestGateway()
  running.push(gateway)
  await gateway.ask('/validate', reviewOf(plainPod()))
  expect(await gateway.metrics()).not.toContain('portcullis_traffic')
})

it('what the disk does not take in time is dropped, and never waits in more than 8 MiB', async () => {
  const registry = new Registry()
  const recorder = new TrafficRecorder(
    { file: newFile(), maxSize: 64 * 1024 * 1024, sample: 1 },
    {
      metrics: createTrafficMetrics(registry),
      logger: { error: () => {} },
      namespaces: () => ({}),
      now: () => 0,
      monotonic: () => performance.now(),
    },
  )
  const body = Buffer.from(JSON.stringify(reviewOf({ ...plainPod(), filler: 'x'.repeat(1000 * 1024) })))
  const facts: ReviewFacts = bareFacts('validate', 'allowed', 200, '')
  // Nothing is told of what the thread did before this turn of the event loop ends.
  for (let index = 0; index < 20; index++) recorder.record({ endpoint: 'validate', body, facts })
  const counted = async (result: string) =>
    sample(await registry.metrics(), 'portcullis_traffic_recorded_total', { result })
  expect(await counted('dropped')).toBe(20 - Math.floor((8 * 1024 * 1024) / body.length))
  await recorder.close()
  expect((await counted('dropped')) + (await counted('recorded'))).toBe(20)
})
