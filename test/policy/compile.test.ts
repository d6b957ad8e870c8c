import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { type CompiledPolicy, compileDocument } from '../../src/policy/compile.ts'
import { describeProblem } from '../../src/policy/problems.ts'
import { documentsOf, setOf } from '../support/engine.ts'

const ALLOWED = CHECKS.map(({ id }) => id).join(', ')

const HEAD = `apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata:
  name: host-path
spec:
  validationActions: [Deny]
  checks:
    - check: host-path
`

/** Everything that is wrong with a document, as it is printed. */
function problemsOf(text: string, kinds: readonly string[] = ['Policy']): readonly string[] {
  const [document] = documentsOf(text, kinds, 'a.yaml')
  if (document === undefined) throw new Error('a test needs a document')
  const compiled = compileDocument(document, CHECKS)
  return compiled.ok ? [] : compiled.problems.map(describeProblem)
}

function compile(text: string): CompiledPolicy {
  const [policy] = setOf(text).policies
  if (policy === undefined) throw new Error('a test needs a policy')
  return policy
}

describe('a policy', () => {
  it('has defaults for what it leaves out', () => {
    const { actions, failurePolicy, match, podTemplates, checks } = compile(HEAD)
    expect({ actions, failurePolicy, podTemplates }).toEqual({
      actions: ['Deny'],
      failurePolicy: 'Fail',
      podTemplates: [],
    })
    expect(match).toMatchObject({
      excludeRules: [],
      isExact: false,
      namespaceSelector: [],
      objectSelector: [],
      excludeNamespaces: undefined,
    })
    expect(checks.map(({ id }) => id)).toEqual(['host-path'])
  })

  it('may say that it has no CEL', () => {
    expect(problemsOf(`${HEAD}  matchConditions: []\n  validations: []\n`)).toEqual([])
  })

  it('may hold labels, annotations and whatever else the API server writes into metadata', () => {
    const metadata = 'name: host-path\n  labels: {a: b}\n  annotations: {c: d}\n  uid: 1-2\n  generation: 3'
    expect(problemsOf(HEAD.replace('name: host-path', metadata))).toEqual([])
  })
})

