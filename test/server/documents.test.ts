import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ReviewFields, reviewOf } from '../support/reviews.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const document = (kind: string, spec: unknown, more: object = {}) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name: 'a', resourceVersion: '5', managedFields: [], ...more },
  spec,
  status: { conditions: [] },
})
const policy = (check: string) => document('Policy', { validationActions: ['Deny'], checks: [{ check }] })
const ask = async (object: unknown, fields: ReviewFields = {}) => {
  const { kind, apiVersion } = object as { kind: string; apiVersion: string }
  const group = apiVersion.includes('/') ? 'portcullis.dev' : ''
  return (await gateway.ask('/documents', reviewOf(object, { group, kind, name: 'a', namespace: '', ...fields })))
    .response
}

describe('a document that no gateway could compile is refused when it is applied', () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      'an unknown check',
      policy('hostpath'),
      ['Policy "a" cannot be compiled:\n- /spec/checks/0/check: unknown check "hostpath" (did you mean "host-path"?)'],
    ],
    [
      'a wrong parameter',
      document('Policy', { validationActions: ['Deny'], checks: [{ check: 'host-path', params: { mode: 'x' } }] }),
      ['/spec/checks/0/params/mode: '],
    ],
    [
      'everything that is wrong at once',
      document('Policy', { validationActions: [], checks: [{ check: 'host-path' }], more: 1 }),
      ['/spec/validationActions: must not be empty', 'unknown field "more"'],
    ],
    [
      'an exception without a reason',
      document('PolicyException', { policies: ['a'], reason: ' ' }),
      ['/spec/reason: '],
    ],
    [
      'a sidecar without an image',
      document('SidecarInjection', { trigger: { always: true }, containers: [{ name: 'a' }] }),
      ['/spec/containers/0'],
    ],
    ['no spec', document('Policy', undefined), ['/spec']],
  ])('%s', async (_what, object, messages) => {
    const { allowed, status } = await ask(object)
    expect(allowed).toBe(false)
    expect(status?.code).toBe(403)
    for (const message of messages) expect(status?.message).toContain(message)
  })
})

describe('what compiles is admitted', () => {
  it.each<[string, unknown]>([
    ['a policy', policy('host-path')],
    ['an exception', document('PolicyException', { policies: ['a'], reason: 'x' }, { namespace: 'portcullis-system' })],
    ['an injection', document('SidecarInjection', { trigger: { always: true }, labels: { team: 'x' } })],
    ['what is no document of ours', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: {} }],
  ])('%s', async (_what, object) => {
    expect(await ask(object)).toMatchObject({ allowed: true })
  })

  it('with its warnings', async () => {
    const params = { allowed: [{ path: '/' }] }
    const wide = document('Policy', { validationActions: ['Deny'], checks: [{ check: 'host-path', params }] })
    const { allowed, warnings } = await ask(wide)
    expect(allowed).toBe(true)
    expect(warnings?.[0]).toContain('/spec/checks/0/params/allowed/0/path: ')
  })

  it('a broken document that stands may still lose a finalizer, and be deleted', async () => {
    const broken = policy('hostpath')
    const without = { ...broken, metadata: { ...broken.metadata, finalizers: [] } }
    expect(await ask(without, { operation: 'UPDATE', oldObject: broken })).toMatchObject({ allowed: true })
    expect(await ask(policy('host-pth'), { operation: 'UPDATE', oldObject: broken })).toMatchObject({ allowed: false })
  })
})

it('what cannot be read is refused there, not let through', async () => {
  const review = reviewOf(policy('host-path'), { apiVersion: 'admission.k8s.io/v2' })
  expect((await gateway.ask('/documents', review)).response.allowed).toBe(false)
})
