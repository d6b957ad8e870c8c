import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { policyLint } from '../../src/cli/policy-lint.ts'
import { folderOf } from '../lint/harness.ts'
import { testIo } from '../support/io.ts'

const POLICY = `apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: hosts}
spec: {validationActions: [Deny], checks: [{check: host-path}]}
`
const pod = (path: string) =>
  `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [], volumes: [{name: h, hostPath: {path: ${path}}}]}}`
const suite = (cases: string, policy = 'hosts') => `apiVersion: portcullis.dev/v1alpha1
kind: PolicyTest
metadata: {name: hosts}
spec:
  policy: ${policy}
  cases:
${cases}`
const good = `    - {name: root, object: ${pod('/')}, expect: Deny, message: kubelet}\n`

async function run(files: Readonly<Record<string, string>> | undefined, ...argv: readonly string[]) {
  const test = testIo()
  const cwd = files === undefined ? process.cwd() : folderOf(files)
  const code = await policyLint.run(['test', ...argv], { ...test.io, cwd })
  return { code, out: test.out(), err: test.err() }
}
const withSuite = (text: string, ...argv: readonly string[]) =>
  run({ 'p/hosts.yaml': POLICY, 'p/tests/hosts.yaml': text }, ...argv, 'p')

describe('the suites that ship', () => {
  it('come out as they say, and there is one for each policy', async () => {
    const { code, out, err } = await run(undefined)
    expect(err).toBe('')
    expect(out).toMatch(/\n10 suites, \d+ cases: all as expected\n$/)
    expect(out).not.toContain('✖')
    expect(code).toBe(0)
    const names = (folder: string) => readdirSync(folder).filter(name => name.endsWith('.yaml'))
    expect(names('policies/tests')).toEqual(names('policies'))
  })
})

describe('a case', () => {
  it('that comes out as expected is green', async () => {
    expect(await withSuite(suite(good))).toEqual({
      code: 0,
      out: 'hosts\n  ✔ root\n\n1 suite, 1 case: all as expected\n',
      err: '',
    })
    expect((await withSuite(suite(good), '-q')).out).toBe('1 suite, 1 case: all as expected\n')
  })

  it.each([
    ['another outcome', `{name: a, object: ${pod('/data')}, expect: Deny}`, 'expected Deny, but it is Allow'],
    [
      'another outcome, with what was said',
      `{name: a, object: ${pod('/')}, expect: Allow}`,
      'expected Allow, but it is Deny; it said: volume "h" mounts hostPath "/"',
    ],
    [
      'another message',
      `{name: a, object: ${pod('/')}, expect: Deny, message: sysctl}`,
      'no message contains "sysctl"; it said: volume',
    ],
    [
      'another check',
      `{name: a, object: ${pod('/')}, expect: Deny, check: privileged}`,
      'the check privileged said nothing; it was host-path',
    ],
    [
      'no exception',
      `{name: a, object: ${pod('/')}, expect: Deny, exception: x}`,
      'the exception x let nothing pass; it was none',
    ],
    [
      'a rule that never ran',
      `{name: a, object: {apiVersion: v1, kind: Service, metadata: {name: a}}, expect: Allow}`,
      'expected Allow, but it is NotMatched: the policy does not look at this object, so nothing was tested',
    ],
    [
      'an excluded namespace',
      `{name: a, object: ${pod('/')}, namespace: kube-system, expect: Allow}`,
      'expected Allow, but it is NotMatched',
    ],
  ])('with %s fails, with its line', async (_what, text, failure) => {
    const { code, out } = await withSuite(suite(`${good}    - ${text}\n`))
    expect(out).toContain(`  ✖ a\n    p/tests/hosts.yaml:8: ${failure}`)
    expect(out).toContain('1 suite, 2 cases: 1 failed\n')
    expect(code).toBe(1)
  })

  it('is judged as an update, by a user, with the labels of its namespace', async () => {
    const cases = `    - {name: known, object: ${pod('/')}, oldObject: ${pod('/')}, expect: Warn, message: a new Pod like this one}
    - {name: deleted, object: ${pod('/')}, operation: DELETE, expect: NotMatched}
`
    expect(await withSuite(suite(good + cases))).toMatchObject({ code: 0, err: '' })
  })
})

it('a check that no case made run is a failure of the suite', async () => {
  const { code, out } = await withSuite(
    suite(`    - {name: a, object: {apiVersion: v1, kind: Service, metadata: {name: a}}, expect: NotMatched}\n`),
  )
  expect(out).toContain(
    '✖ p/tests/hosts.yaml: no case made the check host-path run: what was never asked is not tested',
  )
  expect(code).toBe(1)
})

it('a suite of a policy that is not there fails', async () => {
  const { code, out } = await withSuite(suite(good, 'host'))
  expect(out).toContain('there is no policy "host"; known: hosts')
  expect(code).toBe(1)
})

describe('nothing tested is never green', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['no suite', { 'p/hosts.yaml': POLICY }, /^p\/tests:1:1: error: there is no suite here: nothing was tested\n$/],
    [
      'no case',
      { 'p/hosts.yaml': POLICY, 'p/tests/a.yaml': suite('    []\n') },
      /tests\/a\.yaml:\d+:\d+: error: \/spec\/cases: has no case/,
    ],
    ['no policy', { 'p/tests/a.yaml': suite(good) }, /there is no policy here/],
    [
      'a suite that does not load',
      { 'p/hosts.yaml': POLICY, 'p/tests/a.yaml': suite(`    - {name: a, object: {}, expects: Deny}\n`) },
      /unknown field "expects" \(did you mean "expect"\?\)/,
    ],
    [
      'a policy that does not load',
      { 'p/hosts.yaml': POLICY.replace('host-path', 'hostpath'), 'p/tests/a.yaml': suite(good) },
      /unknown check "hostpath"/,
    ],
    [
      'a policy among the suites',
      { 'p/hosts.yaml': POLICY, 'p/tests/a.yaml': POLICY },
      /a Policy does not belong here/,
    ],
  ])('%s', async (_what, files, message) => {
    const { code, out, err } = await run(files, 'p')
    expect(err).toMatch(message)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  it('a policy without a suite is told', async () => {
    const files = {
      'p/hosts.yaml': POLICY,
      'p/more.yaml': POLICY.replace('name: hosts', 'name: more'),
      'p/tests/a.yaml': suite(good),
    }
    expect(await run(files, 'p')).toMatchObject({
      code: 0,
      err: 'policy-lint: warning: the policy more has no suite\n',
    })
  })
})
