import { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { burn, heavyReview, hostPathPod, plainPod, policyFolder, reviewOf, testCheck } from '../support/reviews.ts'
import { exchange, head, sample } from '../support/wire.ts'

const PATHS = ['validate', 'observe', 'mutate'] as const

let gateway: TestGateway
beforeAll(async () => {
  const explodes = testCheck('explodes', ({ object }) => {
    if (JSON.stringify(object).includes('"explode"')) throw new Error('a bug, with a secret in its message')
    return { findings: [] }
  })
  gateway = await startTestGateway({
    checks: [...CHECKS, explodes],
    policies: policyFolder(
      { name: 'host-path' },
      { name: 'bug', check: 'explodes' },
      { name: 'watched-bug', check: 'explodes', actions: ['Audit'] },
      { name: 'watched', actions: ['Warn', 'Audit'], params: { protected: ['/data/critical'] } },
    ),
  })
})
afterAll(() => gateway.stop())

const EXPLODING = plainPod({ labels: { app: 'explode' } })

describe('P01 every answer to a review is an HTTP 200 with JSON', () => {
  const cases = [
    { name: 'allow', object: plainPod(), allowed: { validate: true, observe: true, mutate: true } },
    { name: 'deny', object: hostPathPod(), allowed: { validate: false, observe: true, mutate: true } },
    { name: 'an exception', object: EXPLODING, allowed: { validate: false, observe: true, mutate: true } },
    { name: 'no object', object: null, allowed: { validate: false, observe: true, mutate: true } },
    { name: 'an object that is none', object: 'pod', allowed: { validate: false, observe: true, mutate: true } },
  ]
  for (const { name, object, allowed } of cases) {
    for (const path of PATHS) {
      test(`P01 ${name} on /${path}`, async () => {
        const { sent, response } = await gateway.ask(`/${path}`, reviewOf(object, { uid: `${name} ${path}` }))
        expect(sent.status).toBe(200)
        expect(sent.headers['content-type']).toMatch(/^application\/json(; charset=utf-8)?$/)
        expect(response).toMatchObject({ uid: `${name} ${path}`, allowed: allowed[path] })
      })
    }
  }
})

test('P02 a thousand parallel requests each get their own uid, byte for byte', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  // A uid is opaque: nothing in it is escaped, trimmed or normalised.
  const uids = Array.from(
    { length: 1000 },
    (_, i) => `${i} é e\u0301 <&> "\\ \u2028 ${String.fromCodePoint(0x1f600 + (i % 50))}`,
  )
  const answers = await Promise.all(
    uids.map(async (uid, i) => {
      const object = i % 2 === 0 ? hostPathPod() : plainPod()
      return (await gateway.ask('/validate', reviewOf(object, { uid }), { agent })).response
    }),
  )
  agent.destroy()
  expect(answers.map(({ uid }) => uid)).toEqual(uids)
  expect(answers.map(({ allowed }) => allowed)).toEqual(uids.map((_, i) => i % 2 === 1))
})

describe('P03 version and kind of an answer are the request’s', () => {
  test('P03 v1 in, v1 out', async () => {
    const { sent } = await gateway.ask('/validate', reviewOf(plainPod()))
    expect(JSON.parse(sent.body)).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })
  })
  for (const apiVersion of ['admission.k8s.io/v1beta1', 'admission.k8s.io/v2', 'v1', '__proto__']) {
    for (const path of PATHS) {
      test(`P03 ${apiVersion} is refused by path on /${path}, clearly and with the uid`, async () => {
        const { sent, response } = await gateway.ask(`/${path}`, reviewOf(plainPod(), { apiVersion, uid: 'old' }))
        expect(sent.status).toBe(200)
        expect(JSON.parse(sent.body)).toMatchObject({ apiVersion, kind: 'AdmissionReview' })
        const text = `this gateway answers AdmissionReview of admission.k8s.io/v1, not "AdmissionReview" of "${apiVersion}": set admissionReviewVersions: [v1] in the webhook configuration`
        expect(response).toMatchObject({ uid: 'old', allowed: path !== 'validate' })
        if (path === 'validate')
          expect(response.status).toMatchObject({ code: 400, reason: 'BadRequest', message: text })
        else expect(response.auditAnnotations?.['unjudged']).toBe(text)
      })
    }
  }
})

