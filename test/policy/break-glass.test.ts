import { describe, expect, it } from 'vitest'
import { documentsOf, judge, load, type RequestFields, requestFor, setOf } from '../support/engine.ts'
import { type Manifest, persistentVolume, pod, specWithHostPath, WORKLOADS } from '../support/host-path-cases.ts'

const KEY = 'portcullis.dev/break-glass-reason'
const NOW = Date.UTC(2026, 0, 1)

function policyText(name = 'host-path', actions: readonly string[] = ['Deny']): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: actions, checks: [{ check: 'host-path' }] },
  })
}

function exceptionText(spec: object = {}, name = 'emergency'): string {
  return JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name, namespace: 'portcullis-system' },
    spec: { policies: ['host-path'], breakGlass: { groups: ['sre', 'oncall'] }, reason: 'for emergencies', ...spec },
  })
}

const user = (...groups: readonly string[]) => ({ userInfo: { username: 'ann', uid: '', groups } })
const SRE = user('system:authenticated', 'sre')
const STRANGER = user('system:authenticated', 'dev')

const bad = (annotations?: object) => pod(specWithHostPath('/var/log'), annotations && { annotations })
const REASONED = { [KEY]: 'INC-1: the node is on fire' }

function decision(manifest: Manifest, fields: RequestFields = {}, spec: object = {}, policy = policyText()) {
  return judge(setOf(policy, exceptionText(spec)), requestFor(manifest, { ...SRE, ...fields }), { now: NOW })
}
const allows = (manifest: Manifest, fields: RequestFields = {}, spec: object = {}) =>
  decision(manifest, fields, spec).allowed

describe('break-glass demands a group and a reason', () => {
  it.each<[what: string, annotations: object | undefined, fields: RequestFields, expected: boolean]>([
    ['both', REASONED, SRE, true],
    ['another of its groups', REASONED, user('oncall'), true],
    ['no reason', undefined, SRE, false],
    ['the annotation alone', REASONED, STRANGER, false],
    ['neither', undefined, STRANGER, false],
    ['a user who is called like the group', REASONED, { userInfo: { username: 'sre', uid: '', groups: [] } }, false],
    ['a group that only begins like it', REASONED, user('sre-interns'), false],
    ['no user at all: a file', REASONED, { userInfo: undefined }, false],
    ['an empty reason', { [KEY]: '' }, SRE, false],
    ['a reason of spaces', { [KEY]: ' \t\n ' }, SRE, false],
    ['a reason that nobody can see', { [KEY]: '\u200b\u2060\u00ad' }, SRE, false],
    ['a reason of dots', { [KEY]: '...' }, SRE, false],
    ['a reason that is no text', { [KEY]: 1 }, SRE, false],
    ['a reason in another script', { [KEY]: '緊急' }, SRE, true],
    ['another annotation', { 'example.com/break-glass-reason': 'x1' }, SRE, false],
  ])('%s', (_what, annotations, fields, expected) => {
    expect(allows(bad(annotations), fields)).toBe(expected)
  })

  it('reads the annotation that the exception names, and then no other', () => {
    const spec = { breakGlass: { groups: ['sre'], reasonAnnotation: 'example.com/why' } }
    expect(allows(bad({ 'example.com/why': 'INC-1' }), {}, spec)).toBe(true)
    expect(allows(bad(REASONED), {}, spec)).toBe(false)
  })

  it('asks for everything else that the exception says, too', () => {
    expect(allows(bad(REASONED), {}, { match: { namespaces: ['shop'] }, paths: ['/var/log'] })).toBe(true)
    expect(allows(bad(REASONED), {}, { match: { namespaces: ['other'] } })).toBe(false)
    expect(allows(bad(REASONED), {}, { paths: ['/etc'] })).toBe(false)
    expect(allows(bad(REASONED), {}, { match: { users: ['bob'] } })).toBe(false)
    expect(allows(bad(REASONED), {}, { policies: ['other'] })).toBe(false)
  })

  it('takes the reason from the new object alone', () => {
    const widened = (annotations?: object) => pod(specWithHostPath('/etc'), annotations && { annotations })
    expect(allows(widened(REASONED), { oldObject: bad() })).toBe(true)
    expect(allows(widened(), { oldObject: bad(REASONED) })).toBe(false)
  })

  it('takes the reason from the object itself, not from its pod template', () => {
    const make = WORKLOADS['Deployment']
    if (make === undefined) throw new Error('there is no Deployment')
    const workload = make(specWithHostPath('/var/log'))
    const { selector, template } = workload['spec'] as {
      selector: object
      template: { metadata: object; spec: object }
    }
    const inTemplate = { ...template, metadata: { ...template.metadata, annotations: REASONED } }
    expect(allows({ ...workload, spec: { selector, template: inTemplate } })).toBe(false)
    const metadata = { ...(workload['metadata'] as object), annotations: REASONED }
    expect(allows({ ...workload, metadata })).toBe(true)
    // Its pods are made by a controller, whoever made the workload: they need the right of their own.
    const controller = user('system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated')
    expect(allows(bad(REASONED), controller)).toBe(false)
  })

  it('reads a list of groups and annotations as own properties only', () => {
    const inherited = JSON.parse(`{"__proto__":{"${KEY}":"INC-1"}}`) as object
    expect(allows(bad(inherited))).toBe(false)
  })
})

