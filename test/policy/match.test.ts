import { describe, expect, it } from 'vitest'
import type { AdmissionRequest } from '../../src/admission/request.ts'
import { evaluate } from '../../src/policy/evaluate.ts'
import { matchRequest, type NamespaceLabels, NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { hostPathSet, judge, requestFor, setOf, subjectFacts } from '../support/engine.ts'
import { pod, specWithHostPath } from '../support/host-path-cases.ts'

const POD = requestFor(pod())
const DEPLOYMENT = requestFor({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'app' } })
const OLD_DEPLOYMENT = requestFor({ apiVersion: 'extensions/v1beta1', kind: 'Deployment', metadata: { name: 'app' } })
const NAMESPACE = requestFor({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: { tier: 'gold' } },
})
const VOLUME = requestFor({ apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'disk' } })

const RULE = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }

/** The match of a policy with these constraints. */
function matchOf(matchConstraints: unknown, spec: Readonly<Record<string, unknown>> = {}) {
  const [policy] = hostPathSet({}, { matchConstraints, ...spec }).policies
  if (policy === undefined) throw new Error('the policy is gone')
  return policy.match
}

/** Whether one rule, everything in it left open but what is given, matches. */
function matches(rule: object, request: AdmissionRequest, constraints: object = {}): boolean {
  // A policy that can match nothing at all is refused, so there is something else.
  const other = { ...RULE, apiGroups: ['example.com'], operations: ['CREATE'], resources: ['others'] }
  const match = matchOf({ resourceRules: [{ ...RULE, ...rule }, other], ...constraints })
  return matchRequest(match, request, [], NO_NAMESPACE_LABELS).kind === 'matches'
}

describe('a rule', () => {
  it.each<[rule: object, request: AdmissionRequest, expected: boolean]>([
    [{ operations: ['CREATE'] }, POD, true],
    [{ operations: ['UPDATE', 'DELETE'] }, POD, false],
    [{ operations: ['*'] }, POD, true],
    [{ apiGroups: [''] }, POD, true],
    [{ apiGroups: ['apps'] }, POD, false],
    [{ apiGroups: ['', 'apps'] }, DEPLOYMENT, true],
    [{ resources: ['pods'] }, POD, true],
    [{ resources: ['deployments'] }, POD, false],
    [{ resources: ['deployments', 'pods'] }, POD, true],
    [{ resourceNames: ['app'] }, POD, true],
    [{ resourceNames: ['other'] }, POD, false],
    [{ resourceNames: [] }, POD, true],
    [{ scope: '*' }, POD, true],
    [{ scope: 'Namespaced' }, POD, true],
    [{ scope: 'Cluster' }, POD, false],
    [{ scope: 'Namespaced' }, VOLUME, false],
    [{ scope: 'Cluster' }, VOLUME, true],
    [{ scope: 'Cluster' }, NAMESPACE, true],
    [{ scope: 'Namespaced' }, NAMESPACE, false],
  ])('%j', (rule, request, expected) => {
    expect(matches(rule, request)).toBe(expected)
  })

  it('with resourceNames does not match what has no name yet', () => {
    const nameless = requestFor({ apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'app-' } })
    expect(matches({ resourceNames: ['app'] }, nameless)).toBe(false)
  })

  it.each<[pattern: string, plain: boolean, status: boolean, scale: boolean]>([
    ['*', true, false, false],
    ['*/*', true, true, true],
    ['pods', true, false, false],
    ['pods/*', true, true, true],
    ['pods/status', false, true, false],
    ['*/scale', false, false, true],
    ['deployments/*', false, false, false],
    ['pod', false, false, false],
  ])('resource %s: pods %s, pods/status %s, pods/scale %s', (pattern, plain, status, scale) => {
    const verdicts = ['', 'status', 'scale'].map(subResource =>
      matches({ resources: [pattern] }, { ...POD, subResource }),
    )
    expect(verdicts).toEqual([plain, status, scale])
  })

  it('is one of several: any matches', () => {
    const rules = [
      { ...RULE, resources: ['services'] },
      { ...RULE, resources: ['pods'] },
    ]
    expect(matchRequest(matchOf({ resourceRules: rules }), POD, [], NO_NAMESPACE_LABELS).kind).toBe('matches')
  })

  it('of excludeResourceRules takes out what it matches', () => {
    const excludeResourceRules = [{ ...RULE, resources: ['pods/status'] }]
    expect(matches({}, POD, { excludeResourceRules })).toBe(true)
    expect(matches({}, { ...POD, subResource: 'status' }, { excludeResourceRules })).toBe(false)
    const named = [{ ...RULE, resourceNames: ['app'] }]
    expect(matches({}, POD, { excludeResourceRules: named })).toBe(false)
    expect(matches({}, { ...POD, name: 'other' }, { excludeResourceRules: named })).toBe(true)
  })
})

