import { describe, expect, it } from 'vitest'
import {
  type Configurations,
  configurationsOf,
  type Registration,
} from '../../../src/controller/registration/configurations.ts'
import { rulesOf } from '../../../src/controller/registration/rules.ts'
import { dig, getList, isObject, type Json, type JsonObject } from '../../../src/json/value.ts'
import { setOf } from '../../support/engine.ts'
import { type PolicyFields, policyText } from '../../support/reviews.ts'

const set = (...policies: readonly PolicyFields[]) => setOf(policies.map(policyText).join('\n---\n')).policies

const SERVED = [
  ...['pods', 'pods/status', 'pods/exec', 'pods/ephemeralcontainers', 'pods/resize', 'pods/binding', 'configmaps'].map(
    resource => ({ group: '', resource }),
  ),
  ...['namespaces', 'namespaces/status', 'namespaces/finalize', 'events'].map(resource => ({ group: '', resource })),
  ...['deployments', 'deployments/scale', 'replicasets'].map(resource => ({ group: 'apps', resource })),
  { group: 'coordination.k8s.io', resource: 'leases' },
  { group: 'admissionregistration.k8s.io', resource: 'validatingwebhookconfigurations' },
  { group: 'example.com', resource: 'widgets' },
]
const rule = (apiGroups: string[], resources: string[], operations = ['CREATE', 'UPDATE']) => ({
  resourceRules: [{ apiGroups, apiVersions: ['*'], operations, resources }],
})
const shown = (rules: readonly JsonObject[]) =>
  rules.map(({ apiGroups, operations, resources }) =>
    [apiGroups, operations, resources].map(list => (list as string[]).join(' ')).join(' | '),
  )

describe('the rules of a webhook', () => {
  it.each<[string, PolicyFields, readonly string[]]>([
    [
      'name the subresources that carry a pod, and no others',
      { name: 'a', matchConstraints: rule([''], ['pods/*']) },
      [' | CREATE UPDATE | pods pods/ephemeralcontainers pods/resize'],
    ],
    [
      'spell a wildcard out, without what keeps the control plane alive',
      { name: 'a', matchConstraints: rule(['*'], ['*']) },
      [
        ' | CREATE UPDATE | configmaps namespaces pods',
        'apps | CREATE UPDATE | deployments replicasets',
        'example.com | CREATE UPDATE | widgets',
      ],
    ],
    [
      'keep what is named and not served yet',
      { name: 'a', matchConstraints: rule(['later.example.com'], ['things'], ['CREATE']) },
      ['later.example.com | CREATE | things'],
    ],
    [
      'reach a lease that a policy names',
      { name: 'a', matchConstraints: rule(['coordination.k8s.io'], ['leases'], ['*']) },
      ['coordination.k8s.io | * | leases'],
    ],
    [
      'leave out what the API server never asks about',
      { name: 'a', matchConstraints: rule(['admissionregistration.k8s.io'], ['*']) },
      [],
    ],
    [
      'reach every way to the labels of a namespace',
      { name: 'a', check: 'guarded-labels' },
      [' | CREATE UPDATE | namespaces namespaces/finalize namespaces/status'],
    ],
  ])('%s', (_what, policy, expected) => {
    expect(shown(rulesOf(set(policy), SERVED))).toEqual(expected)
  })

  it('are the union over all policies, the same in any order', () => {
    const policies = set(
      { name: 'a', matchConstraints: rule([''], ['pods'], ['CREATE']) },
      { name: 'b', matchConstraints: rule([''], ['pods'], ['DELETE', 'UPDATE']) },
    )
    const expected = [' | CREATE DELETE UPDATE | pods']
    expect(shown(rulesOf(policies, SERVED))).toEqual(expected)
    expect(shown(rulesOf(policies.toReversed(), SERVED))).toEqual(expected)
  })
})

const registration = (policies: readonly PolicyFields[], more: Partial<Registration> = {}): Registration => ({
  policies: set(...policies),
  hasInjections: false,
  served: SERVED,
  target: { service: { name: 'portcullis', namespace: 'portcullis-system', port: 443 } },
  caBundle: 'PEM',
  excludedNamespaces: ['kube-system', 'cni', 'kube-system'],
  mode: 'enforce',
  stage: 'in-force',
  timeoutSeconds: 5,
  ...more,
})
const webhooks = ({ validating, mutating }: Configurations): readonly JsonObject[] =>
  [validating, mutating].flatMap(configuration => getList(configuration, 'webhooks')).filter(isObject)
