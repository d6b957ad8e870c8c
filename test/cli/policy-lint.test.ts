import { describe, expect, it } from 'vitest'
import { shippedExceptionNames } from '../../src/cli/documents.ts'
import { policyLint } from '../../src/cli/policy-lint.ts'
import { folderOf, placesIn, podText, runLint } from '../lint/harness.ts'

const EXCEPTIONS = await shippedExceptionNames()
const good = podText('/data/app')
const bad = podText('/etc')

const policy = (name: string, spec: string) => `apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: ${name}}
spec:
  checks: [{check: host-path}]
${spec.includes('validationActions') ? '' : '  validationActions: [Deny]\n'}${spec}
`

describe('exit codes', () => {
  const cases: readonly {
    readonly name: string
    readonly argv: readonly string[]
    readonly files?: Readonly<Record<string, string | Buffer>>
    readonly stdin?: string
    readonly code: number
    readonly stderr: string | RegExp
  }[] = [
    { name: '0: nothing to refuse', argv: ['a.yaml'], files: { 'a.yaml': good }, code: 0, stderr: '' },
    {
      name: '0: a warning alone',
      argv: ['-'],
      stdin: `${podText('/data')}        type: DirectoryOrCreate\n`,
      code: 0,
      stderr: '',
    },
    {
      name: '0: files of other kinds beside an object',
      argv: ['.'],
      files: { 'a.yaml': good, 'values.yaml': 'a: 1', 'tsconfig.json': '{\n// no JSON\n}' },
      code: 0,
      stderr: '',
    },
    { name: '1: a violation', argv: ['a.yaml'], files: { 'a.yaml': bad }, code: 1, stderr: '' },
    { name: '1: a violation on the standard input', argv: ['-'], stdin: bad, code: 1, stderr: '' },
    {
      name: '2: a file that cannot be parsed, even beside a violation',
      argv: ['.'],
      files: { 'a.yaml': bad, 'b.yaml': 'a: [' },
      code: 2,
      stderr: 'b.yaml:1:5: error: a list or mapping in brackets is not closed\n',
    },
    {
      name: '2: a Helm template',
      argv: ['a.yaml'],
      files: { 'a.yaml': '{{- if .Values.x }}\na: 1\n{{ end }}' },
      code: 2,
      stderr: /^a\.yaml:1:\d+: error: .+; a Helm template\? Render it first: helm template … \| policy-lint -\n/,
    },
    {
      name: '2: a duplicate key, and the other documents are still judged',
      argv: ['a.yaml'],
      files: { 'a.yaml': `a: 1\na: 2\n---\n${bad}` },
      code: 2,
      stderr: 'a.yaml:2:1: error: the key "a" is set twice, in line 1 and in line 2\n',
    },
    {
      name: '2: nesting without end',
      argv: ['-'],
      stdin: '['.repeat(100_000),
      code: 2,
      stderr: /^<stdin>:1:20\d: error: the document nests deeper than 200 levels\n$/,
    },
    {
      name: '2: aliases that multiply',
      argv: ['-'],
      stdin: `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
        .join('\n')}\n`,
      code: 2,
      stderr: /^<stdin>:\d:\d+: error: aliases repeat too much; write the values out\n$/,
    },
    {
      name: '2: a file that is not text',
      argv: ['a.yaml'],
      files: { 'a.yaml': Buffer.from([0x61, 0xff]) },
      code: 2,
      stderr: 'a.yaml:1:1: error: this is not UTF-8 text; save it as UTF-8\n',
    },
    {
      name: '2: a file in UTF-16 that ends within a character',
      argv: ['a.yaml'],
      files: { 'a.yaml': Buffer.from('\ufeffa: 1', 'utf16le').subarray(0, -1) },
      code: 2,
      stderr: 'a.yaml:1:1: error: this is not UTF-16 text; save it as UTF-8\n',
    },
    {
      name: '2: a path that is not there',
      argv: ['nope'],
      code: 2,
      stderr: 'nope:1:1: error: there is no such file or folder\n',
    },
    {
      name: '2: a glob that matches nothing',
      argv: ['*.yaml'],
      code: 2,
      stderr: '*.yaml:1:1: error: this pattern matches no file: nothing was checked\n',
    },
    {
      name: '2: a folder without an object',
      argv: ['.'],
      files: { 'a.yaml': 'a: 1', 'b.yaml': 'b: 1' },
      code: 2,
      stderr: '.:1:1: error: there is no Kubernetes object in these 2 files: nothing was checked\n',
    },
    {
      name: '2: a named file without an object',
      argv: ['a.yaml', 'b.yaml'],
      files: { 'a.yaml': good, 'b.yaml': 'b: 1' },
      code: 2,
      stderr: 'b.yaml:1:1: error: there is no Kubernetes object here: nothing was checked\n',
    },
    {
      name: '2: an empty standard input',
      argv: ['-'],
      code: 2,
      stderr: '<stdin>:1:1: error: there is no Kubernetes object here: nothing was checked\n',
    },
    {
      name: '2: an object that forgot its apiVersion',
      argv: ['.'],
      files: { 'a.yaml': good, 'b.yaml': 'kind: Pod\nspec: {}' },
      code: 2,
      stderr: 'b.yaml:1:1: error: this is no Kubernetes object: it has no apiVersion\n',
    },
    {
      name: '2: a chart',
      argv: ['.'],
      files: { 'a.yaml': bad, 'app/Chart.yaml': '', 'app/templates/b.yaml': '{{' },
      code: 2,
      stderr:
        'app/Chart.yaml:1:1: error: this folder is a Helm chart; render it first: helm template app | policy-lint -\n',
    },
    {
      name: '2: no path',
      argv: [],
      code: 2,
      stderr: 'policy-lint: nothing to check: name files, folders or globs, or - for the standard input; see --help\n',
    },
    {
      name: '2: an unknown option',
      argv: ['--polices=x', 'a.yaml'],
      code: 2,
      stderr: 'policy-lint: unknown option --polices (did you mean "--policies"?); see --help\n',
    },
    {
      name: '2: a format that does not exist',
      argv: ['--format=xml', 'a.yaml'],
      code: 2,
      stderr: 'policy-lint: --format must be one of text, json, not "xml"\n',
    },
    {
      name: '2: a namespace that cannot be',
      argv: ['--namespace=A_B', 'a.yaml'],
      code: 2,
      stderr: 'policy-lint: --namespace must be the name of a namespace, not "A_B"\n',
    },
    {
      name: '2: an exception that does not come with Portcullis',
      argv: ['--enable-exception=k3s', 'a.yaml'],
      code: 2,
      stderr: `policy-lint: --enable-exception knows no "k3s"; allowed: ${EXCEPTIONS.join(', ')}, or none\n`,
    },
    {
      name: '2: a folder without a policy',
      argv: ['--policies=empty', 'a.yaml'],
      files: { 'a.yaml': good, 'empty/README.md': '' },
      code: 2,
      stderr: 'empty:1:1: error: there is no policy here: nothing can be checked\n',
    },
    {
      name: '2: a policy that does not compile',
      argv: ['--policies=p', 'a.yaml'],
      files: { 'a.yaml': good, 'p/a.yaml': policy('a', '  failurePolicy: Fai') },
      code: 2,
      stderr:
        'p/a.yaml:7:18: error: /spec/failurePolicy: "Fai" is not allowed (did you mean "Fail"?); must be one of "Fail", "Ignore"\n',
    },
    {
      name: '2: a folder of exceptions that is not there',
      argv: ['--exceptions=nope', 'a.yaml'],
      files: { 'a.yaml': good },
      code: 2,
      stderr: 'nope:1:1: error: --exceptions: no such file or folder\n',
    },
    {
      name: '2: namespaces that cannot be read',
      argv: ['--namespaces=n.yaml', 'a.yaml'],
      files: { 'a.yaml': good, 'n.yaml': 'apiVersion: v1\nkind: Pod\n' },
      code: 2,
      stderr: 'n.yaml:2:7: error: /kind: must be a Namespace of v1, or a List of them, not "Pod"\n',
    },
    {
      name: '2: a policy that cannot judge what it matches',
      argv: ['--policies=p', 'a.yaml'],
      files: {
        'a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n',
        'p/a.yaml': policy(
          'all',
          '  matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]}',
        ),
      },
      code: 2,
      stderr:
        /a\.yaml:1:1: error: ConfigMap c could not be judged by the policy all: it matches ConfigMap, which the check host-path cannot judge\n/,
    },
  ]
  it.each(cases)('$name', async ({ argv, files, stdin, code, stderr }) => {
    const run = await runLint(argv, { cwd: folderOf(files ?? {}), ...(stdin !== undefined && { stdin }) })
    if (stderr instanceof RegExp) expect(run.stderr).toMatch(stderr)
    else expect(stderr === '' ? run.stderr : run.stderr.slice(0, stderr.length)).toBe(stderr)
    expect(run.code).toBe(code)
  })

  it('2: a crash, which says so and never looks like a verdict', async () => {
    let stderr = ''
    const code = await policyLint.run(['--help'], {
      stdin: process.stdin,
      stdout: () => {
        throw new Error('the terminal is gone')
      },
      stderr: text => {
        stderr += text
      },
      env: {},
      cwd: '/',
      isTerminal: false,
      onStop: () => {},
    })
    expect(stderr).toContain(
      'policy-lint: internal error, nothing can be said about the files: Error: the terminal is gone',
    )
    expect(code).toBe(2)
  })

  it('0: --help names every option, and --version the version', async () => {
    const help = await runLint(['--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    for (const name of [
      'policies',
      'exceptions',
      'enable-exception',
      'exclude-namespaces',
      'namespaces',
      'namespace',
      'format',
      'quiet',
      'no-color',
      'help',
      'version',
    ]) {
      expect(help.stdout).toContain(`--${name}`)
    }
    expect(Math.max(...help.stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
    expect((await runLint(['-V'])).stdout).toMatch(/^policy-lint \d+\.\d+\.\d+\n$/)
  })
})

const message = 'volume "host" mounts hostPath "/etc", which is a protected path: '
const instead = 'Instead: use an emptyDir'

describe('text', () => {
  it('says where, what, what to do instead and who says so, and counts', async () => {
    const { stdout } = await runLint(['.'], { cwd: folderOf({ 'b/a.yaml': bad, 'a.yaml': good }) })
    const lines = stdout.split('\n')
    expect(lines[0]?.startsWith(`b/a.yaml:11:15: deny: ${message}`)).toBe(true)
    expect(lines.slice(1, 5)).toEqual([
      '     9 |     - name: host',
      '    10 |       hostPath:',
      '  > 11 |         path: /etc',
      '       |               ^^^^',
    ])
    expect(lines[5]?.startsWith(`  ${instead}`)).toBe(true)
    expect(lines.slice(6)).toEqual([
      '  Pod shop/web, policy host-path/host-path',
      '',
      '2 files, 2 documents, 2 objects: 1 finding (1 deny), 0 skipped, 0 errors',
      '',
    ])
  })

  it('is sorted by file, line and column whatever the order of the arguments, and the same on every run', async () => {
    const two = `${bad}---\n${podText('/', 'second')}`
    const cwd = folderOf({ 'b.yaml': two, 'a.yaml': two, 'c/a.yaml': two })
    const first = await runLint(['c', 'b.yaml', 'a.yaml'], { cwd })
    expect(first.stdout.match(/^\S+:\d+:\d+/gm)).toEqual([
      'a.yaml:11:15',
      'a.yaml:23:15',
      'b.yaml:11:15',
      'b.yaml:23:15',
      'c/a.yaml:11:15',
      'c/a.yaml:23:15',
    ])
    expect(await runLint(['a.yaml', 'c', 'b.yaml'], { cwd })).toEqual(first)
  })

  it('names the excluded namespaces and how many objects were not checked', async () => {
    const system = ['a', 'b'].map(name => podText('/', name, 'kube-system')).join('---\n')
    const run = await runLint(['-'], { stdin: `${system}---\n${podText('/', 'c', 'kube-public')}` })
    expect(run).toEqual({
      code: 0,
      stdout: `Not checked: 1 object in the excluded namespace kube-public (host-path; see --exclude-namespaces)
Not checked: 2 objects in the excluded namespace kube-system (host-path; see --exclude-namespaces)
1 file, 3 documents, 3 objects: no findings, 0 skipped, 0 errors
`,
      stderr: '',
    })
    expect((await runLint(['--exclude-namespaces=none', '-'], { stdin: system })).code).toBe(1)
  })

  it('says so in every format: nothing is green because nobody looked', async () => {
    const stdin = podText('/', 'a', 'kube-system')
    const quiet = await runLint(['--quiet', '-'], { stdin })
    expect(quiet.stdout).toContain('Not checked: 1 object in the excluded namespace kube-system')
    const json = JSON.parse((await runLint(['--format=json', '-'], { stdin })).stdout)
    expect(json).toMatchObject({
      summary: { findings: 0, skipped: 1 },
      skipped: [{ policy: 'host-path', reason: 'namespace kube-system is excluded: see --exclude-namespaces' }],
    })
  })

  it('names findings that an exception lets pass, and why', async () => {
    const stdin =
      'apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv}\nspec:\n  local: {path: /var/lib/rancher/k3s/storage/pvc-1}\n'
    const run = await runLint(['-'], { stdin })
    expect(run.stdout).toContain('<stdin>:5:17: exempt: the PersistentVolume has the local path')
    expect(run.stdout).toContain(
      "  Let pass by the exception k3s-local-path: k3s' local-path provisioner keeps its volumes here\n",
    )
    expect(run.stdout).toContain('1 object: no findings, 1 exempt, 0 skipped, 0 errors\n')
    expect(run.code).toBe(0)
    const json = JSON.parse((await runLint(['--format=json', '-'], { stdin })).stdout)
    expect(json.skipped[0].reason).toMatch(/^exempt by k3s-local-path \(k3s' local-path .*\): the PersistentVolume has/)
    const reason = "k3s' local-path provisioner keeps its volumes here"
    const object = { apiVersion: 'v1', kind: 'PersistentVolume', namespace: '', name: 'pv' }
    expect(json.exempt).toEqual([
      {
        ...{ file: '<stdin>', line: 5, column: 17, endLine: 5, endColumn: 51 },
        ...{ policy: 'host-path', check: 'host-path', exception: 'k3s-local-path', reason, object },
        message: expect.stringMatching(/^the PersistentVolume has the local path/),
      },
    ])
    expect((await runLint(['--enable-exception=none', '-'], { stdin })).code).toBe(1)
  })

  it('says that an exception has run out', async () => {
    const exception = `apiVersion: portcullis.dev/v1alpha1
kind: PolicyException
metadata: {name: old, namespace: x}
spec: {policies: [host-path], match: {namespaces: [shop]}, reason: once, expires: "2020-01-01T00:00:00Z"}
`
    const run = await runLint(['--exceptions=e.yaml', 'a.yaml'], {
      cwd: folderOf({ 'e.yaml': exception, 'a.yaml': bad }),
    })
    expect(run.stderr).toBe('policy-lint: exception old expired on 2020-01-01 and no longer counts\n')
    expect(run.code).toBe(1)
  })

  it('reports a rule that it cannot apply as not judged, until the labels of the namespace are known', async () => {
    const cwd = folderOf({
      'p.yaml': policy('prod', '  matchConstraints: {namespaceSelector: {matchLabels: {tier: prod}}}'),
      'a.yaml': bad,
      'n.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: prod}}\n',
      'm.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n',
    })
    const unknown = await runLint(['--policies=p.yaml', 'a.yaml'], { cwd })
    expect(unknown).toMatchObject({ code: 2, stderr: '' })
    expect(unknown.stdout).toContain(
      'a.yaml:1: not judged: its namespaceSelector needs the labels of namespace shop, which are not known here',
    )
    expect(unknown.stdout).toContain('no findings, 1 skipped (1 not judged: the cluster may refuse), 0 errors')
    expect((await runLint(['--policies=p.yaml', '--namespaces=n.yaml', 'a.yaml'], { cwd })).code).toBe(1)
    const other = await runLint(['--policies=p.yaml', '--namespaces=m.yaml', 'a.yaml'], { cwd })
    expect(other).toMatchObject({ code: 0, stdout: '1 file, 1 document, 1 object: no findings, 0 skipped, 0 errors\n' })
  })

  it('calls a finding what its policy does about it', async () => {
    const cwd = folderOf({
      'p/w.yaml': policy('b-warns', '  validationActions: [Warn]'),
      'p/a.yaml': policy('c-audits', '  validationActions: [Audit]'),
      'p/d.yaml': policy('a-denies', '  validationActions: [Deny, Audit]'),
      'a.yaml': bad,
    })
    const { stdout } = await runLint(['--policies=p', '--all', 'a.yaml'], { cwd })
    expect(stdout.match(/(?<=^a.yaml:11:15: )\w+/gm)).toEqual(['deny', 'warn', 'audit'])
    expect(stdout).toContain('3 findings (1 deny, 1 warn, 1 audit), 0 skipped')
    // What is only recorded is counted, and shown to who asks.
    const normal = await runLint(['--policies=p', 'a.yaml'], { cwd })
    expect(normal.stdout.match(/(?<=^a.yaml:11:15: )\w+/gm)).toEqual(['deny', 'warn'])
    expect(normal.stdout).toContain('3 findings (1 deny, 1 warn, 1 audit: see --all), 0 skipped')
    const quiet = await runLint(['-q', '--policies=p', 'a.yaml'], { cwd })
    expect(quiet.stdout.match(/^a.yaml.*?: \w+/gm)).toEqual(['a.yaml:11:15: deny'])
    expect(quiet.stdout).not.toContain('3 findings')
    const lenient = folderOf({ 'p.yaml': policy('warns', '  validationActions: [Warn]'), 'a.yaml': bad })
    expect((await runLint(['--policies=p.yaml', 'a.yaml'], { cwd: lenient })).code).toBe(0)
  })

  it('reports what a lenient policy could not judge as skipped', async () => {
    const everything =
      '  matchConstraints: {resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"]}]}'
    const cwd = folderOf({ 'p.yaml': policy('all', `  failurePolicy: Ignore\n${everything}`) })
    const stdin = 'apiVersion: v1\nkind: Service\nmetadata: {generateName: web-}\n'
    const run = await runLint(['--policies=p.yaml', '-'], { cwd, stdin })
    expect(run).toEqual({
      code: 0,
      stdout: `<stdin>:1: skipped: could not be judged: it matches Service, which the check host-path cannot judge
  Service default/web-…, policy all/host-path

1 file, 1 document, 1 object: no findings, 1 skipped, 0 errors
`,
      stderr: expect.stringContaining('the check host-path cannot judge everything that "*" matches'),
    })
  })

  it('judges objects without a namespace in the one that --namespace names', async () => {
    const stdin = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{name: v, hostPath: {path: /}}]}\n'
    expect((await runLint(['-'], { stdin })).stdout).toContain('  Pod default/a, policy')
    expect((await runLint(['--namespace=kube-system', '-'], { stdin })).code).toBe(0)
  })

  it('is coloured on a terminal alone, and not where NO_COLOR or --no-color forbid it', async () => {
    const colored = (run: { readonly stdout: string }) => run.stdout.includes('\u001b[')
    expect(colored(await runLint(['-'], { stdin: bad, isTerminal: true }))).toBe(true)
    expect(colored(await runLint(['-'], { stdin: bad }))).toBe(false)
    expect(colored(await runLint(['-'], { stdin: bad, isTerminal: true, env: { NO_COLOR: '1' } }))).toBe(false)
    expect(colored(await runLint(['--no-color', '-'], { stdin: bad, isTerminal: true }))).toBe(false)
  })

  it('keeps what a manifest says from reaching the terminal raw', async () => {
    const name = String.raw`"a\e[31m\x9b31m\u202e\n::error::x"`
    const stdin = `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${name}}\nspec: {volumes: [{name: ${name}, hostPath: {path: "/etc\\e"}}]}\n`
    for (const argv of [['-'], ['--format=json', '-']]) {
      const { stdout, stderr } = await runLint(argv, { stdin })
      expect(stdout.length).toBeGreaterThan(100)
      expect(stdout + stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
      expect(stdout + stderr).not.toMatch(/^::error/m)
    }
  })
})

describe('json', () => {
  it('is exactly this', async () => {
    const cwd = folderOf({
      'p/a.yaml': policy('a', ''),
      'p/b.yaml': policy('b', '  matchConstraints: {namespaceSelector: {matchLabels: {tier: prod}}}'),
      'm/a.yaml': `${bad}---\na: 1\na: 2\n`,
      'm/b.yaml': 'a: 1',
    })
    const { code, stdout } = await runLint(['--format', 'json', '--policies', 'p', 'm', 'nope'], { cwd })
    const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' }
    const expected = {
      summary: { files: 2, documents: 3, objects: 1, findings: 1, skipped: 1, unjudged: 1, errors: 2 },
      findings: [
        {
          file: 'm/a.yaml',
          line: 11,
          column: 15,
          endLine: 11,
          endColumn: 19,
          policy: 'a',
          check: 'host-path',
          action: 'Deny',
          pointer: '/spec/volumes/0/hostPath/path',
          message: expect.stringContaining(message),
          hint: expect.stringContaining('use an emptyDir'),
          object,
        },
      ],
      skipped: [
        {
          file: 'm/a.yaml',
          line: 1,
          policy: 'b',
          check: '',
          reason: expect.stringContaining('its namespaceSelector needs the labels of namespace shop'),
          unjudged: true,
          object,
        },
      ],
      exempt: [],
      errors: [
        { file: 'm/a.yaml', line: 14, column: 1, message: 'the key "a" is set twice, in line 13 and in line 14' },
        { file: 'nope', line: 1, column: 1, message: 'there is no such file or folder' },
      ],
    }
    const report = JSON.parse(stdout) as typeof expected
    expect(report).toEqual(expected)
    expect(keysOf(report)).toEqual(keysOf(expected))
    expect(code).toBe(2)
  })

  it('is whole when there is nothing to say, and when the policies are wrong', async () => {
    const empty = { findings: [], skipped: [], exempt: [], errors: [] }
    const clean = await runLint(['--format=json', '-'], { stdin: good })
    const summary = { files: 1, documents: 1, objects: 1, findings: 0, skipped: 0, unjudged: 0, errors: 0 }
    expect(JSON.parse(clean.stdout)).toEqual({ summary, ...empty })
    const cwd = folderOf({ 'p.yaml': 'kind: X', 'a.yaml': bad })
    const broken = await runLint(['--format=json', '--policies=p.yaml', 'a.yaml'], { cwd })
    expect(JSON.parse(broken.stdout)).toEqual({
      summary: { files: 0, documents: 0, objects: 0, findings: 0, skipped: 0, unjudged: 0, errors: 1 },
      ...empty,
      errors: [{ file: 'p.yaml', line: 1, column: 7, message: '/kind: unknown kind "X"; allowed here: Policy' }],
    })
    expect(broken.code).toBe(2)
  })

  it('does not count a byte order mark as a column', async () => {
    const pod = '{"apiVersion":"v1","kind":"Pod","spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}}'
    const { stdout } = await runLint(['--format=json', '-'], { stdin: `\ufeff${pod}` })
    expect(placesIn(stdout)).toEqual(['<stdin>:1:83-1:86 Deny'])
  })

  it('places findings in the items of Lists', async () => {
    const pod = (path: string) => `{apiVersion: v1, kind: Pod, spec: {volumes: [{name: v, hostPath: {path: ${path}}}]}}`
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${pod('/data')}\n- ${pod('/etc')}\n- apiVersion: v1\n  kind: PodList\n  items:\n  - spec:\n      volumes:\n      - {name: v, hostPath: {path: /}}\n`
    const { stdout } = await runLint(['--format=json', '-'], { stdin: list })
    expect(placesIn(stdout)).toEqual(['<stdin>:5:75-5:79 Deny', '<stdin>:11:36-11:37 Deny'])
    expect(JSON.parse(stdout)).toMatchObject({
      summary: { documents: 1, objects: 3, findings: 2 },
      findings: [{ pointer: '/spec/volumes/0/hostPath/path' }, { object: { kind: 'Pod', apiVersion: 'v1' } }],
    })
  })
})

/** Every key in the order in which it is written. */
function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf)
  if (typeof value !== 'object' || value === null || 'asymmetricMatch' in value) return null
  return Object.entries(value).map(([key, child]) => [key, keysOf(child)])
}