describe('matchPolicy', () => {
  const rule = { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }
  const old = { apiGroups: ['extensions'], apiVersions: ['v1beta1'], resources: ['deployments'] }

  it('Equivalent, the default, knows an object under every group and version that serves it', () => {
    expect(matches(rule, DEPLOYMENT)).toBe(true)
    expect(matches(rule, OLD_DEPLOYMENT)).toBe(true)
    expect(matches(old, DEPLOYMENT)).toBe(true)
    expect(matches({ ...rule, apiVersions: ['v9'] }, DEPLOYMENT, { matchPolicy: 'Equivalent' })).toBe(true)
    expect(matches({ ...rule, apiGroups: ['batch'] }, DEPLOYMENT)).toBe(false)
    expect(matches({ apiGroups: ['apps'] }, VOLUME)).toBe(false)
    const stranger = requestFor({ apiVersion: 'example.com/v1', kind: 'Deployment', metadata: { name: 'app' } })
    expect(matches(rule, stranger)).toBe(false)
    expect(matches(old, stranger)).toBe(false)
  })

  it('Exact takes the request at its word', () => {
    const exact = { matchPolicy: 'Exact' }
    expect(matches(rule, DEPLOYMENT, exact)).toBe(true)
    expect(matches(rule, OLD_DEPLOYMENT, exact)).toBe(false)
    expect(matches({ ...rule, apiVersions: ['v9'] }, DEPLOYMENT, exact)).toBe(false)
    expect(matches({ ...rule, apiVersions: ['v9', 'v1'] }, DEPLOYMENT, exact)).toBe(true)
  })

  it('Exact asks what the client asked for, Equivalent either', () => {
    const converted = { ...DEPLOYMENT, requestResource: OLD_DEPLOYMENT.resource, requestKind: OLD_DEPLOYMENT.kind }
    expect(matches(rule, converted, { matchPolicy: 'Exact' })).toBe(false)
    expect(matches(old, converted, { matchPolicy: 'Exact' })).toBe(true)
    expect(matches(rule, converted)).toBe(true)
    const example = { group: 'example.com', version: 'v1', resource: 'deployments' }
    expect(matches(rule, { ...DEPLOYMENT, resource: example })).toBe(true)
    expect(matches(rule, { ...DEPLOYMENT, requestResource: example })).toBe(true)
    expect(matches(rule, { ...DEPLOYMENT, requestResource: example, resource: example })).toBe(false)
  })
})

