import { expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { policyLint } from '../../src/cli/policy-lint.ts'
import { folderOf } from '../lint/harness.ts'
import { testIo } from '../support/io.ts'

async function explain(argv: readonly string[], cwd = process.cwd()) {
  const test = testIo()
  const code = await policyLint.run(['explain', ...argv], { ...test.io, cwd })
  return { code, out: test.out(), err: test.err() }
}

it('shows why a policy is there, what it does and where, and its exceptions', async () => {
  const { code, out } = await explain(['etcd'])
  expect(out).toMatch(
    /^policy etcd \(policies\/etcd\.yaml\)\n\n {2}Why: members of an etcd cluster that had lost their data/,
  )
  expect(out).toContain('\n  action         Deny; where it cannot be judged: failurePolicy Fail\n')
  expect(out).toContain('\n  but not in     (every namespace is looked at)\n')
  expect(out).toContain('\n  exceptions     none\n')
  expect(code).toBe(0)
  expect((await explain(['--enable-exception=node-exporter', 'host-path'])).out).toContain(
    'node-exporter (node-exporter measures the node',
  )
})

it('shows the policy, then the check, where both have the name', async () => {
  const { out } = await explain(['host-path'])
  expect(out.indexOf('policy host-path')).toBe(0)
  expect(out.indexOf('\ncheck host-path\n')).toBeGreaterThan(0)
})

it.each(CHECKS)('shows the page of $id, and who uses it', async ({ id }) => {
  const { code, out } = await explain([id])
  expect(out).toContain(`check ${id}\n`)
  expect(out).toContain('## Instead')
  expect(out).toMatch(/\nPolicies: [a-z]/)
  expect(code).toBe(0)
})

it('a policy of one’s own, by its name', async () => {
  const cwd = folderOf({
    'p/a.yaml': `# Why: mine.\napiVersion: portcullis.dev/v1alpha1\nkind: Policy\nmetadata: {name: mine}\nspec: {validationActions: [Audit], checks: [{check: privileged}]}\n`,
  })
  const { out } = await explain(['--policies', 'p', 'mine'], cwd)
  expect(out).toContain('policy mine (p/a.yaml)\n\n  Why: mine.\n')
})

it.each([
  [['host-pat'], 'there is no policy or check "host-pat" (did you mean "host-path"?); there are: '],
  [[], 'name a policy or a check: control-plane, etcd, '],
  [['--nope', 'x'], 'unknown option --nope'],
  [['--policies', 'nowhere', 'x'], '--policies: no such file or folder'],
])('%j is told what is wrong', async (argv, message) => {
  const { code, out, err } = await explain(argv)
  expect(err).toContain(message)
  expect({ code, out }).toEqual({ code: 2, out: '' })
})
