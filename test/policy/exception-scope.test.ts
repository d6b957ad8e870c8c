import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type RegisteredCheck, register } from '../../src/checks/check.ts'
import { CHECKS } from '../../src/checks/index.ts'
import { type NamespaceLabels, namespaceLabelsOf } from '../../src/policy/match.ts'
import { documentsOf, judge, load, type RequestFields, requestFor, setOf } from '../support/engine.ts'
import { pod, specWithHostPath } from '../support/host-path-cases.ts'

function policyText(check = 'host-path'): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: check },
    spec: { validationActions: ['Deny'], checks: [{ check }] },
  })
}

function exception(spec: object) {
  return {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name: 'agent', namespace: 'portcullis-system' },
    spec: { policies: ['host-path', 'namespaces'], reason: 'reads the logs', ...spec },
  }
}

describe('an exception that its object grants to itself', () => {
  const warningsOf = (spec: object) =>
    load(documentsOf(JSON.stringify(exception(spec)), ['PolicyException'])).warnings.map(
      ({ pointer, message }) => `${pointer}: ${message}`,
    )
  const itself = (pointer: string, fields: string) =>
    `${pointer}: only ${fields} restricts whom it exempts, and the author of an object chooses that: the object grants the exception to itself; add namespaces, namespaceSelector, users or groups`
  const selector = { matchLabels: { app: 'agent' } }

  it.each<[spec: object, warning: string]>([
    [{ match: { names: ['agent-*'] } }, itself('/spec/match/names', 'names')],
    [{ match: { objectSelector: selector } }, itself('/spec/match/objectSelector', 'objectSelector')],
    [{ containers: ['agent'] }, itself('/spec/containers', 'containers')],
    [{ images: ['registry.example/*'] }, itself('/spec/images', 'images')],
    [
      { match: { names: ['a'], objectSelector: selector }, containers: ['a'], images: ['b'] },
      itself('/spec/match/names', 'names and objectSelector and containers and images'),
    ],
    // They bound what is granted, not who gets it.
    [{ match: { names: ['agent'], kinds: ['Pod'] }, paths: ['/var/log'] }, itself('/spec/match/names', 'names')],
    // Empty is not there.
    [
      { match: { names: ['agent'], namespaces: [], namespaceSelector: {}, users: [], groups: [] } },
      itself('/spec/match/names', 'names'),
    ],
  ])('is warned about when it is loaded: %j', (spec, warning) => {
    expect(warningsOf(spec)).toEqual([warning])
  })

  it.each<[spec: object]>([
    [{}],
    // A list that a template filled with nothing.
    [{ match: { namespaces: [] }, containers: [], paths: [] }],
  ])('that restricts nothing switches its policies off, and is warned about: %j', spec => {
    expect(warningsOf(spec)).toEqual([
      '/spec/policies: nothing restricts it: these policies no longer refuse anything, to anyone',
    ])
  })

  it.each<[spec: object]>([
    [{ match: { names: ['agent'], namespaces: ['shop'] } }],
    [{ match: { objectSelector: selector, namespaceSelector: selector } }],
    [{ images: ['x'], match: { users: ['ann'] } }],
    [{ containers: ['x'], match: { groups: ['sre'] } }],
    [{ match: { names: ['agent'] }, breakGlass: { groups: ['sre'] } }],
    // It says honestly that everyone may.
    [{ paths: ['/var/log'] }],
    [{ match: { kinds: ['PersistentVolume'] }, paths: ['/srv/**'] }],
    [{ checks: ['host-path'] }],
    // To make one takes rights in the whole cluster, and there is no namespace to name.
    [{ match: { kinds: ['PersistentVolume'], names: ['pvc-*'] } }],
  ])('is none of these: %j', spec => {
    expect(warningsOf(spec)).toEqual([])
  })
})

