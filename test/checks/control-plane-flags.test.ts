import { describe, expect, it } from 'vitest'
import { folderOf, runLint } from '../lint/harness.ts'
import { judge, requestFor, setOf } from '../support/engine.ts'

const POLICY = `--policies=${process.cwd()}/policies/control-plane.yaml`
const master = (key: string, component = 'kube-apiserver') => `apiVersion: v1
kind: Pod
metadata: {name: ${component}, namespace: kube-system}
spec:
  containers:
    - name: ${component}
      image: registry.k8s.io/${component}:v1.36.3
      command:
        - ${component}
        - --service-account-key-file=${key}
        - --allow-privileged=true
`

describe('policy-lint over the manifests of several masters', () => {
  it('finds the one that differs, at its flag, and names every file and its value', async () => {
    const cwd = folderOf({
      'm1/api.yaml': master('/a.pub'),
      'm2/api.yaml': master('/a.pub'),
      'm3/api.yaml': master('/b.pub'),
    })
    const { stdout, code } = await runLint([POLICY, 'm1', 'm2', 'm3'], { cwd })
    expect(stdout).toContain(
      'm3/api.yaml:10:11: warn: --service-account-key-file of kube-apiserver is not the same on every master (m1/api.yaml: /a.pub; m2/api.yaml: /a.pub; m3/api.yaml: /b.pub)',
    )
    expect(stdout).toContain('3 files, 3 documents, 3 objects: 1 finding (1 warn), 0 skipped')
    expect(code).toBe(0)
  })

  it('finds a flag that is written with underscores', async () => {
    const m3 = master('/b.pub').replace('service-account-key-file', 'service_account_key_file')
    const cwd = folderOf({ 'm1.yaml': master('/a.pub'), 'm2.yaml': master('/a.pub'), 'm3.yaml': m3 })
    const { stdout } = await runLint([POLICY, '.'], { cwd })
    expect(stdout.match(/^m\d\.yaml:\d+:\d+: warn: --\S+/gm)).toEqual([
      'm3.yaml:10:11: warn: --service-account-key-file',
    ])
  })

  it('names all of them where nobody can say who is wrong', async () => {
    const cwd = folderOf({ 'm1.yaml': master('/a.pub'), 'm2.yaml': master('/b.pub') })
    const { stdout } = await runLint([POLICY, '.'], { cwd })
    expect(stdout.match(/^m\d\.yaml:10:11: warn/gm)).toEqual(['m1.yaml:10:11: warn', 'm2.yaml:10:11: warn'])
  })

  it('says that one manifest alone was not compared: it is skipped, not green', async () => {
    const { stdout } = await runLint([POLICY, '-'], { stdin: master('/a.pub') })
    expect(stdout).toContain(
      'skipped: the flags of kube-apiserver have to be compared with those of the other masters: there is only this manifest',
    )
    expect(stdout).toContain('no findings, 1 skipped')
  })

  it('compares each component with its own kind', async () => {
    const files = { 'api.yaml': master('/a.pub'), 'manager.yaml': master('/b.pub', 'kube-controller-manager') }
    const { stdout } = await runLint([POLICY, '.'], { cwd: folderOf(files) })
    expect(stdout).toContain('no findings, 2 skipped')
  })

  it('says nothing of a value that cannot be read', async () => {
    const unread = master('$(KEY)').replace('      command', '      env: [{name: KEY, valueFrom: {}}]\n      command')
    const { stdout } = await runLint([POLICY, '.'], { cwd: folderOf({ 'a.yaml': master('/a.pub'), 'b.yaml': unread }) })
    expect(stdout).toContain('no findings')
  })
})

it('a webhook, which sees one object, says that it was not compared', () => {
  const set = setOf(`
apiVersion: portcullis.dev/v1alpha1
kind: Policy
metadata: {name: control-plane}
spec: {validationActions: [Deny], excludeNamespaces: [], checks: [{check: control-plane-flags}]}
`)
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a', command: ['kube-apiserver'] }] },
  }
  expect(judge(set, requestFor(pod)).skipped).toMatchObject([
    { message: expect.stringContaining('this manifest is seen alone') },
  ])
})