test('P06 a validating answer has neither patch nor patchType', async () => {
  for (const path of ['validate', 'observe'])
    for (const object of [plainPod(), hostPathPod(), EXPLODING]) {
      const { response } = await gateway.ask(`/${path}`, reviewOf(object))
      expect(Object.keys(response)).not.toContain('patch')
      expect(Object.keys(response)).not.toContain('patchType')
    }
})

describe('P08 a denial has a code, a reason and a message', () => {
  test('P08 of a policy: 403 Forbidden', async () => {
    const { response } = await gateway.ask('/validate', reviewOf(hostPathPod()))
    expect(response.status).toMatchObject({ code: 403, reason: 'Forbidden', status: 'Failure' })
    expect(response.status?.message).toMatch(/^Pod "shop\/checkout" is refused by policy host-path:\n- volume "host"/)
  })
  test('P08 of an internal error: 500 InternalError, without its insides', async () => {
    const { response } = await gateway.ask('/validate', reviewOf(EXPLODING))
    expect(response.status).toMatchObject({
      code: 500,
      reason: 'InternalError',
      message: 'internal error while the request was judged; the gateway has logged it',
    })
  })
  test('P08 of a deadline: 504 Timeout', async () => {
    const { response } = await gateway.ask('/validate?timeout=1ms', reviewOf(plainPod()))
    expect(response.status).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: 'evaluation deadline: the request could not be judged in the time that the caller allows',
    })
  })
  test('P08 too large: 413 RequestEntityTooLarge', async () => {
    const small = await startTestGateway({ maxBody: 1000 })
    const { response } = await small.ask('/validate', reviewOf(plainPod({ labels: { long: 'x'.repeat(1000) } })))
    await small.stop()
    expect(response.status).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'the review is larger than 1000 bytes (--max-body): it cannot be judged',
    })
  })
  test('P08 over capacity: 429 TooManyRequests, with retryAfterSeconds for the API server to pass on', async () => {
    // Each keeps the thread for large bodies busy for a few tenths of a second; it takes four of them.
    const large = await startTestGateway()
    const body = heavyReview(5)
    const answers = await Promise.all(Array.from({ length: 8 }, () => large.ask('/validate', body)))
    await large.stop()
    const refused = answers.map(({ response }) => response.status).filter(status => status?.code === 429)
    expect(refused[0]).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: 'the gateway is judging as many large requests as it can; try again',
      details: { retryAfterSeconds: 1 },
    })
    for (const { response } of answers) expect(response.allowed).toBe(false)
  })
})

test('P12 nothing is ever answered by a redirect', async () => {
  for (const path of [
    '/',
    '',
    '//',
    '/validate/',
    '//validate',
    '/validate/..',
    '/Validate',
    '/validate?x=/..',
    '/../validate',
    '/metrics',
    '/%76alidate',
    '/%',
    '/validate;a',
    '*',
    'https://localhost/validate',
  ]) {
    const body = JSON.stringify(reviewOf(plainPod()))
    for (const method of ['POST', 'GET', 'PUT', 'HEAD', 'OPTIONS']) {
      const request = head(path, { 'Content-Length': Buffer.byteLength(body), Connection: 'close' }).replace(
        'POST',
        method,
      )
      const { status } = await exchange(gateway, [request + body])
      expect([200, 400, 404, 405], `${method} ${path}: ${status}`).toContain(status)
    }
  }
})

