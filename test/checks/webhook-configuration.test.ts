import { describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/certs/issue.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
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
/** The same certificate with a month in its notAfter that there is not: OpenSSL reads it all the same. */
function undated(pem: string): string {
  const der = Buffer.from(pem.replace(/-----.*?-----|\s/g, ''), 'base64')
  const utcTime = Buffer.from([0x17, 0x0d])
  const notAfter = der.indexOf(utcTime, der.indexOf(utcTime) + 1)
  der.write('99', notAfter + 4, 'latin1')
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
}
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
    ['is a placeholder that nobody fills in', base64('\n'), 'has no caBundle'],
    ['has no readable date', base64(undated(long)), 'certificate 1 has no date that can be read'],
    ['has no readable date in its second certificate', base64(long + undated(long)), 'certificate 2 has no date'],
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

/** A configuration of mutating webhooks that nothing is wrong with but the time that they may take together. */
const slow = (name: string, ...timeouts: readonly number[]) => `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: ${name}}
webhooks:
${timeouts
  .map(
    (seconds, index) => `  - name: ${name}-${index}.example.com
    clientConfig: {url: "https://example.com"}
    failurePolicy: Ignore
    sideEffects: None
    timeoutSeconds: ${seconds}
    admissionReviewVersions: [v1]
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
`,
  )
  .join('')}`

describe('the operations of a rule', () => {
  const denied = (kind: string, rule: object) => {
    const { webhooks, ...rest } = configuration(base64(long))
    const [webhook] = webhooks
    const namespaceSelector = {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'guard'] }],
    }
    const asked = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['pods'], ...rule }
    const object = { ...rest, kind, webhooks: [{ ...webhook, namespaceSelector, rules: [asked] }] }
    return denialsOf(judge(set, requestFor(object), { facts: { now: Date.now() } })).map(text => text.split(': ')[1])
  }
  const mutating = (rule: object) => denied('MutatingWebhookConfiguration', rule)
  const validating = (rule: object) => denied('ValidatingWebhookConfiguration', rule)
  const said = (what: string) => `webhook "guard.example.com" ${what}`

  it('decide what is mutated, and all of it is told', () => {
    const all = ['mutates replicasets', 'mutates leases', 'mutates the status of objects'].map(said)
    expect(mutating({ resources: ['*/*'] })).toEqual(all)
    expect(mutating({ resources: ['*/*'], operations: ['UPDATE'] })).toEqual(all)
    expect(mutating({ resources: ['*'] })).toEqual(all.slice(0, 2))
    expect(mutating({ resources: ['replicasets/*'], apiGroups: ['apps'] })).toEqual([all[0], all[2]])
    expect(mutating({ resources: ['*/*'], operations: ['DELETE', 'CONNECT'] })).toEqual([])
  })

  it('decide what is guarded: what is added to a pod that runs comes as an update', () => {
    const resources = ['pods', 'pods/ephemeralcontainers', 'pods/resize']
    const gap = said('guards pods, but is not asked about updates of pods/ephemeralcontainers and pods/resize')
    expect(validating({ resources })).toEqual([])
    expect(validating({ resources, operations: ['CREATE'] })).toEqual([gap])
    expect(validating({ operations: ['CREATE'] })).toEqual([gap])
    expect(validating({ operations: ['DELETE'] })).toEqual([])
    expect(validating({ resources: ['pods', 'pods/resize'] })).toEqual([
      said('guards pods, but is not asked about updates of pods/ephemeralcontainers'),
    ])
  })

  it('that cannot be read may be any', () => {
    expect(mutating({ apiGroups: ['coordination.k8s.io'], resources: ['leases'], operations: 'CREATE' })).toEqual([
      said('mutates leases'),
    ])
  })
})

