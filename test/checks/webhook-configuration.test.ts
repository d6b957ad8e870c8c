import { describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/certs/issue.ts'
import { folderOf, runLint } from '../lint/harness.ts'
import { denialsOf, judge, requestFor, setOf } from '../support/engine.ts'

const set = setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: webhooks}
spec: {validationActions: [Deny], checks: [{check: webhook-configuration}]}
`)
const bundleOf = async (days: number) => (await createAuthority({ commonName: 'ca', days })).certificatePem
const [short, long] = await Promise.all([bundleOf(10), bundleOf(400)])
const base64 = (text: string) => Buffer.from(text).toString('base64')

const configuration = (caBundle: string | undefined, annotations: object = {}) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'guard', annotations },
  webhooks: [
    {
      name: 'guard.example.com',
      clientConfig: { service: { name: 'guard', namespace: 'guard' }, ...(caBundle !== undefined && { caBundle }) },
      rules: [{ apiGroups: ['example.com'], apiVersions: ['*'], operations: ['*'], resources: ['things'] }],
      sideEffects: 'None',
      timeoutSeconds: 5,
      admissionReviewVersions: ['v1'],
    },
  ],
})
const said = (caBundle: string | undefined, now = Date.now()) =>
  denialsOf(judge(set, requestFor(configuration(caBundle)), { facts: { now } })).map(text => text.replace(/^.*?: /, ''))

describe('a caBundle', () => {
  it('that is good for long is fine, also beside one that ends soon', () => {
    expect(said(base64(long))).toEqual([])
    expect(said(base64(short + long))).toEqual([])
  })

  it('that ends within thirty days, or has ended, is told with its date', () => {
    const [soon] = said(base64(short))
    expect(soon).toMatch(
      /^webhook "guard\.example\.com" has a caBundle that expires on \d{4}-\d\d-\d\d, in \d+ days: every call will fail then$/,
    )
    const [over] = said(base64(long), Date.now() + 500 * 86_400_000)
    expect(over).toMatch(/has a caBundle that expired on .*: every call fails$/)
  })

  it.each([
    ['is absent', undefined, 'has no caBundle'],
    ['is no base64', '%%%', 'has a caBundle that is none'],
    ['is PEM without base64', long, 'has a caBundle that is none'],
    [
      'is no certificate',
      base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
      'has a caBundle that is none',
    ],
  ])('that %s is refused', (_what, bundle, message) => {
    expect(said(bundle).filter(text => text.includes(message))).toHaveLength(1)
  })
})

describe('a selector that a file cannot answer', () => {
  it.each([
    ['labels of a namespace', { namespaceSelector: { matchLabels: { guarded: 'yes' } } }],
    ['conditions', { matchConditions: [{ name: 'a', expression: 'true' }] }],
  ])('by %s is skipped', (_what, fields) => {
    const { webhooks, ...rest } = configuration(base64(long))
    const [webhook] = webhooks
    const rules = [{ apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: ['pods', 'pods/*'] }]
    const decision = judge(set, requestFor({ ...rest, webhooks: [{ ...webhook, rules, ...fields }] }))
    expect(decision.denials).toEqual([])
    expect(decision.skipped).toMatchObject([
      { message: expect.stringMatching(/kube-system and guard depends on labels or/) },
    ])
  })
})

it('malformed configurations are judged without an exception', () => {
  for (const webhooks of [
    undefined,
    null,
    'x',
    [null],
    [{}],
    [{ rules: 'x', namespaceSelector: [], clientConfig: 5, name: 7 }],
  ]) {
    const object = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'a' },
      webhooks,
    }
    expect(judge(set, requestFor(object)).errors).toEqual([])
  }
})

it('policy-lint adds the timeouts of all files, and names each', async () => {
  const mutating = (name: string) => `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: ${name}}
webhooks:
  - name: ${name}.example.com
    clientConfig: {url: "https://example.com"}
    failurePolicy: Ignore
    sideEffects: None
    timeoutSeconds: 9
    admissionReviewVersions: [v1]
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
`
  const names = ['a', 'b', 'c', 'd']
  const cwd = folderOf(Object.fromEntries(names.map(name => [`${name}.yaml`, mutating(name)])))
  const policies = `--policies=${process.cwd()}/policies/webhooks.yaml`
  const { stdout } = await runLint([policies, '.'], { cwd })
  expect(stdout.match(/may take .*?\)/g)).toEqual([
    'may take 36 s together (a.yaml 9 s, b.yaml 9 s, c.yaml 9 s, d.yaml 9 s)',
  ])
  expect((await runLint([policies, 'a.yaml', 'b.yaml', 'c.yaml'], { cwd })).stdout).toContain('no findings')
})