describe('what is wrong is said with its place and what would be right', () => {
  const policy = (change: [from: string, to: string]) => HEAD.replace(...change)

  it.each<[what: string, text: string, problems: readonly string[]]>([
    [
      'an unknown field',
      `${HEAD}  failurepolicy: Fail\n`,
      [
        'a.yaml:9:3: /spec/failurepolicy: unknown field "failurepolicy" (did you mean "failurePolicy"?); allowed: validationActions, failurePolicy, matchConstraints, matchConditions, excludeNamespaces, podTemplates, checks, validations, staged',
      ],
    ],
    [
      'an unknown field that is like none',
      `${HEAD}zzz: 1\n`,
      ['a.yaml:9:1: /zzz: unknown field "zzz"; allowed: apiVersion, kind, metadata, spec'],
    ],
    [
      'a word that is not allowed',
      policy(['[Deny]', '[deny]']),
      [
        'a.yaml:6:23: /spec/validationActions/0: "deny" is not allowed (did you mean "Deny"?); must be one of "Deny", "Warn", "Audit"',
      ],
    ],
    [
      'a scalar for a list',
      policy(['[Deny]', 'Deny']),
      ['a.yaml:6:22: /spec/validationActions: must be a list of one of "Deny", "Warn", "Audit", not a string'],
    ],
    ['an empty list', policy(['[Deny]', '[]']), ['a.yaml:6:22: /spec/validationActions: must not be empty']],
    [
      'an action twice',
      policy(['[Deny]', '[Deny, Deny]']),
      ['a.yaml:6:22: /spec/validationActions: names an action twice'],
    ],
    [
      'Deny with Warn',
      policy(['[Deny]', '[Deny, Warn]']),
      [
        'a.yaml:6:22: /spec/validationActions: Deny and Warn must not stand together: a denial would say everything twice',
      ],
    ],
    [
      'a missing field',
      policy(['  validationActions: [Deny]\n', '']),
      [
        'a.yaml:6:3: /spec/validationActions: required field "validationActions" is missing: a list of one of "Deny", "Warn", "Audit"',
      ],
    ],
    [
      'no spec',
      'apiVersion: portcullis.dev/v1alpha1\nkind: Policy\nmetadata: {name: a}\n',
      ['a.yaml:1:1: /spec: required field "spec" is missing: an object'],
    ],
    [
      'a null',
      policy(['[Deny]', 'null']),
      ['a.yaml:6:22: /spec/validationActions: must be a list of one of "Deny", "Warn", "Audit", not null'],
    ],
    [
      'another version',
      policy(['v1alpha1', 'v1']),
      ['a.yaml:1:13: /apiVersion: "portcullis.dev/v1" is not allowed; must be "portcullis.dev/v1alpha1"'],
    ],
    [
      'a slip in the group',
      policy(['portcullis.dev/v1alpha1', 'portcullis.dev/v1alpha']),
      [
        'a.yaml:1:13: /apiVersion: "portcullis.dev/v1alpha" is not allowed (did you mean "portcullis.dev/v1alpha1"?); must be "portcullis.dev/v1alpha1"',
      ],
    ],
    [
      'no version',
      policy(['apiVersion: portcullis.dev/v1alpha1\n', '']),
      ['a.yaml:1:1: /apiVersion: required field "apiVersion" is missing: must be "portcullis.dev/v1alpha1"'],
    ],
    [
      'a name that is none',
      policy(['name: host-path', 'name: Host_Path']),
      ['a.yaml:4:9: /metadata/name: must be a DNS name: lower-case letters, digits, "-" and "."'],
    ],
    [
      'a name that is a number',
      policy(['name: host-path', 'name: 5']),
      ['a.yaml:4:9: /metadata/name: must be a string, not a number'],
    ],
    [
      'a name that is too long',
      policy(['name: host-path', `name: ${'a'.repeat(254)}`]),
      ['a.yaml:4:9: /metadata/name: must have at most 253 characters'],
    ],
    [
      'a check that does not exist',
      policy(['check: host-path', 'check: hostpath']),
      [`a.yaml:8:14: /spec/checks/0/check: unknown check "hostpath" (did you mean "host-path"?); allowed: ${ALLOWED}`],
    ],
    [
      'a fault in params',
      `${HEAD}      params: {mode: none, allowed: []}\n`,
      [
        'a.yaml:9:37: /spec/checks/0/params/allowed: is not read in mode none, only in mode protected, allowlist and strict: remove it or change the mode',
      ],
    ],
    [
      'CEL in validations',
      `${HEAD}  validations:\n    - expression: 'true'\n`,
      [
        'a.yaml:10:5: /spec/validations: validations is not supported yet: this version evaluates no CEL. Remove it, or the policy would mean less than it says',
      ],
    ],
    [
      'CEL in matchConditions',
      `${HEAD}  matchConditions: [{name: a, expression: 'true'}]\n`,
      [
        'a.yaml:9:20: /spec/matchConditions: matchConditions is not supported yet: this version evaluates no CEL. Remove it, or the policy would mean less than it says',
      ],
    ],
    [
      'two faults',
      `${policy(['[Deny]', '[deny]'])}  zzz: 1\n`,
      [
        'a.yaml:6:23: /spec/validationActions/0: "deny" is not allowed (did you mean "Deny"?); must be one of "Deny", "Warn", "Audit"',
        'a.yaml:9:3: /spec/zzz: unknown field "zzz"; allowed: validationActions, failurePolicy, matchConstraints, matchConditions, excludeNamespaces, podTemplates, checks, validations, staged',
      ],
    ],
    [
      'a star beside others',
      `${HEAD}  matchConstraints:\n    resourceRules:\n      - {apiGroups: ["*", apps], apiVersions: [v1], operations: [CREATE], resources: [pods]}\n`,
      [
        'a.yaml:11:21: /spec/matchConstraints/resourceRules/0/apiGroups: "*" must stand alone: it already matches everything',
      ],
    ],
    [
      'a resource that is none',
      `${HEAD}  matchConstraints:\n    resourceRules:\n      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [Pods]}\n`,
      [
        'a.yaml:11:80: /spec/matchConstraints/resourceRules/0/resources/0: must be a resource such as "pods", "pods/exec", "*" or "*/scale"',
      ],
    ],
    [
      'a selector that is no selector',
      `${HEAD}  matchConstraints:\n    objectSelector:\n      matchExpressions: [{key: a, operator: Exists, values: [b]}, {key: b, operator: Is}]\n`,
      [
        'a.yaml:11:61: /spec/matchConstraints/objectSelector/matchExpressions/0/values: operator Exists takes no values',
        'a.yaml:11:86: /spec/matchConstraints/objectSelector/matchExpressions/1/operator: "Is" is not allowed (did you mean "In"?); must be one of "In", "NotIn", "Exists", "DoesNotExist"',
      ],
    ],
    [
      'a label that is no text',
      `${HEAD}  matchConstraints:\n    objectSelector: {matchLabels: {a: 1}}\n`,
      ['a.yaml:10:39: /spec/matchConstraints/objectSelector/matchLabels/a: must be a string, not a number'],
    ],
    [
      'a pointer that is none',
      `${HEAD}  podTemplates: [{group: a, kind: B, resource: bs, pointers: [spec.template]}]\n`,
      [
        'a.yaml:9:63: /spec/podTemplates/0/pointers/0: must be a JSON Pointer such as "/spec/template"; "*" stands for every element of a list',
      ],
    ],
  ])('%s', (_what, text, problems) => {
    expect(problemsOf(text)).toEqual(problems)
  })
})

