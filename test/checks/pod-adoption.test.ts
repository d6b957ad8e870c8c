import { describe, expect, it } from 'vitest'
import type { OwnerAnswer } from '../../src/workload/owner.ts'
import { compileSelector } from '../../src/workload/selector.ts'
import { denialsOf, judge, requestFor, setOf } from '../support/engine.ts'

const set = setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: pod-adoption}
spec: {validationActions: [Deny], checks: [{check: pod-adoption}]}
`)

const pod = (labels: unknown) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-1',
    labels,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }],
  },
  spec: { containers: [] },
})
const found = (selector: Parameters<typeof compileSelector>[0]): OwnerAnswer => ({
  kind: 'found',
  selector: compileSelector(selector),
})
const judged = (labels: unknown, owner: OwnerAnswer | undefined) =>
  judge(set, requestFor(pod(labels)), { facts: { owner } })

describe('a pod that its owner would not adopt', () => {
  it('is refused with each label that is at fault, and what follows', () => {
    const owner = found({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'canary', operator: 'DoesNotExist' },
        { key: 'team', operator: 'Exists' },
        { key: 'zone', operator: 'NotIn', values: ['x'] },
      ],
    })
    expect(denialsOf(judged({ canary: '', zone: 'x' }, owner))).toEqual([
      '/metadata/labels: the pod\'s labels do not satisfy the selector of its owner ReplicaSet "web" ("app" must be "web", "tier" must be one of "a", "b", "canary" must not be there, "team" must be there, "zone" must not be "x"): the owner could never adopt it, and would make new pods for ever',
    ])
    expect(judged({ app: 'web', tier: 'b', team: '' }, owner).allowed).toBe(true)
  })

  it.each<[string, OwnerAnswer | undefined, string]>([
    [
      'the owner is unknown',
      { kind: 'unknown', reason: 'there is no such object' },
      'the selector of the pod\'s owner ReplicaSet "web" is not known: there is no such object',
    ],
    [
      'nobody asked',
      undefined,
      'whether ReplicaSet "web" would adopt the pod is for the cluster to say: a file does not',
    ],
  ])('is never refused where %s, and never passed in silence', (_what, owner, message) => {
    expect(judged({}, owner)).toMatchObject({
      allowed: true,
      denials: [],
      skipped: [{ policy: 'pod-adoption', check: 'pod-adoption', message }],
    })
  })
})

it.each([
  ['owners: [{group: apps.kruise.io, kind: CloneSet, resource: clonesets, selector: /spec/selector}]', []],
  ['owners: [{group: a, kind: B, resource: bs, selector: spec}]', ['must be a JSON Pointer such as "/spec/selector"']],
  [
    'owners: [{group: a, kind: B, resource: B s, selector: /s}]',
    ['must be a plural resource name such as "clonesets"'],
  ],
])('the parameter %s', (params, problems) => {
  const load = () =>
    setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: a}
spec: {validationActions: [Deny], checks: [{check: pod-adoption, params: {${params}}}]}
`)
  if (problems.length > 0) expect(load).toThrow(problems[0])
  else
    expect(load().ownerKinds).toEqual([
      { group: 'apps.kruise.io', kind: 'CloneSet', resource: 'clonesets', selector: '/spec/selector' },
    ])
})