describe('an exception is never granted by the object', () => {
  const bad = (metadata: Readonly<Record<string, unknown>> = {}) => pod(specWithHostPath('/var/log'), metadata)
  const allows = (spec: object, manifest: unknown, fields: RequestFields, labels?: NamespaceLabels) =>
    judge(setOf(policyText(), JSON.stringify(exception(spec))), requestFor(manifest, fields), {
      ...(labels && { namespaceLabels: labels }),
    }).allowed

  it('that is an exception itself: one under review is an object like any other', () => {
    const set = setOf(policyText())
    const wide = exception({ match: { namespaces: ['shop'] } })
    expect(judge(set, requestFor(wide)).allowed).toBe(true)
    expect(judge(set, requestFor(bad())).allowed).toBe(false)
    expect(set.exceptions).toEqual([])
  })

  it('by a namespace that the object names: the request says where it goes', () => {
    const spec = { match: { namespaces: ['monitoring'] } }
    const request = { ...requestFor(bad({ namespace: 'monitoring' })), namespace: 'shop' }
    expect(judge(setOf(policyText(), JSON.stringify(exception(spec))), request).allowed).toBe(false)
  })

  it("by labels that its annotations or its own metadata give its namespace: the port's count", () => {
    const spec = { match: { namespaceSelector: { matchLabels: { tier: 'gold' } } } }
    const labelled = bad({ labels: { tier: 'gold' } })
    expect(allows(spec, labelled, {}, namespaceLabelsOf({ shop: { tier: 'none' } }))).toBe(false)
    expect(allows(spec, bad(), {}, namespaceLabelsOf({ shop: { tier: 'gold' } }))).toBe(true)
  })

  it('by anyone but the user of the request: an impersonator counts for nothing, nor what `extra` says of him', () => {
    const spec = { match: { groups: ['sre'] } }
    const impersonated = {
      username: 'dev',
      uid: '',
      groups: ['system:authenticated'],
      extra: { 'authentication.kubernetes.io/groups': ['sre'], groups: ['sre'] },
    }
    expect(allows(spec, bad(), { userInfo: impersonated })).toBe(false)
    expect(allows(spec, bad(), { userInfo: { ...impersonated, groups: ['sre'] } })).toBe(true)
  })
})

describe('an exception by namespaceSelector for a Namespace', () => {
  const NAMESPACE = { group: '', kind: 'Namespace', resource: 'namespaces' }
  /** Dislikes every namespace. */
  const namespaces: RegisteredCheck = register({
    id: 'namespaces',
    summary: 'For tests.',
    kinds: [NAMESPACE],
    resources: [{ apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: ['namespaces'] }],
    params: z.looseObject({}).default({}),
    run: () => ({
      findings: [{ pointer: '/metadata/labels', message: 'no', level: 'violation', key: 'no' }],
    }),
  })
  const checks = [...CHECKS, namespaces]
  const gold = { tier: 'gold' }
  const namespace = (labels: object) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } })
  const spec = { match: { namespaceSelector: { matchLabels: gold } } }
  const set = setOf(policyText('namespaces'), JSON.stringify(exception(spec)), { checks })
  const decide = (fields: RequestFields, table: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
    judge(set, requestFor(namespace(gold), fields), { namespaceLabels: namespaceLabelsOf(table) })

  it('never reads the labels that the request brings', () => {
    expect(decide({}, {}).allowed).toBe(false)
    const relabelled = decide({ oldObject: namespace({ tier: 'none' }) }, { shop: { tier: 'none' } })
    expect(relabelled).toMatchObject({ exempt: [], warnings: [{ policy: 'namespaces' }] })
  })

  it('reads those that the cluster knows', () => {
    expect(decide({}, { shop: gold }).allowed).toBe(true)
    const relabelled = decide({ oldObject: namespace({ tier: 'none' }) }, { shop: gold })
    expect(relabelled).toMatchObject({ exempt: [{ exception: 'agent' }], warnings: [] })
  })

  it('grants nothing where the request names no namespace', () => {
    const request = { ...requestFor(namespace(gold)), namespace: '' }
    const table = namespaceLabelsOf({ '': gold, shop: gold })
    expect(judge(set, request, { namespaceLabels: table }).allowed).toBe(false)
  })
})
