import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import { loadSet } from '../../src/policy/set.ts'
import { ENDPOINTS } from '../../src/review/path.ts'
import { Capacity } from '../../src/server/capacity.ts'
import { LargeReviews } from '../../src/server/large-reviews.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import {
  heavyReview,
  hostPathPod,
  plainPod,
  policyFolder,
  policyText,
  reviewOf,
  testCheck,
} from '../support/reviews.ts'
import { exchange, head, openSocket, readAnswer, sample } from '../support/wire.ts'

const MIB = 1024 * 1024
const largePod = (mebibytes: number, path = '/') => hostPathPod(path, {}, ['x'.repeat(mebibytes * MIB)])

describe('B6 large bodies have a thread of their own', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway()
  })
  afterAll(() => gateway.stop())

  test('B6 while one is judged, others are answered', async () => {
    let isJudged = false
    const heavy = gateway.ask('/validate', heavyReview(8)).then(({ response }) => {
      isJudged = true
      return response
    })
    let others = 0
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    while (!isJudged) {
      const { response } = await gateway.ask('/validate', reviewOf(plainPod()), { agent })
      if (!isJudged && response.allowed) others++
    }
    // Eight MiB of empty objects keep a thread busy for half a second; a pod takes milliseconds.
    expect(others).toBeGreaterThan(20)
    expect(await heavy).toMatchObject({ allowed: false, status: { code: 403 } })
  })
  test('B6 the verdict is the same on both sides of the border', async () => {
    for (const path of ['/', '/data/shop'])
      for (const mebibytes of [0.9, 1.1]) {
        const { response } = await gateway.ask('/validate', reviewOf(largePod(mebibytes, path)))
        expect(response.allowed).toBe(path !== '/')
        expect(response.auditAnnotations?.['policy-set']).toBe(gateway.gateway.policySetHash())
      }
  })
  test('B6 more than 64 MiB at once are not kept, and come in all the same', async () => {
    // Two that are still arriving hold 30 MiB each; what they hold is counted before anything is judged.
    const body = Buffer.from(JSON.stringify(reviewOf(largePod(30), { uid: 'large' })))
    const holding = await Promise.all(
      [0, 1].map(async () => {
        const socket = await openSocket(gateway)
        socket.write(head('/validate', { 'Content-Length': body.length }))
        await new Promise<void>(resolve => void socket.write(body.subarray(0, -1), () => resolve()))
        return socket
      }),
    )
    const refused = await exchange(gateway, [head('/validate', { 'Content-Length': body.length }), body])
    expect(JSON.parse(refused.body).response).toMatchObject({ uid: 'large', allowed: false, status: { code: 429 } })
    // A small one never waits for room.
    expect((await gateway.ask('/validate', reviewOf(plainPod()))).response.allowed).toBe(true)
    // Those that held on are judged, and what they held is given back.
    for (const socket of holding) {
      socket.write(body.subarray(-1))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(readAnswer(answer.toString('latin1')).body).toContain('"code":403')
      socket.destroy()
    }
    const again = await gateway.ask('/validate', body.toString())
    expect(again.response).toMatchObject({ allowed: false, status: { code: 403 } })
  })
  test('B6 what hangs up gives back what it held', async () => {
    const body = Buffer.from(JSON.stringify(reviewOf(largePod(30))))
    for (let i = 0; i < 4; i++) {
      const socket = await openSocket(gateway)
      socket.write(head('/validate', { 'Content-Length': body.length }))
      await new Promise<void>(resolve => void socket.write(body.subarray(0, -1), () => resolve()))
      socket.destroy()
    }
    await expect.poll(async () => sample(await gateway.metrics(), 'portcullis_in_flight_requests')).toBe(0)
    expect((await gateway.ask('/validate', body.toString())).response.status?.code).toBe(403)
  })
  test('B6 callers that do not wait cannot pile up work', async () => {
    const body = heavyReview(8)
    const answers = await Promise.all(Array.from({ length: 8 }, () => gateway.ask('/validate?timeout=400ms', body)))
    for (const { response } of answers) {
      expect(response.allowed).toBe(false)
      expect([403, 429, 504]).toContain(response.status?.code)
    }
    // Those whose time was over before their turn are dropped unread: the next one is judged soon.
    await expect
      .poll(async () => (await gateway.ask('/validate', reviewOf(largePod(2)))).response.status?.code)
      .toBe(403)
    expect(sample(await gateway.metrics(), 'portcullis_worker_failures_total')).toBe(0)
  })
  const hostile: readonly (readonly [string, (bytes: number) => string, string])[] = [
    ['brackets that only open', bytes => '['.repeat(bytes), 'the body nests deeper than 200 levels'],
    ['braces that only open', bytes => '{"":'.repeat(bytes / 4), 'the body nests deeper than 200 levels'],
    ['empty objects', bytes => `[${'{},'.repeat(bytes / 3)}0]`, 'the body has more than 6000000 commas and brackets'],
    ['numbers', bytes => `[${'1,'.repeat(bytes / 2)}0]`, 'the body has more than 6000000 commas and brackets'],
  ]
  for (const [name, make, message] of hostile) {
    test(`B6 39 MiB of ${name} are refused before they are parsed`, async () => {
      const body = JSON.stringify(reviewOf({ filler: 0 }, { uid: 'hostile' })).replace(
        '"filler":0',
        `"filler":${make(39 * MIB)}`,
      )
      const { response } = await gateway.ask('/validate', body)
      expect(response).toMatchObject({ uid: 'hostile', allowed: false, status: { code: 400, message } })
    })
  }
  test('B6 39 MiB of brackets in a string are no brackets', async () => {
    const body = JSON.stringify(reviewOf(hostPathPod('/', {}, ['[{\\",'.repeat(5 * MIB)])))
    expect((await gateway.ask('/validate', body)).response).toMatchObject({ allowed: false, status: { code: 403 } })
  })
  test('B6 a changed policy set reaches the thread', async () => {
    const policies = policyFolder({ name: 'host-path', params: { protected: ['/data/shop'] } })
    const own = await startTestGateway({ policies })
    expect((await own.ask('/validate', reviewOf(largePod(2, '/data/shop')))).response.allowed).toBe(false)
    const before = own.gateway.policySetHash()
    writeFileSync(join(policies, 'host-path.yaml'), policyText({ name: 'host-path' }))
    await expect.poll(() => own.gateway.policySetHash()).not.toBe(before)
    expect((await own.ask('/validate', reviewOf(largePod(2, '/data/shop')))).response).toMatchObject({
      allowed: true,
      auditAnnotations: { 'policy-set': own.gateway.policySetHash() },
    })
    await own.stop()
  })
})

