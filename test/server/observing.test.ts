import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { ENDPOINTS } from '../../src/review/path.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { injectionFolder } from '../support/injection.ts'
import { heavyReview, hostPathPod, plainPod, policyFolder, reviewOf, testCheck } from '../support/reviews.ts'
import { sample } from '../support/wire.ts'

const TEST_CHECKS = [
  ...CHECKS,
  testCheck('fails', () => {
    throw new Error('a bug')
  }),
  ...['strict', 'lenient', 'soft'].map(id =>
    testCheck(id, () => ({
      findings: [{ pointer: '/spec', message: `${id} dislikes it`, level: 'violation', key: id }],
    })),
  ),
]
const policy = (name: string, more: object = {}) => ({ name, check: name, ...more })
const POLICIES = [
  policy('strict'),
  policy('lenient', { failurePolicy: 'Ignore' }),
  policy('soft', { actions: ['Warn'] }),
]

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({
    policies: policyFolder(...POLICIES),
    checks: TEST_CHECKS,
    injections: injectionFolder({
      team: { trigger: { always: true }, labels: { team: 'payments' } },
      strict: {
        trigger: { annotation: 'strict' },
        onConflict: 'Deny',
        containers: [{ name: 'app', image: 'other:1' }],
      },
    }),
  })
})
afterAll(() => gateway.stop())

const ask = async (endpoint: string, pod: unknown = plainPod()) =>
  (await gateway.ask(`/${endpoint}`, reviewOf(pod))).response

describe('which policies an endpoint asks', () => {
  test.each([
    ['validate', ['strict', 'lenient']],
    ['validate/fail', ['strict']],
    ['validate/ignore', ['lenient']],
  ])('/%s refuses by %j', async (endpoint, policies) => {
    const { allowed, status } = await ask(endpoint)
    expect(allowed).toBe(false)
    const said = ['strict', 'lenient', 'soft'].filter(name => status?.message.includes(`${name} dislikes it`))
    expect(said).toEqual(policies)
  })

  test.each([
    ['observe', ['soft: soft dislikes it']],
    [
      'observe/all',
      [
        'would be refused by policy lenient: lenient dislikes it',
        'would be refused by policy strict: strict dislikes it',
        'soft: soft dislikes it',
      ],
    ],
    [
      'observe/validate',
      [
        'would be refused by policy lenient: lenient dislikes it',
        'would be refused by policy strict: strict dislikes it',
      ],
    ],
    ['observe/validate/fail', ['would be refused by policy strict: strict dislikes it']],
    ['observe/validate/ignore', ['would be refused by policy lenient: lenient dislikes it']],
  ])('/%s allows, and warns', async (endpoint, warnings) => {
    expect(await ask(endpoint)).toMatchObject({ allowed: true, warnings })
  })

  test('what would be denied stands in the audit log, and is counted apart', async () => {
    const count = async () => {
      const labels = { policy: 'strict', action: 'WouldDeny', operation: 'CREATE' }
      return sample(await gateway.metrics(), 'portcullis_decisions_total', labels) ?? 0
    }
    const before = await count()
    const { auditAnnotations } = await ask('observe/all')
    expect(auditAnnotations?.['would-deny']).toContain('strict/strict at /spec: strict dislikes it')
    expect(auditAnnotations).not.toHaveProperty('denied')
    expect(await count()).toBe(before + 1)
  })
})

describe('an injection on /observe/mutate', () => {
  test('is planned and told, and not made', async () => {
    const response = await ask('observe/mutate')
    expect(response).toMatchObject({ allowed: true, warnings: ['would be injected: team'] })
    expect(response.auditAnnotations).toMatchObject({ 'would-inject': 'team' })
    expect(response.auditAnnotations).not.toHaveProperty('injected')
    expect(response).not.toHaveProperty('patch')
    expect(await ask('mutate')).toHaveProperty('patch')
    const metrics = await gateway.metrics()
    expect(sample(metrics, 'portcullis_injections_total', { injection: 'team', result: 'observed' })).toBe(1)
  })

  test('that would refuse the pod only says so', async () => {
    const pod = plainPod({ annotations: { strict: 'true' } })
    expect(await ask('mutate', pod)).toMatchObject({ allowed: false })
    const { allowed, warnings } = await ask('observe/mutate', pod)
    expect(allowed).toBe(true)
    expect(warnings?.[0]).toMatch(/^would be refused: Pod .* is refused by injection strict/)
  })
})

test('a probe of the heartbeat is refused, and counts as nobody’s refusal', async () => {
  const count = async () =>
    sample(await gateway.metrics(), 'portcullis_requests_total', { path: 'validate', result: 'denied', code: '403' }) ??
    0
  const before = await count()
  const probe = plainPod({ namespace: 'portcullis-probe' })
  const ask = async (dryRun: boolean) =>
    (await gateway.ask('/validate', reviewOf(probe, { namespace: 'portcullis-probe', dryRun }))).response.allowed
  expect(await ask(true)).toBe(false)
  expect(await count()).toBe(before)
  expect(await ask(false)).toBe(false)
  expect(await count()).toBe(before + 1)
})

test('nothing under /observe can block: no broken body, no lack of time, no large one, no bug', async () => {
  const broken = await startTestGateway({
    policies: policyFolder(policy('fails'), ...POLICIES),
    checks: TEST_CHECKS,
    maxBody: 3 * 1024 * 1024,
  })
  const observing = Object.keys(ENDPOINTS).filter(name => name.startsWith('observe'))
  expect(observing).toHaveLength(6)
  for (const name of observing) {
    const bodies = [
      reviewOf(plainPod()),
      reviewOf(hostPathPod()),
      heavyReview(2),
      heavyReview(4),
      { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', operation: 'NEW' } },
    ]
    for (const body of bodies) {
      for (const query of ['', '?timeout=1ns']) {
        const { sent, response } = await broken.ask(`/${name}${query}`, body)
        expect([name, sent.status, response.allowed]).toEqual([name, 200, true])
      }
    }
  }
  await broken.stop()
})

test('the emergency brake turns every endpoint to its observing one, and says so', async () => {
  let reason: string | undefined
  const folder = policyFolder(...POLICIES)
  const braked = await startTestGateway({ policies: folder, checks: TEST_CHECKS, brake: () => reason })
  const verdict = async (endpoint: string) => (await braked.ask(`/${endpoint}`, reviewOf(plainPod()))).response
  expect(await verdict('validate')).toMatchObject({ allowed: false })
  reason = 'every pod is refused'
  await expect.poll(async () => (await verdict('validate')).allowed).toBe(true)
  expect(await verdict('validate/fail')).toMatchObject({
    allowed: true,
    warnings: ['would be refused by policy strict: strict dislikes it'],
  })
  expect(sample(await braked.metrics(), 'portcullis_emergency_brake')).toBe(1)
  reason = undefined
  await expect.poll(async () => (await verdict('validate')).allowed).toBe(false)
  await braked.stop()
})
