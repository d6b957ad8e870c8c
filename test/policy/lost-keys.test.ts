import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { compileInjection } from '../../src/injection/compile.ts'
import { compileSuite } from '../../src/lint/policy-test/suite.ts'
import { compileDocument } from '../../src/policy/compile.ts'
import { compileRollout } from '../../src/policy/rollout.ts'
import { documentsOf } from '../support/engine.ts'

const COMPILERS = {
  Policy: (text: string) => compileDocument(sourceOf('Policy', text), CHECKS),
  PolicyException: (text: string) => compileDocument(sourceOf('PolicyException', text), CHECKS),
  SidecarInjection: (text: string) => compileInjection(sourceOf('SidecarInjection', text)),
  CanaryRollout: (text: string) => compileRollout(sourceOf('CanaryRollout', text)),
  PolicyTest: (text: string) => compileSuite(sourceOf('PolicyTest', text)),
} as const

function sourceOf(kind: string, spec: string) {
  const text = `{"apiVersion": "portcullis.dev/v1alpha1", "kind": "${kind}", "metadata": {"name": "a"}, "spec": ${spec}}`
  const [source] = documentsOf(text, [kind])
  if (source === undefined) throw new Error('one document')
  return source
}

describe('a key that a schema would drop makes a document faulty', () => {
  it.each<[what: string, kind: keyof typeof COMPILERS, spec: string, pointer: string]>([
    [
      'in a label selector of an exception',
      'PolicyException',
      '{"policies": ["host-path"], "reason": "r", "match": {"objectSelector": {"matchLabels": {"__proto__": "x"}}}}',
      '/spec/match/objectSelector/matchLabels/__proto__',
    ],
    [
      'beside another label',
      'PolicyException',
      '{"policies": ["host-path"], "reason": "r", "match": {"namespaceSelector": {"matchLabels": {"a": "b", "__proto__": "x"}}}}',
      '/spec/match/namespaceSelector/matchLabels/__proto__',
    ],
    [
      'as a field of an exception',
      'PolicyException',
      '{"policies": ["host-path"], "reason": "r", "__proto__": {"expires": "2027-01-01T00:00:00Z"}}',
      '/spec/__proto__',
    ],
    [
      'in a selector of a policy',
      'Policy',
      '{"validationActions": ["Deny"], "checks": [{"check": "privileged"}], "matchConstraints": {"objectSelector": {"matchLabels": {"__proto__": "x"}}}}',
      '/spec/matchConstraints/objectSelector/matchLabels/__proto__',
    ],
    [
      'in the parameters of a check',
      'Policy',
      '{"validationActions": ["Deny"], "checks": [{"check": "host-path", "params": {"__proto__": {"mode": "none"}}}]}',
      '/spec/checks/0/params/__proto__',
    ],
    [
      'in the labels of an injection',
      'SidecarInjection',
      '{"trigger": {"always": true}, "labels": {"__proto__": "x"}}',
      '/spec/labels/__proto__',
    ],
    [
      'in a container of an injection',
      'SidecarInjection',
      '{"trigger": {"always": true}, "containers": [{"name": "a", "image": "b", "__proto__": {}}]}',
      '/spec/containers/0/__proto__',
    ],
    [
      'in a stage of a rollout',
      'CanaryRollout',
      '{"target": {"kind": "Policy", "name": "p"}, "stages": [{"name": "s", "namespaceSelector": {"matchLabels": {"__proto__": "x"}}}]}',
      '/spec/stages/0/namespaceSelector/matchLabels/__proto__',
    ],
    [
      'in the labels of a test case',
      'PolicyTest',
      '{"policy": "p", "cases": [{"name": "c", "object": {}, "namespaceLabels": {"__proto__": "x"}, "expect": "Deny"}]}',
      '/spec/cases/0/namespaceLabels/__proto__',
    ],
  ])('%s', (_what, kind, spec, pointer) => {
    const compiled = COMPILERS[kind](spec)
    expect(compiled.ok ? [] : compiled.problems.map(problem => [problem.pointer, problem.message])).toEqual([
      [pointer, 'the key "__proto__" is neither a field nor a label: remove it'],
    ])
  })

  it('but stays in the object of a test case, which may have any key', () => {
    const compiled = COMPILERS.PolicyTest(
      '{"policy": "p", "cases": [{"name": "c", "object": {"__proto__": 1, "metadata": {"labels": {"__proto__": "x"}}}, "expect": "Deny"}]}',
    )
    const [first] = compiled.ok ? compiled.document.cases : []
    expect(JSON.stringify(first?.object)).toBe('{"__proto__":1,"metadata":{"labels":{"__proto__":"x"}}}')
  })

  it.each(['constructor', 'toString', 'hasOwnProperty'])('and keeps the label %s as any other', key => {
    const compiled = COMPILERS.PolicyException(
      `{"policies": ["host-path"], "reason": "r", "match": {"objectSelector": {"matchLabels": {"${key}": "x"}}}}`,
    )
    expect(compiled.ok && 'objectSelector' in compiled.document && compiled.document.objectSelector).toEqual([
      { key, operator: 'In', values: ['x'] },
    ])
  })
})