test('B6 the owner of a large pod is asked for by the main thread, which has the connection', async () => {
  const labels = { matchLabels: { app: 'web' } }
  const asked: string[] = []
  const read = async ({ name }: { readonly name: string }) => {
    asked.push(name)
    return name === 'web' ? { metadata: { uid: 'u' }, spec: { selector: labels } } : undefined
  }
  const gateway = await startTestGateway({ policies: 'policies/pod-adoption.yaml', client: { read } })
  onTestFinished(() => gateway.stop())
  const pod = (app: string, owner: string, mebibytes: number) => {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: 'u', controller: true }]
    return { ...largePod(mebibytes, '/data'), metadata: { name: 'web-1', labels: { app }, ownerReferences } }
  }
  for (const mebibytes of [0.1, 1.1]) {
    const ask = async (app: string, owner: string) =>
      (await gateway.ask('/validate', reviewOf(pod(app, owner, mebibytes)))).response
    expect(await ask('web', 'web')).toMatchObject({ allowed: true })
    const refused = await ask('api', 'web')
    expect(refused).toMatchObject({ allowed: false, status: { code: 403 } })
    expect(refused.status?.message).toContain('"app" must be "web"')
  }
  expect(asked).toEqual(['web'])
})

test('B7 over capacity is an answer by path, not a 503', async () => {
  const gateway = await startTestGateway()
  const body = heavyReview(5)
  const answers = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const path = (['validate', 'observe', 'mutate'] as const)[i % 3] ?? 'validate'
      return { path, ...(await gateway.ask(`/${path}`, body)) }
    }),
  )
  const text = 'the gateway is judging as many large requests as it can; try again'
  const refused = answers.filter(({ response }) => response.auditAnnotations?.['unjudged'] === text)
  expect(refused.length).toBeGreaterThan(2)
  expect(new Set(refused.map(({ path }) => path)).size).toBeGreaterThan(1)
  for (const { sent, response, path } of answers) {
    expect(sent.status).toBe(200)
    expect(response.allowed).toBe(path !== 'validate')
  }
  for (const { path, response } of refused) {
    if (path === 'validate') expect(response.status).toMatchObject({ code: 429, details: { retryAfterSeconds: 1 } })
    else expect(response.warnings).toEqual([`not judged: ${text}`])
  }
  expect(sample(await gateway.metrics(), 'portcullis_review_errors_total', { code: '429' })).toBe(refused.length)
  await gateway.stop()
})

