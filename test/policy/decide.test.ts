import { describe, expect, it } from 'vitest'
import type { CheckResult, Finding } from '../../src/checks/check.ts'
import type { CompiledPolicy } from '../../src/policy/compile.ts'
import { strictestAction } from '../../src/policy/decide.ts'
import { judge, requestFor, setOf } from '../support/engine.ts'
import { pod } from '../support/host-path-cases.ts'
import { testCheck } from '../support/reviews.ts'

const VIOLATION: Finding = { pointer: '/spec', message: 'it is bad', level: 'violation', key: 'bad' }
const WARNING: Finding = { pointer: '/metadata', message: 'it is odd', level: 'warning', key: 'odd' }

/** What is decided where one check says this and one policy wants that. */
function decisionOn(result: CheckResult, actions: readonly string[], spec: object = {}, manifest: object = pod()) {
  const policy = {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'policy' },
    spec: { validationActions: actions, ...spec, checks: [{ check: 'says' }] },
  }
  return judge(setOf(JSON.stringify(policy), '', { checks: [testCheck('says', () => result)] }), requestFor(manifest))
}

/** The lists of a decision by their messages; what is empty is left out. */
function shown(decision: ReturnType<typeof decisionOn>) {
  const lists = {
    denials: decision.denials.map(({ finding }) => finding.message),
    warnings: decision.warnings.map(({ finding }) => finding.message),
    audits: decision.audits.map(({ finding }) => finding.message),
    errors: decision.errors.map(({ message }) => message),
    ignoredErrors: decision.ignoredErrors.map(({ message }) => message),
    skipped: decision.skipped.map(({ message }) => message),
  }
  return {
    allowed: decision.allowed,
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
  }
}

describe('validationActions', () => {
  it.each<[actions: readonly string[], findings: readonly Finding[], expected: object]>([
    [['Deny'], [VIOLATION], { allowed: false, denials: ['it is bad'] }],
    [['Warn'], [VIOLATION], { allowed: true, warnings: ['it is bad'] }],
    [['Audit'], [VIOLATION], { allowed: true, audits: ['it is bad'] }],
    [['Deny', 'Audit'], [VIOLATION], { allowed: false, denials: ['it is bad'], audits: ['it is bad'] }],
    [['Audit', 'Deny'], [VIOLATION], { allowed: false, denials: ['it is bad'], audits: ['it is bad'] }],
    [['Warn', 'Audit'], [VIOLATION], { allowed: true, warnings: ['it is bad'], audits: ['it is bad'] }],
    // A warning never denies, and a policy that only records does not speak.
    [['Deny'], [WARNING], { allowed: true, warnings: ['it is odd'] }],
    [['Deny', 'Audit'], [WARNING], { allowed: true, warnings: ['it is odd'] }],
    [['Warn'], [WARNING], { allowed: true, warnings: ['it is odd'] }],
    [['Audit'], [WARNING], { allowed: true, audits: ['it is odd'] }],
    [['Deny'], [WARNING, VIOLATION], { allowed: false, denials: ['it is bad'], warnings: ['it is odd'] }],
    [['Deny'], [VIOLATION, VIOLATION], { allowed: false, denials: ['it is bad', 'it is bad'] }],
    [['Deny'], [], { allowed: true }],
  ])('%j', (actions, findings, expected) => {
    expect(shown(decisionOn({ findings }, actions))).toEqual(expected)
  })

  it.each([
    [['Deny', 'Audit'], 'Deny'],
    [['Audit', 'Deny'], 'Deny'],
    [['Audit', 'Warn'], 'Warn'],
    [['Audit'], 'Audit'],
  ] as const)('of %j the strictest is %s', (actions, strictest) => {
    expect(strictestAction({ actions } as unknown as CompiledPolicy)).toBe(strictest)
  })
})

describe('skipped', () => {
  it('denies nothing and is said', () => {
    expect(shown(decisionOn({ findings: [], skipped: 'no owner' }, ['Deny']))).toEqual({
      allowed: true,
      skipped: ['no owner'],
    })
  })

  it('stands beside what was found', () => {
    expect(shown(decisionOn({ findings: [VIOLATION], skipped: 'no owner' }, ['Deny']))).toEqual({
      allowed: false,
      denials: ['it is bad'],
      skipped: ['no owner'],
    })
  })
})

describe('failurePolicy', () => {
  const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } }
  const decide = (actions: readonly string[], failurePolicy?: string) => {
    const spec = { matchConstraints: { resourceRules: [rule] }, ...(failurePolicy && { failurePolicy }) }
    return shown(decisionOn({ findings: [] }, actions, spec, node))
  }
  const message = 'it matches Node, which the check says cannot judge'

  it('Fail, the default, denies', () => {
    expect(decide(['Deny'])).toEqual({ allowed: false, errors: [message] })
    expect(decide(['Deny'], 'Fail')).toEqual({ allowed: false, errors: [message] })
    expect(decide(['Audit', 'Deny'], 'Fail')).toEqual({ allowed: false, errors: [message] })
  })

  it('Ignore lets through, and says so', () => {
    expect(decide(['Deny'], 'Ignore')).toEqual({ allowed: true, ignoredErrors: [message] })
  })

  it('denies nothing in a policy that does not deny', () => {
    expect(decide(['Warn'], 'Fail')).toEqual({ allowed: true, ignoredErrors: [message] })
    expect(decide(['Audit'], 'Fail')).toEqual({ allowed: true, ignoredErrors: [message] })
  })
})

describe('several policies', () => {
  it('are heard in the order of their names, each with its own action', () => {
    const policy = (name: string, action: string) =>
      JSON.stringify({
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Policy',
        metadata: { name },
        spec: { validationActions: [action], checks: [{ check: 'says' }, { check: 'tells' }] },
      })
    const text = [policy('b', 'Deny'), policy('a', 'Deny'), policy('c', 'Warn')].join('\n---\n')
    const checks = ['says', 'tells'].map(id => testCheck(id, () => ({ findings: [VIOLATION] })))
    const { denials, warnings } = judge(setOf(text, '', { checks }), requestFor(pod()))
    expect(denials.map(({ policy: name }) => name)).toEqual(['a', 'a', 'b', 'b'])
    expect(warnings.map(({ policy: name, action }) => `${name} ${action}`)).toEqual(['c Warn', 'c Warn'])
  })
})