test('P15 the same request twice gives the same bytes', async () => {
  const volumes = Array.from({ length: 12 }, (_, i) => ({
    name: `v${i % 5}`,
    hostPath: { path: ['/', '/etc', '/proc', '/data/critical/x'][i % 4] },
  }))
  const object = {
    ...hostPathPod(),
    spec: {
      containers: [{ name: 'app', volumeMounts: volumes.map(({ name }) => ({ name, mountPath: '/x' })) }],
      volumes,
    },
  }
  for (const path of PATHS) {
    const bodies = new Set<string>()
    for (let i = 0; i < 20; i++) bodies.add((await gateway.ask(`/${path}`, reviewOf(object))).sent.body)
    expect(bodies.size).toBe(1)
  }
  // Another gateway, another order of reading: still the same.
  const twin = await startTestGateway()
  const one = await twin.send('/validate', JSON.stringify(reviewOf(object)))
  const other = await startTestGateway()
  const two = await other.send('/validate', JSON.stringify(reviewOf(object)))
  await Promise.all([twin.stop(), other.stop()])
  expect(one.body).toBe(two.body)
})

test('P16 a dry run gets the same answer and leaves nothing behind but the counters', async () => {
  for (const path of PATHS)
    for (const object of [plainPod(), hostPathPod(), hostPathPod('/data/critical')]) {
      const dry = await gateway.ask(`/${path}`, reviewOf(object, { dryRun: true }))
      const wet = await gateway.ask(`/${path}`, reviewOf(object))
      expect(dry.sent.body).toBe(wet.sent.body)
    }
})

describe('P13 deadlines', () => {
  let slow: TestGateway
  beforeAll(async () => {
    const burns = testCheck('burns', () => {
      burn(22)
      return { findings: [] }
    })
    const names = Array.from({ length: 160 }, (_, i) => `slow-${String(i).padStart(3, '0')}`)
    slow = await startTestGateway({
      checks: [...CHECKS, burns],
      policies: policyFolder(
        ...names.map(name => ({ name, check: 'burns' })),
        ...names.map(name => ({ name: `observed-${name}`, check: 'burns', actions: ['Audit'] })),
      ),
    })
  })
  afterAll(() => slow.stop())

  const deadline = /^evaluation deadline: the request could not be judged in the time that the caller allows$/

  test('P13 a deadline is answered before the caller hangs up, though the evaluation is one synchronous stretch', async () => {
    for (const path of ['validate', 'observe'] as const) {
      const started = performance.now()
      const { response } = await slow.ask(`/${path}?timeout=3s`, reviewOf(hostPathPod()))
      // 160 policies of 22 ms would take 3.5 s. A tenth of the time is for the way.
      expect(performance.now() - started).toBeLessThan(3000)
      expect(response.allowed).toBe(path === 'observe')
      if (path === 'validate')
        expect(response.status).toMatchObject({ code: 504, message: expect.stringMatching(deadline) })
      else expect(response.warnings?.[0]).toMatch(/^not judged: evaluation deadline/)
    }
  })

  test('P13 without a timeout in the URL the default of ten seconds counts, and this evaluation ends in time', async () => {
    const { response } = await slow.ask('/validate', reviewOf(plainPod()))
    expect(response.allowed).toBe(true)
  })

  test('P13 a body in the worker thread is answered by the same deadline', async () => {
    // 8 MiB of `{}` take JSON.parse more than the 150 ms that this caller allows.
    const large = await startTestGateway()
    const body = heavyReview(8)
    const started = performance.now()
    const [denied, observed] = await Promise.all(
      ['validate', 'observe'].map(path => large.ask(`/${path}?timeout=250ms`, body)),
    )
    const took = performance.now() - started
    expect(denied?.response.status).toMatchObject({ code: 504, message: expect.stringMatching(deadline) })
    expect(observed?.response).toMatchObject({ allowed: true, warnings: [expect.stringMatching(/deadline/)] })
    // The time that it takes to send and receive 8 MiB comes on top, twice.
    expect(took).toBeLessThan(3000)
    expect(sample(await large.metrics(), 'portcullis_worker_failures_total')).toBe(0)
    await large.stop()
  })
})
