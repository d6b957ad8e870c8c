import { describe, expect, it } from 'vitest'
import { documentsOf, load } from '../support/engine.ts'

const RULE = { apiVersions: ['*'], operations: ['CREATE', 'UPDATE'] }

function faultsOf(spec: unknown, check = 'host-path') {
  const text = JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'p' },
    spec: { validationActions: ['Deny'], checks: [{ check }], ...(spec as object) },
  })
  const { problems, warnings } = load(documentsOf(text))
  const shown = ({ pointer, message }: { readonly pointer: string; readonly message: string }) =>
    `${pointer.replace('/spec/matchConstraints', '')}: ${message}`
  return { refused: problems.map(shown), warned: warnings.map(shown) }
}

const rules = (...resourceRules: readonly object[]) => ({
  matchConstraints: { resourceRules: resourceRules.map(rule => ({ ...RULE, ...rule })) },
})
const selector = (field: string, value: object) => ({ matchConstraints: { [field]: value } })
const NAME = 'kubernetes.io/metadata.name'
const named = (...values: readonly string[]) => ({ matchExpressions: [{ key: NAME, operator: 'In', values }] })

describe('a policy that can match nothing is refused', () => {
  it.each([
    [
      'a singular',
      rules({ apiGroups: [''], resources: ['pod'] }),
      'no resource "pod" in the group "" (did you mean "pods"?)',
    ],
    [
      'a singular in every group',
      rules({ apiGroups: ['*'], resources: ['deployment'] }),
      '"deployment" (did you mean "deployments"?)',
    ],
    [
      'a singular of a custom resource',
      rules({ apiGroups: ['tekton.dev'], resources: ['task'] }),
      '(did you mean "tasks"?)',
    ],
    ['a slip', rules({ apiGroups: ['apps'], resources: ['deploymets'] }), '(did you mean "deployments"?)'],
    ['another group', rules({ apiGroups: [''], resources: ['deployments'] }), '(did you mean the group "apps"?)'],
    [
      'a group that is not there',
      rules({ apiGroups: ['app'], resources: ['deployments'] }),
      '(did you mean the group "apps"?)',
    ],
    [
      'scope Cluster of pods',
      rules({ apiGroups: [''], resources: ['pods'], scope: 'Cluster' }),
      'scope "Cluster" leaves nothing of "pods"',
    ],
    [
      'scope Namespaced of volumes',
      rules({ apiGroups: [''], resources: ['persistentvolumes'], scope: 'Namespaced' }),
      'they are in no namespace',
    ],
    ['deletions', rules({ apiGroups: [''], resources: ['pods'], operations: ['DELETE'] }), 'no check judges DELETE'],
    [
      'connections',
      rules({ apiGroups: [''], resources: ['pods/exec'], operations: ['CONNECT'] }),
      'no check judges CONNECT',
    ],
    [
      'subresources without a pod',
      rules({ apiGroups: [''], resources: ['pods/log'] }),
      'no check of this policy judges the subresource',
    ],
    [
      'everything excluded',
      {
        matchConstraints: {
          excludeResourceRules: [{ ...RULE, apiGroups: ['*'], resources: ['*/*'], operations: ['*'] }],
        },
      },
      'excludes everything',
    ],
    [
      'the only rule excluded',
      {
        matchConstraints: {
          ...rules({ apiGroups: [''], resources: ['pods'] }).matchConstraints,
          excludeResourceRules: [{ ...RULE, apiGroups: [''], resources: ['pods', 'services'] }],
        },
      },
      'excludes everything',
    ],
    [
      'every named namespace excluded',
      { ...selector('namespaceSelector', named('a', 'b')), excludeNamespaces: ['a', 'b', 'c'] },
      'excludes every namespace that namespaceSelector names (a, b)',
    ],
    [
      'In and NotIn',
      selector('objectSelector', {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['x'] },
          { key: 'a', operator: 'NotIn', values: ['x', 'y'] },
        ],
      }),
      'can never select anything',
    ],
    [
      'Exists and DoesNotExist',
      selector('namespaceSelector', {
        matchExpressions: [
          { key: 'a', operator: 'Exists' },
          { key: 'a', operator: 'DoesNotExist' },
        ],
      }),
      'must be there and must not be there',
    ],
    [
      'matchLabels against matchExpressions',
      selector('namespaceSelector', {
        matchLabels: { a: 'x' },
        matchExpressions: [{ key: 'a', operator: 'In', values: ['y'] }],
      }),
      'can never select anything',
    ],
    [
      'a label and its absence',
      selector('namespaceSelector', {
        matchLabels: { a: 'x' },
        matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }],
      }),
      'can never select anything',
    ],
  ])('%s', (_name, spec, message) => {
    const { refused } = faultsOf(spec)
    expect(refused).toHaveLength(1)
    expect(refused[0]).toContain(message)
  })

  it('as are contradictions in exceptions', () => {
    const text = JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'PolicyException',
      metadata: { name: 'e' },
      spec: {
        policies: ['p'],
        reason: 'r',
        match: {
          objectSelector: {
            matchLabels: { a: 'x' },
            matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }],
          },
        },
      },
    })
    const { problems } = load(documentsOf(text, ['PolicyException']))
    expect(problems.map(({ pointer }) => pointer)).toEqual(['/spec/match/objectSelector'])
  })
})

