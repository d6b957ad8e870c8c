import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import type { Json } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { folderOf, runLint } from '../lint/harness.ts'

const EXAMPLES = 'examples/injections'

const injection = (more = '') => `apiVersion: portcullis.dev/v1alpha1
kind: SidecarInjection
metadata: {name: tailer}
spec:
  trigger: {always: true}
  labels: {tailed: "yes"}
  containers: [{name: tailer, image: "tailer:1", resources: {requests: {cpu: 1m}, limits: {memory: 8Mi}}}]
${more}`

const pod = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: "web:1"}]}
`
const template = 'metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}'

/** A workload of a kind whose template stands where `spec` puts it. */
const workload = (kind: string, spec: string) => `apiVersion: ${kind.includes('/') ? kind.replace(/\/\w+$/, '') : 'v1'}
kind: ${kind.split('/').at(-1)}
metadata: {name: web}
spec: ${spec}
`

interface Case {
  readonly name: string
  readonly argv: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly code: number
  readonly stderr: string | RegExp
}

async function run({ argv, files = {}, stdin }: Pick<Case, 'argv' | 'files' | 'stdin'>) {
  const cwd = folderOf({ 'injections/a.yaml': injection(), ...files })
  return runLint(['inject', '--injections', 'injections', ...argv], { cwd, ...(stdin !== undefined && { stdin }) })
}

/** All documents of a text. */
function valuesIn(text: string): readonly Json[] {
  const { documents, problems } = parseYaml(text)
  expect(problems).toEqual([])
  return documents.map(({ value }) => value)
}

describe('exit codes', () => {
  const cases: readonly Case[] = [
    {
      name: '0: injected',
      argv: ['-'],
      stdin: pod,
      code: 0,
      stderr: '1 file, 1 object, 1 pod: 1 injected, 0 left as they are\n',
    },
    {
      name: '0: an object without a pod',
      argv: ['-'],
      stdin: 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n',
      code: 0,
      stderr: '1 file, 1 object, 0 pods: 0 injected, 0 left as they are\n',
    },
    {
      name: '0: a namespace that nothing is injected into',
      argv: ['-', '--namespace', 'kube-system'],
      stdin: pod,
      code: 0,
      stderr: /0 injected, 1 left as they are\n$/,
    },
    {
      name: '1: an injection that denies',
      argv: ['-'],
      files: { 'injections/a.yaml': injection('  onConflict: Deny\n') },
      stdin: pod.replace('name: web, image', 'name: tailer, image'),
      code: 1,
      stderr:
        /\n<stdin>:1: deny: Pod "default\/web" is refused by injection tailer: the pod has another container "tailer"/,
    },
    {
      name: '2: a file that cannot be read, and the others are injected all the same',
      argv: ['.'],
      files: { 'a.yaml': pod, 'b.yaml': 'a: [' },
      code: 2,
      stderr: /1 injected, .*\nb\.yaml:1:5: error: a list or mapping in brackets is not closed\n$/s,
    },
    { name: '2: nothing named', argv: [], code: 2, stderr: /^policy-lint: nothing to check: name files/ },
    {
      name: '2: a named file without an object',
      argv: ['values.yaml'],
      files: { 'values.yaml': 'a: 1' },
      code: 2,
      stderr: /values\.yaml:1:1: error: there is no Kubernetes object here: nothing was injected\n$/,
    },
    {
      name: '2: a path that is not there',
      argv: ['nope'],
      code: 2,
      stderr: /nope:1:1: error: there is no such file or/,
    },
    {
      name: '2: a folder without an object',
      argv: ['empty'],
      files: { 'empty/values.yaml': 'a: 1' },
      code: 2,
      stderr: /error: there is no Kubernetes object here/,
    },
    {
      name: '2: an injection that does not load, with its line',
      argv: ['-'],
      files: { 'injections/a.yaml': injection('  sidecars: []\n') },
      stdin: pod,
      code: 2,
      stderr: /^injections\/a\.yaml:8:3: error: \/spec\/sidecars: unknown field "sidecars"/,
    },
    {
      name: '2: a folder without an injection',
      argv: ['-', '--injections', 'empty'],
      code: 2,
      stderr: /^policy-lint: --injections is given twice\n$/,
    },
    {
      name: '2: two ways to print',
      argv: ['-', '--diff', '--patch'],
      code: 2,
      stderr: 'policy-lint: --diff and --patch do not go together: choose one\n',
    },
    {
      name: '2: an unknown option',
      argv: ['-', '--dif'],
      code: 2,
      stderr: 'policy-lint: unknown option --dif (did you mean "--diff"?); see --help\n',
    },
    {
      name: '2: a number that could not be written again',
      argv: ['-'],
      stdin: `${pod}status: {big: 9007199254740993}\n`,
      code: 2,
      stderr: /<stdin>:5:15: error: this number has more digits than can be written again exactly\n$/,
    },
  ]

  it.each(cases)('$name', async ({ argv, files, stdin, code, stderr }) => {
    const result = await run({ argv, ...(files && { files }), ...(stdin !== undefined && { stdin }) })
    if (typeof stderr === 'string') expect(result.stderr).toBe(stderr)
    else expect(result.stderr).toMatch(stderr)
    expect(result.code).toBe(code)
  })

  it('2: no injection is named at all', async () => {
    const { code, stderr } = await runLint(['inject', '-'], { stdin: pod })
    expect(stderr).toContain('there is no injection here: name a folder of SidecarInjections with --injections')
    expect(code).toBe(2)
  })
})

describe('pod templates', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['Pod', pod, ''],
    ['apps/v1/Deployment', workload('apps/v1/Deployment', `{template: {${template}}}`), '/spec/template'],
    ['apps/v1/ReplicaSet', workload('apps/v1/ReplicaSet', `{template: {${template}}}`), '/spec/template'],
    ['apps/v1/StatefulSet', workload('apps/v1/StatefulSet', `{template: {${template}}}`), '/spec/template'],
    ['apps/v1/DaemonSet', workload('apps/v1/DaemonSet', `{template: {${template}}}`), '/spec/template'],
    ['ReplicationController', workload('ReplicationController', `{template: {${template}}}`), '/spec/template'],
    ['batch/v1/Job', workload('batch/v1/Job', `{template: {${template}}}`), '/spec/template'],
    [
      'batch/v1/CronJob',
      workload('batch/v1/CronJob', `{jobTemplate: {spec: {template: {${template}}}}}`),
      '/spec/jobTemplate/spec/template',
    ],
    [
      'argoproj.io/v1alpha1/Rollout',
      workload('argoproj.io/v1alpha1/Rollout', `{template: {${template}}}`),
      '/spec/template',
    ],
  ]

  it.each(cases)('of %s', async (_kind, text, pointer) => {
    const { stdout, code } = await run({ argv: ['-', '--patch'], stdin: text })
    const [{ patch }] = JSON.parse(stdout) as [{ patch: { path: string }[] }]
    expect(patch.map(({ path }) => path)).toEqual([
      `${pointer}/metadata/labels/tailed`,
      `${pointer}/metadata/annotations`,
      `${pointer}/metadata/annotations/portcullis.dev~1injected`,
      `${pointer}/spec/containers/-`,
    ])
    expect(code).toBe(0)
  })

  it('that the selector finds by a label do not get this label', async () => {
    const text = workload(
      'apps/v1/Deployment',
      `{selector: {matchExpressions: [{key: tailed, operator: DoesNotExist}]}, template: {${template}}}`,
    )
    const { stdout, stderr } = await run({ argv: ['-'], stdin: text })
    expect(stderr).toMatch(
      /warning: injection tailer: label "tailed" is not written: the pod's owner finds it by this key/,
    )
    expect(stdout).not.toContain("tailed: 'yes'")
    expect(stdout).toContain('tailer:1')
  })

  it('of a ReplicationController have the labels themselves as a selector', async () => {
    const text = workload('ReplicationController', `{selector: {tailed: "no"}, template: {${template}}}`)
    expect((await run({ argv: ['-'], stdin: text })).stderr).toContain('label "tailed" is not written')
  })

  it('of a StatefulSet have the volumes that it claims', async () => {
    const files = {
      'injections/a.yaml': injection('  volumeMounts: [{name: data, mountPath: /data}]\n'),
    }
    const claims = 'volumeClaimTemplates: [{metadata: {name: data}}]'
    const claimed = await run({
      argv: ['-', '--explain'],
      files,
      stdin: workload('apps/v1/StatefulSet', `{${claims}, template: {${template}}}`),
    })
    expect(claimed.stdout).toContain('tailer  injected')
    const unclaimed = await run({
      argv: ['-', '--explain'],
      files,
      stdin: workload('apps/v1/StatefulSet', `{template: {${template}}}`),
    })
    expect(unclaimed.stdout).toContain('tailer  missing-volume')
  })

  it('of a Job get nothing if there is a container that would keep it alive, and all else if the injection says so', async () => {
    const text = workload(
      'batch/v1/Job',
      `{template: {metadata: {}, spec: {restartPolicy: Never, containers: [{name: web}]}}}`,
    )
    const whole = await run({ argv: ['-', '--explain'], stdin: text })
    expect(whole.stdout).toContain('tailer  job-pod')
    expect(whole.stderr).toContain('0 injected')
    const files = { 'injections/a.yaml': injection('  jobs: WithoutContainers\n') }
    const { stdout } = await run({ argv: ['-'], files, stdin: text })
    expect(stdout).not.toContain('tailer:1')
    expect(stdout).toContain("tailed: 'yes'")
    expect((await run({ argv: ['-', '--explain'], files, stdin: text })).stdout).toContain('tailer  partial')
  })
})

describe('what is printed', () => {
  it('is every document in its order, in Lists too, each without a pod as it came', async () => {
    const text = `apiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\napiVersion: v1\nkind: List\nitems:\n- ${pod.replaceAll('\n', '\n  ')}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {"on": "on", "n": "1e3", t: "0644"}}\n`
    const { stdout, code } = await run({ argv: ['-'], stdin: text })
    const [service, list, ...more] = valuesIn(stdout)
    expect(more).toEqual([])
    expect(service).toEqual(valuesIn(text)[0])
    const { items } = list as unknown as { items: readonly Json[] }
    expect(JSON.stringify(items[0])).toContain('tailer:1')
    expect(items[1]).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c' },
      data: { on: 'on', n: '1e3', t: '0644' },
    })
    expect(code).toBe(0)
  })

  it('is JSON with -o json: the object, or a List of all', async () => {
    const one = await run({ argv: ['-', '-o', 'json'], stdin: pod })
    expect(JSON.parse(one.stdout)).toMatchObject({
      kind: 'Pod',
      spec: { containers: [{ name: 'web' }, { name: 'tailer' }] },
    })
    const two = await run({ argv: ['-', '-o', 'json'], stdin: `${pod}---\n${pod}` })
    expect(JSON.parse(two.stdout)).toMatchObject({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ kind: 'Pod' }, { kind: 'Pod' }],
    })
  })

  it('is a diff that patch and people read, and nothing where nothing is injected', async () => {
    const { stdout } = await run({ argv: ['a.yaml', '--diff'], files: { 'a.yaml': pod } })
    expect(stdout).toMatch(/^--- a\.yaml\n\+\+\+ a\.yaml\tinjected\n@@ /)
    expect(stdout).toContain("\n+    tailed: 'yes'\n")
    expect(stdout).not.toMatch(/^-(?!--)/m)
    const none = await run({ argv: ['a.yaml', '--diff', '--namespace', 'kube-system'], files: { 'a.yaml': pod } })
    expect(none.stdout).toBe('')
  })

  it('is, with --explain, each injection and why', async () => {
    const files = {
      'injections/b.yaml': injection()
        .replace('name: tailer}', 'name: asked}')
        .replace('{always: true}', '{annotation: ask}'),
    }
    const { stdout } = await run({ argv: ['-', '--explain'], files, stdin: pod })
    expect(stdout).toBe(`<stdin>:1: Pod default/web
  asked   not-triggered  annotation "ask" of the pod must be "true" or "enabled"; the pod does not have it
  tailer  injected       something was added
  4 additions, proven to change nothing that is there