describe('without matchConstraints', () => {
  it('a policy matches what its checks are about', () => {
    const { match } = hostPathSet().policies[0] ?? { match: matchOf({}) }
    const kind = (request: AdmissionRequest) => matchRequest(match, request, [], NO_NAMESPACE_LABELS).kind
    expect([POD, DEPLOYMENT, OLD_DEPLOYMENT, VOLUME].map(kind)).toEqual(Array(4).fill('matches'))
    expect(kind({ ...POD, subResource: 'ephemeralcontainers' })).toBe('matches')
    expect(kind({ ...POD, operation: 'DELETE' })).toBe('other')
    expect(kind({ ...POD, operation: 'CONNECT' })).toBe('other')
    expect(kind(NAMESPACE)).toBe('other')
    expect(kind({ ...DEPLOYMENT, subResource: 'scale' })).toBe('other')
  })

  it('a policy matches the kinds of its podTemplates too, and judges them', () => {
    const podTemplates = [{ group: 'example.com', kind: 'Fleet', resource: 'fleets', pointers: ['/spec/pod'] }]
    const set = hostPathSet({}, { podTemplates })
    const fleet = (path: string) => ({
      apiVersion: 'example.com/v1',
      kind: 'Fleet',
      metadata: { name: 'a' },
      spec: { pod: { spec: specWithHostPath(path) } },
    })
    expect(judge(set, requestFor(fleet('/data'))).allowed).toBe(true)
    expect(judge(set, requestFor(fleet('/etc'))).denials.map(({ finding }) => finding.pointer)).toEqual([
      '/spec/pod/spec/volumes/0/hostPath/path',
    ])
    expect(judge(hostPathSet(), requestFor(fleet('/etc'))).allowed).toBe(true)
  })
})

describe('objectSelector', () => {
  const labelled = (labels?: object, oldLabels?: object) =>
    requestFor(pod(undefined, { ...(labels && { labels }) }), {
      ...(oldLabels !== undefined && { oldObject: pod(undefined, { labels: oldLabels }) }),
    })
  const gold = { objectSelector: { matchLabels: { tier: 'gold' } } }

  it('asks the labels of the object', () => {
    expect(matches({}, labelled({ tier: 'gold' }), gold)).toBe(true)
    expect(matches({}, labelled({ tier: 'lead' }), gold)).toBe(false)
    expect(matches({}, labelled(), gold)).toBe(false)
  })

  it('asks the old object too: relabelling does not lead out', () => {
    expect(matches({}, labelled({}, { tier: 'gold' }), gold)).toBe(true)
    expect(matches({}, labelled({ tier: 'gold' }, {}), gold)).toBe(true)
    expect(matches({}, labelled({}, {}), gold)).toBe(false)
  })

  it('takes an object that is not there for no match', () => {
    const none = { objectSelector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } }
    expect(matches({}, labelled({ tier: 'gold' }), none)).toBe(false)
    expect(matches({}, labelled({}), none)).toBe(true)
  })

  it('is empty: everything', () => {
    expect(matches({}, POD, { objectSelector: {} })).toBe(true)
  })
})