describe('what goes through broken glass', () => {
  it('says by whose right and for what reason', () => {
    expect(decision(bad(REASONED)).exempt).toMatchObject([
      {
        policy: 'host-path',
        exception: 'emergency',
        reason: 'for emergencies',
        glass: { group: 'sre', reason: 'INC-1: the node is on fire' },
      },
    ])
  })

  it('has a reason that is printable, on one line and of bounded length', () => {
    const [exempt] = decision(bad({ [KEY]: ` a\u001b[31m\nb ${'x'.repeat(9000)}` })).exempt
    expect(exempt?.glass?.reason).toMatch(/^a\\u001b\[31m\\u000ab x+…$/)
    expect(exempt?.glass?.reason).toHaveLength(256)
  })

  it('would have been refused: what only warns goes on warning, and raises no alarm', () => {
    const warned = judge(setOf(policyText('host-path', ['Warn']), exceptionText()), requestFor(bad(REASONED), SRE))
    expect([warned.warnings.length, warned.exempt.length]).toEqual([1, 0])
    // It stands already: nothing refuses the update.
    const standing = decision(bad(REASONED), { oldObject: bad(REASONED) })
    expect([standing.allowed, standing.exempt]).toEqual([true, []])
    expect(standing.warnings.length).toBeGreaterThan(0)
  })

  it('is nothing that an ordinary exception lets pass, wherever that one stands', () => {
    const ordinary = (name: string) => exceptionText({ breakGlass: undefined, match: { namespaces: ['shop'] } }, name)
    for (const name of ['a', 'z']) {
      const set = setOf(policyText(), `${exceptionText()}\n---\n${ordinary(name)}`)
      const { exempt } = judge(set, requestFor(bad(REASONED), SRE))
      expect(exempt.map(({ exception, glass }) => ({ exception, glass }))).toEqual([{ exception: name }])
    }
  })

  it('leaves another policy that the exception does not name', () => {
    const set = setOf(`${policyText()}\n---\n${policyText('second')}`, exceptionText())
    const { denials, exempt } = judge(set, requestFor(bad(REASONED), SRE))
    expect(denials.map(({ policy }) => policy)).toEqual(['second'])
    expect(exempt.map(({ policy }) => policy)).toEqual(['host-path'])
  })

  it('can be a volume of the whole cluster', () => {
    const volume = { ...persistentVolume('local', '/var/log'), metadata: { name: 'v', annotations: REASONED } }
    expect(allows(volume)).toBe(true)
    expect(allows(volume, STRANGER)).toBe(false)
  })
})

describe('past its date', () => {
  const spec = { expires: '2025-12-31T00:00:00Z' }

  it('the glass stays whole, and who could have broken it is told', () => {
    expect(decision(bad(REASONED), {}, spec)).toMatchObject({ allowed: false, expired: [{ exception: 'emergency' }] })
  })

  it('nobody else is', () => {
    for (const [manifest, fields] of [
      [bad(), SRE],
      [bad(REASONED), STRANGER],
    ] as const)
      expect(decision(manifest, fields, spec).expired).toEqual([])
  })
})

describe('the refusal says how the glass would be broken', () => {
  const hintOf = (fields: RequestFields, spec: object = {}, annotations?: object) =>
    decision(bad(annotations), fields, spec).denials[0]?.finding.hint ?? ''

  it('to a file, whose user nobody knows', () => {
    expect(hintOf({ userInfo: undefined }, {}, REASONED)).toMatch(
      /^use an emptyDir.*; in an emergency, a member of sre or oncall may use the break-glass exception emergency, with the annotation portcullis\.dev\/break-glass-reason$/,
    )
  })

  it('to a user who has the right and gave no reason', () => {
    expect(hintOf(SRE)).toMatch(
      /; in an emergency, give a reason in the annotation portcullis\.dev\/break-glass-reason to use the break-glass exception emergency$/,
    )
  })

  it.each<[what: string, fields: RequestFields, spec: object, annotations: object | undefined]>([
    ['a user without the right', STRANGER, {}, undefined],
    ['a user without the right but with a reason', STRANGER, {}, REASONED],
    ['anyone where it is past its date', SRE, { expires: '2025-12-31T00:00:00Z' }, undefined],
    ['anyone whom it does not cover', SRE, { paths: ['/etc'] }, undefined],
  ])('not to %s', (_what, fields, spec, annotations) => {
    expect(hintOf(fields, spec, annotations)).toMatch(/^use an emptyDir/)
    expect(hintOf(fields, spec, annotations)).not.toContain('emergency')
  })
})

describe('what is wrong with break-glass is said when it is loaded', () => {
  const everyone =
    'must be a group of particular people: everyone is in this one, or it acts for everyone, so that the annotation alone would grant'
  const kubernetes =
    'must not be an annotation of Kubernetes itself: objects bear those without anyone having given a reason'
  it.each<[breakGlass: unknown, problem: string]>([
    [{}, '/spec/breakGlass/groups: required field "groups" is missing: a list of strings'],
    [{ groups: [] }, '/spec/breakGlass/groups: must name at least one group: the annotation alone grants nothing'],
    [{ groups: [''] }, '/spec/breakGlass/groups/0: must not be empty'],
    [{ groups: ['system:authenticated'] }, `/spec/breakGlass/groups/0: ${everyone}`],
    [{ groups: ['system:unauthenticated'] }, `/spec/breakGlass/groups/0: ${everyone}`],
    [{ groups: ['system:serviceaccounts'] }, `/spec/breakGlass/groups/0: ${everyone}`],
    // The controllers live there: they would bring whatever a template's author wrote.
    [{ groups: ['system:serviceaccounts:kube-system'] }, `/spec/breakGlass/groups/0: ${everyone}`],
    // One of the groups is enough, so one that everyone is in is a hole beside any other.
    [{ groups: ['sre', 'system:authenticated'] }, `/spec/breakGlass/groups/1: ${everyone}`],
    [
      { groups: ['sre'], reasonAnnotation: 'a b' },
      '/spec/breakGlass/reasonAnnotation: must be the key of an annotation, such as portcullis.dev/break-glass-reason',
    ],
    [
      { groups: ['sre'], reasonAnnotation: 'kubectl.kubernetes.io/last-applied-configuration' },
      `/spec/breakGlass/reasonAnnotation: ${kubernetes}`,
    ],
    [
      { groups: ['sre'], annotation: 'x' },
      '/spec/breakGlass/annotation: unknown field "annotation"; allowed: groups, reasonAnnotation',
    ],
  ])('%j', (breakGlass, problem) => {
    const { problems } = load(documentsOf(exceptionText({ breakGlass }), ['PolicyException']))
    expect(problems.map(({ pointer, message }) => `${pointer}: ${message}`)).toEqual([problem])
  })

  it('a group of particular people is none of it', () => {
    for (const group of ['sre', 'system:masters', 'kubeadm:cluster-admins', 'system:serviceaccounts:ops'])
      expect(load(documentsOf(exceptionText({ breakGlass: { groups: [group] } }), ['PolicyException']))).toMatchObject({
        problems: [],
        warnings: [],
      })
  })
})
