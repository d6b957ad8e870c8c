import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { compileInjection } from '../../src/injection/compile.ts'
import { compileDocument } from '../../src/policy/compile.ts'
import { compileRollout } from '../../src/policy/rollout.ts'

const nowhere = { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }

function problemsOf(kind: string, spec: unknown, metadata: object = {}): readonly string[] | 'compiled' {
  const value = { apiVersion: 'portcullis.dev/v1alpha1', kind, metadata: { name: 'a', ...metadata }, spec }
  const source = { file: 'a', value, kinds: [kind], revision: '', locate: () => nowhere }
  const compiled =
    kind === 'CanaryRollout'
      ? compileRollout(source)
      : kind === 'SidecarInjection'
        ? compileInjection(source)
        : compileDocument(source, CHECKS)
  return compiled.ok ? 'compiled' : compiled.problems.map(({ message }) => message)
}

const many = (item: (index: number) => unknown) => Array.from({ length: 300_000 }, (_, index) => item(index))
const TOO_MANY = ['the document has more than 5000 values: split it up']

describe('a document with a third of a million values is not read', () => {
  it.each<[what: string, kind: string, spec: object]>([
    ['unknown checks', 'Policy', { validationActions: ['Deny'], checks: many(at => ({ check: `host-pat${at}` })) }],
    ['unknown actions', 'Policy', { validationActions: many(() => 1), checks: [] }],
    [
      'protected paths',
      'Policy',
      { validationActions: ['Deny'], checks: [{ check: 'host-path', params: { protected: many(at => `/${at}`) } }] },
    ],
    ['checks of an exception', 'PolicyException', { policies: ['a'], reason: 'r', checks: many(at => `a${at}`) }],
    [
      'unknown fields',
      'SidecarInjection',
      { trigger: { always: true }, containers: [Object.fromEntries(many(at => `k${at}`).map(key => [key, 0]))] },
    ],
    ['empty mounts', 'SidecarInjection', { trigger: { always: true }, volumeMounts: many(() => ({})) }],
    [
      'stages',
      'CanaryRollout',
      { target: { kind: 'Policy', name: 'a' }, stages: many(at => ({ name: `a${at}`, hold: '1s' })) },
    ],
  ])('%s', (_, kind, spec) => {
    expect(problemsOf(kind, spec)).toEqual(TOO_MANY)
  })
})

it('counts what people wrote, not what the API server notes of it', () => {
  const spec = { validationActions: ['Deny'], checks: [{ check: 'privileged' }] }
  expect(problemsOf('Policy', spec, { managedFields: many(() => ({})) })).toBe('compiled')
  expect(
    problemsOf('Policy', spec, { annotations: Object.fromEntries(many(at => [`${at}`, '']) as [string, string][]) }),
  ).toEqual(TOO_MANY)
})

it('reads no duration of a megabyte', () => {
  const stages = [{ name: 'a', hold: '0s'.repeat(500_000) }]
  expect(problemsOf('CanaryRollout', { target: { kind: 'Policy', name: 'a' }, stages })).toEqual([
    'must be at most 3650d',
  ])
})