describe('what only looks like a mistake is warned of', () => {
  it.each([
    [
      'a part that matches nothing',
      rules({ apiGroups: [''], resources: ['pods', 'pod'] }),
      '/resourceRules/0/resources/1: there is no resource "pod"',
    ],
    [
      'one rule of two',
      rules({ apiGroups: [''], resources: ['pods'] }, { apiGroups: [''], resources: ['jobs'] }),
      '/resourceRules/1/resources/0: there is no resource "jobs" in the group "" (did you mean the group "batch"?)',
    ],
    [
      'one rule excluded',
      {
        matchConstraints: {
          ...rules({ apiGroups: [''], resources: ['pods'] }, { apiGroups: ['apps'], resources: ['deployments'] })
            .matchConstraints,
          excludeResourceRules: [{ ...RULE, apiGroups: ['apps'], resources: ['*'] }],
        },
      },
      '/resourceRules/1: everything that this rule matches is excluded',
    ],
    [
      'a selector of namespaces for what is in none',
      {
        matchConstraints: {
          ...rules({ apiGroups: [''], resources: ['persistentvolumes'] }).matchConstraints,
          namespaceSelector: { matchLabels: { a: 'b' } },
        },
      },
      '/namespaceSelector: has no effect',
    ],
    [
      'a kind that the check cannot judge',
      rules({ apiGroups: ['example.com'], resources: ['widgets'] }),
      'add to podTemplates: {group: example.com, kind: <its kind>, resource: widgets, pointers: [/spec/template]}',
    ],
    [
      'another one of Kubernetes',
      rules({ apiGroups: [''], resources: ['pods', 'services'] }),
      'the check host-path cannot judge "services", and a request for what it cannot judge is an error: leave it out',
    ],
    ['everything', rules({ apiGroups: ['*'], resources: ['*'] }), 'cannot judge everything that "*" matches'],
    [
      'podTemplates that no rule matches',
      {
        ...rules({ apiGroups: [''], resources: ['pods'] }),
        podTemplates: [{ group: 'example.com', kind: 'Widget', resource: 'widgets', pointers: [''] }],
      },
      'it is never looked at',
    ],
    [
      'another resource of a known kind',
      { podTemplates: [{ group: 'tekton.dev', kind: 'Task', resource: 'task', pointers: ['/spec'] }] },
      'the resource of Task is "tasks", not "task"',
    ],
    [
      'namespaces that the gateway leaves alone',
      selector('namespaceSelector', named('kube-system')),
      'names only namespaces that are left alone (kube-system',
    ],
  ])('%s', (_name, spec, message) => {
    const { refused, warned } = faultsOf(spec)
    expect(refused).toEqual([])
    expect(warned).toHaveLength(1)
    expect(warned[0]).toContain(message)
  })
})

describe('what can match is neither', () => {
  it.each([
    ['nothing said', {}],
    ['pods and all that is under them', rules({ apiGroups: [''], resources: ['pods/*'] })],
    ['an old group', rules({ apiGroups: ['extensions'], resources: ['deployments'] })],
    [
      'a known custom resource',
      rules({ apiGroups: ['apps.kruise.io', 'apps'], resources: ['statefulsets', 'clonesets'] }),
    ],
    [
      'another custom resource, with its place',
      {
        ...rules({ apiGroups: ['example.com'], resources: ['widgets'] }),
        podTemplates: [{ group: 'example.com', kind: 'Widget', resource: 'widgets', pointers: [''] }],
      },
    ],
    ['a deletion beside others', rules({ apiGroups: [''], resources: ['pods'], operations: ['CREATE', 'DELETE'] })],
    [
      'two lists with something in common',
      selector('objectSelector', {
        matchLabels: { a: 'x' },
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['x', 'y'] },
          { key: 'a', operator: 'Exists' },
        ],
      }),
    ],
    [
      'some of the named namespaces excluded',
      { ...selector('namespaceSelector', named('a', 'b')), excludeNamespaces: ['a'] },
    ],
    [
      'an exclusion of something else',
      {
        matchConstraints: {
          ...rules({ apiGroups: [''], resources: ['pods'] }).matchConstraints,
          excludeResourceRules: [{ ...RULE, apiGroups: [''], resources: ['pods'], resourceNames: ['a'] }],
        },
      },
    ],
  ])('%s', (_name, spec) => {
    expect(faultsOf(spec)).toEqual({ refused: [], warned: [] })
  })
})
