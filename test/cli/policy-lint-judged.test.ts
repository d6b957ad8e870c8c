import { describe, expect, it } from 'vitest'
import { folderOf, podText, runLint } from '../lint/harness.ts'

const policyText = (name: string, spec = '') =>
  `apiVersion: portcullis.dev/v1alpha1\nkind: Policy\nmetadata: {name: ${name}}\nspec: {validationActions: [Deny], checks: [{check: host-path}]${spec}}\n`
const WIDGET =
  'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, namespace: shop}\nspec: {pod: {volumes: [{name: v, hostPath: {path: /etc}}]}}\n'
const BY_TIER = ', matchConstraints: {namespaceSelector: {matchLabels: {tier: prod}}}'

describe('an object that was not judged is not green', () => {
  it('ends with exit code 2, and says what to add', async () => {
    const cwd = folderOf({ 'p/a.yaml': policyText('a'), 'p/b.yaml': policyText('b'), 'w.yaml': WIDGET })
    const run = await runLint(['--policies', 'p', 'w.yaml'], { cwd })
    expect(run.code).toBe(2)
    expect(
      run.stdout,
    ).toBe(`w.yaml:1: not judged: /spec/pod looks like a pod (volumes), and was not judged: add to spec.podTemplates of the policy: {group: example.com, kind: Widget, resource: widgets, pointers: [/spec/pod]}
  Widget shop/w, policies a, b

1 file, 1 document, 1 object: no findings, 2 skipped (2 not judged: the cluster may refuse), 0 errors
`)
    expect((await runLint(['--quiet', '--policies', 'p', 'w.yaml'], { cwd })).stdout).toContain('not judged: /spec/pod')
  })

  it('is told in JSON', async () => {
    const cwd = folderOf({ 'p/a.yaml': policyText('a'), 'w.yaml': WIDGET })
    const { code, stdout } = await runLint(['--format=json', '--policies', 'p', 'w.yaml'], { cwd })
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      summary: { skipped: 1, unjudged: 1 },
      skipped: [{ policy: 'a', check: '', unjudged: true, object: { kind: 'Widget' } }],
    })
  })

  it('is clean for who asks for it', async () => {
    const cwd = folderOf({ 'p/a.yaml': policyText('a'), 'w.yaml': WIDGET, 'bad.yaml': podText('/etc') })
    expect((await runLint(['--allow-unjudged', '--policies', 'p', 'w.yaml'], { cwd })).code).toBe(0)
    expect((await runLint(['--allow-unjudged', '--policies', 'p', 'w.yaml', 'bad.yaml'], { cwd })).code).toBe(1)
  })
})

describe('labels of a namespace that are not known', () => {
  const files = {
    'p/a.yaml': policyText('a', BY_TIER),
    'audit/a.yaml': policyText('a', BY_TIER).replace('[Deny]', '[Audit]'),
    'good.yaml': podText('/data/app'),
    'bad.yaml': podText('/etc'),
    'namespaces.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: dev}}\n',
  }
  it.each([
    ['decide, if the policy would refuse', ['--policies=p', 'bad.yaml'], 2],
    ['make no difference, if it would not', ['--policies=p', 'good.yaml'], 0],
    ['are only counted, if it would only record', ['--policies=audit', 'bad.yaml'], 0],
    ['are known from --namespaces', ['--policies=p', '--namespaces=namespaces.yaml', 'bad.yaml'], 0],
    ['are left open for who asks for it', ['--policies=p', '--allow-unjudged', 'bad.yaml'], 0],
  ])('%s', async (_name, argv, code) => {
    expect((await runLint(argv, { cwd: folderOf(files) })).code).toBe(code)
  })

  it('are named with what they decide', async () => {
    const { stdout } = await runLint(['--policies=p', 'bad.yaml'], { cwd: folderOf(files) })
    expect(stdout).toContain(
      'not judged: its namespaceSelector needs the labels of namespace shop, which are not known here (see --namespaces); if it selects the namespace: volume "host" mounts hostPath "/etc"',
    )
  })
})

describe('policies that are not read', () => {
  it('are told: in folders, and in files of other endings', async () => {
    const cwd = folderOf({
      'p/a.yaml': policyText('a'),
      'p/b.yml': policyText('b'),
      'p/c.json': JSON.stringify({
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Policy',
        metadata: { name: 'c' },
        spec: { validationActions: ['Deny'], checks: [{ check: 'privileged' }] },
      }),
      'p/team/d.yaml': policyText('d'),
      'p/team/deep/e.json': '{"apiVersion":"portcullis.dev/v1alpha1","kind":"Policy"}',
      'p/g.yaml.bak': policyText('g'),
      'p/README.md': '# Policies\n',
      'p/tests/a.yaml': 'apiVersion: portcullis.dev/v1alpha1\nkind: PolicyTest\n',
      'p/exceptions/a.yaml': 'apiVersion: portcullis.dev/v1alpha1\nkind: PolicyException\n',
      'p/manifests/pod.yaml': podText('/etc'),
      'good.yaml': podText('/data/app'),
    })
    const { code, stderr } = await runLint(['--policies', 'p', 'good.yaml'], { cwd })
    expect(code).toBe(0)
    expect(stderr.trimEnd().split('\n')).toEqual([
      'policy-lint: warning: p/g.yaml.bak:1:1: g.yaml.bak holds a Policy and is not in force: only .yaml, .yml and .json are read: give it such an ending',
      'policy-lint: warning: p/team/d.yaml:1:1: d.yaml holds a Policy and is not in force: folders within the folder are not read: move it up, or name its folder',
      'policy-lint: warning: p/team/deep/e.json:1:1: e.json holds a Policy and is not in force: folders within the folder are not read: move it up, or name its folder',
    ])
  })

  it('are no reason to refuse a single file', async () => {
    const cwd = folderOf({
      'p/a.yaml': policyText('a'),
      'p/x/b.yaml': policyText('b'),
      'good.yaml': podText('/data/app'),
    })
    expect(await runLint(['--policies', 'p/a.yaml', 'good.yaml'], { cwd })).toMatchObject({ code: 0, stderr: '' })
  })
})

it('refuses a policy that can match nothing, as the cluster does', async () => {
  const rules =
    ', matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pod]}]}'
  const cwd = folderOf({ 'p/a.yaml': policyText('a', rules), 'bad.yaml': podText('/etc') })
  const { code, stderr } = await runLint(['--policies', 'p', 'bad.yaml'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toContain('there is no resource "pod" in the group "" (did you mean "pods"?)')
})