const summary = (made: Configurations): Readonly<Record<string, Json>> =>
  Object.fromEntries(
    webhooks(made).map(webhook => [
      String(webhook['name']),
      `${String(dig(webhook, 'clientConfig', 'service', 'path') ?? dig(webhook, 'clientConfig', 'url'))} ${String(webhook['failurePolicy'])}`,
    ]),
  )

const ALL: readonly PolicyFields[] = [
  { name: 'strict' },
  { name: 'lenient', failurePolicy: 'Ignore' },
  { name: 'soft', actions: ['Warn'] },
  { name: 'labels', check: 'guarded-labels', actions: ['Audit'] },
]

describe('what is registered', () => {
  it('in mode enforce is one webhook for each way to be asked', () => {
    expect(summary(configurationsOf(registration(ALL, { hasInjections: true })))).toEqual({
      'policies.portcullis.dev': '/validate/fail Fail',
      'lenient.portcullis.dev': '/validate/ignore Ignore',
      'observe.portcullis.dev': '/observe Ignore',
      'metadata.observe.portcullis.dev': '/observe Ignore',
      'documents.portcullis.dev': '/documents Ignore',
      'injections.portcullis.dev': '/mutate Ignore',
    })
  })

  it('asks /validate once where no policy is lenient', () => {
    expect(summary(configurationsOf(registration([{ name: 'strict' }])))).toEqual({
      'policies.portcullis.dev': '/validate Fail',
      'documents.portcullis.dev': '/documents Ignore',
    })
  })

  it('S7 in mode observe neither blocks nor slows anything: every path observes, and every failure is ignored', () => {
    const made = configurationsOf(registration(ALL, { mode: 'observe', hasInjections: true }))
    expect(summary(made)).toEqual({
      'policies.portcullis.dev': '/observe/all Ignore',
      'metadata.policies.portcullis.dev': '/observe/all Ignore',
      'documents.portcullis.dev': '/documents Ignore',
      'injections.portcullis.dev': '/observe/mutate Ignore',
    })
  })

  it('S7 what only audits or warns has a path and a failurePolicy of its own, and shares no webhook with what denies', () => {
    const [denying, observing] = [{ name: 'strict' }, { name: 'soft', actions: ['Warn'] }]
    const both = webhooks(configurationsOf(registration([denying, observing])))
    const alone = webhooks(configurationsOf(registration([denying])))
    const named = (list: readonly JsonObject[]) => list.find(({ name }) => name === 'policies.portcullis.dev')
    expect(named(both)).toEqual(named(alone))
    expect(both.find(({ name }) => name === 'observe.portcullis.dev')).toMatchObject({ failurePolicy: 'Ignore' })
  })

  it('does not block before it is in force, and reaches the namespace of the probe alone at first', () => {
    const selectors = (stage: Registration['stage']) =>
      webhooks(configurationsOf(registration([{ name: 'strict' }], { stage }))).map(webhook => [
        webhook['failurePolicy'],
        dig(webhook, 'namespaceSelector', 'matchExpressions', '0') ??
          getList(webhook['namespaceSelector'], 'matchExpressions')[0],
      ])
    const key = 'kubernetes.io/metadata.name'
    const excluded = { key, operator: 'NotIn', values: ['cni', 'kube-system'] }
    expect(selectors('probe')[0]).toEqual(['Ignore', { key, operator: 'In', values: ['portcullis-probe'] }])
    expect(selectors('everywhere')[0]).toEqual(['Ignore', excluded])
    expect(selectors('in-force')[0]).toEqual(['Fail', excluded])
  })

  it('asks only about changes where the checks read the spec alone', () => {
    const made = webhooks(configurationsOf(registration(ALL)))
    const conditions = made.map(webhook => [webhook['name'], getList(webhook, 'matchConditions').length])
    expect(Object.fromEntries(conditions)).toEqual({
      'policies.portcullis.dev': 2,
      'lenient.portcullis.dev': 2,
      'observe.portcullis.dev': 2,
      'metadata.observe.portcullis.dev': 0,
      'documents.portcullis.dev': 0,
    })
  })

  it('leads to a URL, for a gateway outside of the cluster', () => {
    const made = configurationsOf(registration([{ name: 'strict' }], { target: { url: 'https://gate.example.com/' } }))
    expect(summary(made)['policies.portcullis.dev']).toBe('https://gate.example.com/validate Fail')
  })
})