describe('namespaceSelector', () => {
  const known: NamespaceLabels = { labelsOf: name => (name === 'shop' ? { tier: 'gold' } : undefined) }
  const select = (selector: object, request = POD, labels = known) =>
    matchRequest(matchOf({ resourceRules: [RULE], namespaceSelector: selector }), request, [], labels)
  const gold = { matchLabels: { tier: 'gold' } }
  const notGold = { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['gold'] }] }
  const named = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })

  it('asks the labels of the namespace', () => {
    expect(select(gold)).toEqual({ kind: 'matches' })
    expect(select(notGold)).toEqual({ kind: 'other' })
  })

  it('does not know what nobody knows', () => {
    const elsewhere = { ...POD, namespace: 'elsewhere' }
    expect(select(gold, elsewhere)).toEqual({ kind: 'unknown', namespace: 'elsewhere' })
    expect(select(notGold, elsewhere)).toEqual({ kind: 'unknown', namespace: 'elsewhere' })
  })

  it('always knows the name of a namespace', () => {
    expect(select(named('shop'), POD, NO_NAMESPACE_LABELS)).toEqual({ kind: 'matches' })
    expect(select(named('other'), POD, NO_NAMESPACE_LABELS)).toEqual({ kind: 'other' })
    const matchExpressions = [{ key: 'tier', operator: 'Exists' }]
    expect(select({ ...named('other'), matchExpressions }, POD, NO_NAMESPACE_LABELS).kind).toBe('other')
    expect(select({ ...named('shop'), matchExpressions }, POD, NO_NAMESPACE_LABELS).kind).toBe('unknown')
  })
  it('does not ask about what lives in no namespace', () => {
    expect(select(gold, VOLUME)).toEqual({ kind: 'matches' })
  })

  it('asks a Namespace about its own labels, those that it is about to have', () => {
    expect(select(gold, NAMESPACE, NO_NAMESPACE_LABELS)).toEqual({ kind: 'matches' })
    expect(select(notGold, NAMESPACE, NO_NAMESPACE_LABELS)).toEqual({ kind: 'other' })
    const renamed = { ...NAMESPACE, object: { metadata: { labels: { tier: 'lead' } } }, oldObject: NAMESPACE.object }
    expect(select(gold, renamed, NO_NAMESPACE_LABELS)).toEqual({ kind: 'other' })
    const deleted = { ...NAMESPACE, operation: 'DELETE', object: null, oldObject: NAMESPACE.object } as const
    expect(select(gold, deleted, NO_NAMESPACE_LABELS)).toEqual({ kind: 'matches' })
  })

  it('knows the name of a Namespace whose manifest leaves the label out', () => {
    expect(select(named('shop'), NAMESPACE, NO_NAMESPACE_LABELS)).toEqual({ kind: 'matches' })
    expect(select(named('other'), NAMESPACE, NO_NAMESPACE_LABELS)).toEqual({ kind: 'other' })
  })
})

describe('excluded namespaces', () => {
  const inSystem = { ...POD, namespace: 'kube-system' }
  const kind = (request: AdmissionRequest, spec: Readonly<Record<string, unknown>> = {}, excluded = ['kube-system']) =>
    matchRequest(matchOf({ resourceRules: [RULE] }, spec), request, excluded, NO_NAMESPACE_LABELS)

  it('are those of the gateway', () => {
    expect(kind(inSystem)).toEqual({ kind: 'excluded', namespace: 'kube-system' })
    expect(kind(POD)).toEqual({ kind: 'matches' })
    expect(kind(inSystem, {}, [])).toEqual({ kind: 'matches' })
  })

  it('are those of the policy instead, where it names any', () => {
    expect(kind(inSystem, { excludeNamespaces: [] })).toEqual({ kind: 'matches' })
    expect(kind(inSystem, { excludeNamespaces: ['shop'] })).toEqual({ kind: 'matches' })
    expect(kind(POD, { excludeNamespaces: ['shop'] })).toEqual({ kind: 'excluded', namespace: 'shop' })
  })

  it.each(['kube-system-2', 'my-kube-system', 'kube', 'Kube-System', 'shop'])('are not %s', namespace => {
    expect(kind({ ...POD, namespace })).toEqual({ kind: 'matches' })
  })

  it('are excluded with their Namespace object', () => {
    const namespace = requestFor({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } })
    expect(kind(namespace)).toEqual({ kind: 'excluded', namespace: 'kube-system' })
    expect(kind(NAMESPACE)).toEqual({ kind: 'matches' })
  })

  it('do not hide what lives in no namespace', () => {
    expect(kind({ ...VOLUME, name: 'kube-system' })).toEqual({ kind: 'matches' })
  })

  it('are not claimed by a policy that is about something else', () => {
    const services = { matchConstraints: { resourceRules: [{ ...RULE, resources: ['services'] }] } }
    expect(kind(inSystem, services)).toEqual({ kind: 'other' })
  })

  it('believe the request, not the manifest', () => {
    const liar = { ...requestFor(pod(undefined, { namespace: 'kube-system' })), namespace: 'shop' }
    expect(kind(liar)).toEqual({ kind: 'matches' })
  })
})