describe('configurations as tools write them', () => {
  const PLACEHOLDER = 'Cg=='

  it('controller-gen and kustomize, with the bundle yet to come: all that is wrong is that no timeout is set', () => {
    const webhook = (name: string, path: string, operations: readonly string[]) => ({
      admissionReviewVersions: ['v1'],
      clientConfig: {
        caBundle: PLACEHOLDER,
        service: { name: 'jobs-webhook-service', namespace: 'jobs-system', path },
      },
      failurePolicy: 'Fail',
      name,
      rules: [{ apiGroups: ['batch.example.com'], apiVersions: ['v1'], operations, resources: ['nightlyjobs'] }],
      sideEffects: 'None',
    })
    for (const [kind, name] of [
      ['MutatingWebhookConfiguration', 'mnightlyjob-v1.example.com'],
      ['ValidatingWebhookConfiguration', 'vnightlyjob-v1.example.com'],
    ] as const) {
      const object = {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind,
        metadata: {
          annotations: { 'cert-manager.io/inject-ca-from': 'jobs-system/jobs-serving-cert' },
          name: 'jobs-webhook-configuration',
        },
        webhooks: [webhook(name, '/judge', ['CREATE', 'UPDATE'])],
      }
      const decision = judge(set, requestFor(object))
      expect(denialsOf(decision)).toEqual([expect.stringContaining(`"${name}" has no timeoutSeconds`)])
      expect(decision.skipped).toEqual([])
    }
  })

  it('as cert-manager registers itself: all that is wrong is its timeout', () => {
    const object = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: {
        name: 'cert-manager-webhook',
        labels: { 'app.kubernetes.io/name': 'webhook' },
        annotations: { 'cert-manager.io/inject-ca-from-secret': 'cert-manager/cert-manager-webhook-ca' },
      },
      webhooks: [
        {
          name: 'webhook.cert-manager.io',
          namespaceSelector: {
            matchExpressions: [{ key: 'cert-manager.io/disable-validation', operator: 'NotIn', values: ['true'] }],
          },
          rules: [
            {
              apiGroups: ['cert-manager.io', 'acme.cert-manager.io'],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['*/*'],
            },
          ],
          admissionReviewVersions: ['v1'],
          matchPolicy: 'Equivalent',
          timeoutSeconds: 30,
          failurePolicy: 'Fail',
          sideEffects: 'None',
          clientConfig: { service: { name: 'cert-manager-webhook', namespace: 'cert-manager', path: '/validate' } },
        },
      ],
    }
    const decision = judge(set, requestFor(object))
    expect(denialsOf(decision)).toEqual([expect.stringContaining('"webhook.cert-manager.io" may take 30 s')])
    expect(decision.skipped).toEqual([])
  })
})

it('one configuration that is seen alone is added up by itself', () => {
  const object = parseYaml(slow('a', 9, 9, 9, 9)).documents[0]?.value
  expect(denialsOf(judge(set, requestFor(object)))).toEqual([
    expect.stringMatching(/^\/webhooks: mutating webhooks .* may take 36 s together \(36 s\): the API server/),
  ])
  expect(denialsOf(judge(set, requestFor(object), { facts: { seen: 'among-others' } }))).toEqual([])
})

it('policy-lint adds the timeouts of two files, and names each', async () => {
  const cwd = folderOf({ 'a.yaml': slow('a', 8, 8), 'b.yaml': slow('b', 8, 8), 'c.yaml': slow('c', 7, 7) })
  const policies = `--policies=${process.cwd()}/policies/webhooks.yaml`
  const { stdout } = await runLint([policies, 'a.yaml', 'b.yaml'], { cwd })
  expect(stdout.match(/may take .*?\)/g)).toEqual(['may take 32 s together (a.yaml 16 s, b.yaml 16 s)'])
  expect(stdout).toMatch(/^a\.yaml:5:3: warn: /m)
  expect((await runLint([policies, 'a.yaml', 'c.yaml'], { cwd })).stdout).toContain('no findings')
})

it('policy-lint adds the timeouts of all files, and names each', async () => {
  const names = ['a', 'b', 'c', 'd']
  const cwd = folderOf(Object.fromEntries(names.map(name => [`${name}.yaml`, slow(name, 9)])))
  const policies = `--policies=${process.cwd()}/policies/webhooks.yaml`
  const { stdout } = await runLint([policies, '.'], { cwd })
  expect(stdout.match(/may take .*?\)/g)).toEqual([
    'may take 36 s together (a.yaml 9 s, b.yaml 9 s, c.yaml 9 s, d.yaml 9 s)',
  ])
  expect((await runLint([policies, 'a.yaml', 'b.yaml', 'c.yaml'], { cwd })).stdout).toContain('no findings')
})