test('B7 a thread that cannot start is an answer too', async () => {
  // The thread compiles the documents with the checks that come with the gateway; this one it does not know.
  const other = testCheck('other', () => ({ findings: [] }))
  const gateway = await startTestGateway({
    checks: [...CHECKS, other],
    policies: policyFolder({ name: 'other', check: 'other' }),
  })
  for (const path of ['validate', 'observe']) {
    const { response } = await gateway.ask(`/${path}`, reviewOf(largePod(2), { uid: path }))
    expect(response).toMatchObject({ uid: path, allowed: path === 'observe' })
    if (path === 'validate') expect(response.status?.code).toBe(500)
  }
  expect(sample(await gateway.metrics(), 'portcullis_worker_failures_total')).toBe(2)
  await gateway.stop()
})

test('B6 an answer given for the time is not the end of the work: its room is given back when the thread is through', async () => {
  const folder = { documents: [], problems: [] }
  const { set } = loadSet(folder, { checks: CHECKS, excludedNamespaces: [], digest: () => 'hash' })
  const large = new LargeReviews(
    { set, injections: NO_INJECTIONS, namespaces: {}, isBraked: false },
    undefined,
    () => {},
  )
  let isReleased = false
  const body = Buffer.from(heavyReview(8))
  const reviewed = await large.review(ENDPOINTS.validate, body, 20, () => {
    isReleased = true
  })
  expect(JSON.parse(reviewed.body).response).toMatchObject({ allowed: false, status: { code: 504 } })
  expect(isReleased).toBe(false)
  await expect.poll(() => isReleased, { timeout: 10_000 }).toBe(true)
  // One whose thread ends gives it back too.
  const ended = large.review(ENDPOINTS.validate, Buffer.from(heavyReview(8)), 20_000, () => {
    isReleased = false
  })
  await large.close()
  expect(JSON.parse((await ended).body).response).toMatchObject({ allowed: false, status: { code: 500 } })
  expect(isReleased).toBe(false)
})

test('B6 capacity counts bytes and reviews apart', () => {
  const capacity = new Capacity(10, 2)
  expect([capacity.reserveBytes(6), capacity.reserveBytes(5), capacity.reserveBytes(4)]).toEqual([true, false, true])
  capacity.releaseBytes(6)
  expect(capacity.reserveBytes(6)).toBe(true)
  expect([capacity.reserveReview(), capacity.reserveReview(), capacity.reserveReview()]).toEqual([true, true, false])
  capacity.releaseReview()
  expect(capacity.reserveReview()).toBe(true)
  expect(capacity.used).toEqual({ bytes: 10, reviews: 2 })
})