describe('evaluate', () => {
  const set = setOf(
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: 'gold' },
      spec: {
        validationActions: ['Deny'],
        matchConstraints: { namespaceSelector: { matchLabels: { tier: 'gold' } } },
        checks: [{ check: 'host-path' }],
      },
    }),
  )
  const request = requestFor(pod(specWithHostPath('/etc')))
  const context = {
    namespaceLabels: NO_NAMESPACE_LABELS,
    facts: subjectFacts(),
    unknownNamespaces: 'apply',
  } as const

  it('applies a policy whose namespace nobody knows to a live request, and says so', () => {
    const told: string[] = []
    const onUnknownNamespace = ({ name }: { name: string }, namespace: string) => told.push(`${name} ${namespace}`)
    const { results } = evaluate(set, request, { ...context, onUnknownNamespace })
    expect(results.map(({ outcome }) => outcome.kind)).toEqual(['violation'])
    expect(told).toEqual(['gold shop'])
  })

  it('skips it for a file, with the reason', () => {
    const { results } = evaluate(set, request, { ...context, unknownNamespaces: 'skip' })
    expect(results.map(({ check, outcome }) => ({ check, outcome }))).toEqual([
      {
        check: '',
        outcome: {
          kind: 'skipped',
          reason: 'its namespaceSelector needs the labels of namespace shop, which are not known here',
        },
      },
    ])
  })

  it('says which policies did not look because the namespace is excluded', () => {
    const { results, excluded } = evaluate(set, { ...request, namespace: 'kube-system' }, context)
    expect(results).toEqual([])
    expect(excluded.map(({ policy, namespace }) => [policy.name, namespace])).toEqual([['gold', 'kube-system']])
  })

  it('asks only the policies that are selected', () => {
    expect(evaluate(set, request, { ...context, selects: () => false }).results).toEqual([])
    expect(evaluate(set, request, { ...context, selects: ({ name }) => name === 'gold' }).results).toHaveLength(1)
  })

  it('stops when the time is over, and says so', () => {
    expect(evaluate(set, request, { ...context, isExpired: () => true })).toEqual({
      results: [],
      isComplete: false,
      excluded: [],
    })
    let asked = 0
    const late = evaluate(set, request, { ...context, isExpired: () => ++asked > 1 })
    expect(late).toEqual({ results: [], isComplete: false, excluded: [] })
  })

  it('times each policy by the clock that it is given', () => {
    let now = 0
    const observed: [string, number][] = []
    const timer = {
      now: () => now++,
      observe: ({ name }: { name: string }, seconds: number) => void observed.push([name, seconds]),
    }
    evaluate(set, request, { ...context, timer })
    expect(observed).toEqual([['gold', 1]])
  })

  it('is an error where a policy matches what its check cannot judge', () => {
    const everything = hostPathSet({}, { matchConstraints: { resourceRules: [{ ...RULE, resources: ['*'] }] } })
    const outcomes = (manifest: object) =>
      evaluate(everything, requestFor(manifest), context).results.map(({ outcome }) => outcome)
    expect(outcomes({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })).toEqual([
      { kind: 'error', message: 'it matches ConfigMap, which the check host-path cannot judge' },
    ])
    expect(outcomes({ apiVersion: 'example.com/v1', kind: 'Pod', metadata: { name: 'a' } })).toEqual([
      { kind: 'error', message: 'it matches example.com/Pod, which the check host-path cannot judge' },
    ])
    expect(outcomes(pod())).toEqual([{ kind: 'pass', warnings: [] }])
  })

  it('passes a deletion, whatever goes', () => {
    const everything = hostPathSet({}, { matchConstraints: { resourceRules: [{ ...RULE, resources: ['*'] }] } })
    const request = requestFor(pod(specWithHostPath('/etc')), { operation: 'DELETE' })
    const { results } = evaluate(everything, request, context)
    expect(results.map(({ outcome }) => outcome.kind)).toEqual(['pass'])
    const withObject = { ...requestFor(pod(specWithHostPath('/etc'))), operation: 'DELETE' } as const
    expect(evaluate(everything, withObject, context).results.map(({ outcome }) => outcome.kind)).toEqual(['pass'])
  })
})