describe('a document of another kind', () => {
  const kind = (name: string, kinds?: readonly string[]) =>
    problemsOf(HEAD.replace('kind: Policy', `kind: ${name}`), kinds)

  it.each([
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
  ])('is refused, and never left out in silence: %s', name => {
    expect(kind(name)).toEqual([
      `a.yaml:2:7: /kind: ${name} is not supported yet: this version evaluates no CEL; allowed here: Policy`,
    ])
  })

  it('is told where an exception belongs', () => {
    expect(kind('PolicyException')).toEqual([
      'a.yaml:2:7: /kind: a PolicyException does not belong here: put it in the folder of --exceptions; allowed here: Policy',
    ])
  })

  it('is told what is like it', () => {
    expect(kind('Polcy')).toEqual([
      'a.yaml:2:7: /kind: unknown kind "Polcy" (did you mean "Policy"?); allowed here: Policy',
    ])
    expect(kind('ConfigMap')).toEqual(['a.yaml:2:7: /kind: unknown kind "ConfigMap"; allowed here: Policy'])
    expect(kind('Policy', ['PolicyException'])).toEqual([
      'a.yaml:2:7: /kind: a Policy does not belong here: put it in the folder of --policies; allowed here: PolicyException',
    ])
  })

  it.each(['a: b', '[1]', '"text"', 'kind: [Policy]', '5'])('has no kind: %s', text => {
    expect(problemsOf(text)).toEqual(['a.yaml:1:1: is no policy document: it has no kind; allowed here: Policy'])
  })
})

describe('a hostile document', () => {
  it.each(['constructor', 'toString'])('has no field %s', key => {
    expect(problemsOf(`${HEAD}${key}: 1\n`)).toEqual([
      `a.yaml:9:1: /${key}: unknown field "${key}"; allowed: apiVersion, kind, metadata, spec`,
    ])
  })

  it('keeps to one line and to a length', () => {
    const [problem = ''] = problemsOf(`${HEAD}"${'x'.repeat(5000)}\\n\\e[2J": 1\n`)
    expect(problem).toMatch(/unknown field "x+…"; allowed: /)
    const [, pointerLess = ''] = /: (unknown field .*)$/s.exec(problem) ?? []
    expect(pointerLess.length).toBeLessThan(400)
    expect(problem).not.toMatch(/\p{Cc}/u)
  })
})