`)
    const json = await run({ argv: ['-', '--explain', '-o', 'json'], files, stdin: pod })
    expect(JSON.parse(json.stdout)).toMatchObject([
      { file: '<stdin>', pointer: '', additions: 4, injections: [{ result: 'not-triggered' }, { result: 'injected' }] },
    ])
  })

  it.each(['', '--diff', '--explain'])('holds no control character of a name %s', async mode => {
    const text = pod.replace('name: web,', 'name: "web\\e[31m",')
    const { stdout, stderr } = await run({ argv: ['-', ...(mode === '' ? [] : [mode])], stdin: text })
    expect(stdout + stderr).not.toContain('\u001b')
  })

  it('is injected into no second time', async () => {
    const once = await run({ argv: ['-'], stdin: pod })
    const twice = await run({ argv: ['-'], stdin: once.stdout })
    expect(twice.stdout).toBe(once.stdout)
    expect(twice.stderr).toBe('1 file, 1 object, 1 pod: 0 injected, 1 left as they are\n')
  })
})

describe('the examples', () => {
  test.each(['certificate-refresher', 'log-tailer', 'trust-bundle'])('%s leads to the pod beside it', async name => {
    const pods = `${EXAMPLES}/pods`
    const argv = ['inject', '--injections', EXAMPLES, '--namespaces', `${pods}/namespaces.yaml`, `${pods}/${name}.yaml`]
    const { stdout, code } = await runLint(argv)
    expect(valuesIn(stdout)).toEqual(valuesIn(readFileSync(`${pods}/${name}.injected.yaml`, 'utf8')))
    expect(code).toBe(0)
  })
})

test('a first word that is a command is one; a folder of that name is written ./inject', async () => {
  const cwd = folderOf({ 'inject/a.yaml': pod })
  expect((await runLint(['./inject'], { cwd })).stdout).toContain('1 file, 1 document, 1 object: no findings')
  expect((await runLint(['inject'], { cwd })).stderr).toContain('nothing to check')
})
