import { describe, expect, it } from 'vitest'
import { runLint } from '../lint/harness.ts'

const bad = '{name: v, hostPath: {path: /etc}}'

const cases: readonly { readonly name: string; readonly text: string; readonly shows?: string }[] = [
  {
    name: 'the value of a variable on the line of the finding',
    text: `{apiVersion: v1, kind: Pod,\nspec: {containers: [{env: [{name: P, value: hunter2}]}], volumes: [${bad}]}}`,
    shows: 'value: ***}]}], volumes: [{name: v, hostPath: {path: /etc}}]}}',
  },
  {
    name: 'the value of a variable above the finding',
    text: `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    env:\n    - name: P\n      value: "hunter2"\n  volumes: [${bad}]\n`,
    shows: '8 |       value: ***',
  },
  {
    name: 'every line of a long value',
    text: `apiVersion: v1\nkind: Pod\nspec:\n  initContainers:\n  - name: c\n    env:\n    - name: P\n      value: |\n        hunter2\n        hunter2\n  volumes: [${bad}]\n`,
    shows: '10 |         ***',
  },
  {
    name: 'a variable of a resource that nobody knows',
    text: `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n- {apiVersion: x/v1, kind: X, deep: [{env: [{name: a, value: hunter2}]}]}\n`,
    shows: 'value: ***}]}]}',
  },
  {
    name: 'data of a Secret beside the finding',
    text: `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, data: {a: hunter2, b: hunter2}}\n- {apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n`,
    shows: 'data: {a: ***, b: ***}}',
  },
  {
    name: 'stringData of a Secret beside the finding',
    text: `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n- apiVersion: v1\n  stringData: {"a": "hunter2"}\n  kind: Secret\n`,
    shows: 'stringData: {"a": ***}',
  },
  {
    name: 'a Secret whose kind only its list says',
    text: `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n- {kind: SecretList, apiVersion: v1, items: [{metadata: {name: a}, data: {a: hunter2}}]}\n`,
    shows: 'data: {a: ***}',
  },
  {
    name: 'data of a Secret that is no object',
    text: `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n- {apiVersion: v1, kind: Secret, data: [hunter2]}\n`,
    shows: 'data: ***}',
  },
  {
    name: 'the copy of a manifest that kubectl keeps',
    text: `apiVersion: v1\nkind: Pod\nmetadata:\n  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"env":"hunter2"}'}\nspec: {volumes: [${bad}]}\n`,
    shows: 'configuration: ***}',
  },
  {
    name: 'a value at its anchor',
    text: `x: &p hunter2\napiVersion: v1\nkind: Pod\nspec: {volumes: [${bad}], containers: [{name: c, env: [{name: P, value: *p}]}]}\n`,
  },
  {
    name: 'an anchored map that becomes the data of a Secret',
    text: `apiVersion: v1\nkind: List\nx: &d {a: hunter2}\nitems: [{apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}, {apiVersion: v1, kind: Secret, data: *d}]\n`,
  },
  {
    name: 'a Secret in the document before, which is not shown at all',
    text: `apiVersion: v1\nkind: Secret\ndata: {a: hunter2}\n---\n{apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n`,
  },
  {
    name: 'a Secret that cannot be read, in the document after',
    text: `{apiVersion: v1, kind: Pod, spec: {volumes: [${bad}]}}\n--- {apiVersion: v1, kind: Secret, data: {a: hunter2, a: hunter2}}\n`,
  },
]

describe('secrets', () => {
  it.each(cases)('does not show $name', async ({ text, shows }) => {
    const printed = await runLint(['-'], { stdin: text })
    expect(printed.stdout).toContain('<stdin>:')
    expect(printed.stdout).toContain('/etc')
    if (shows !== undefined) expect(printed.stdout).toContain(shows)
    expect(printed.stdout + printed.stderr).not.toContain('hunter2')
    const json = await runLint(['--format=json', '-'], { stdin: text })
    expect(json.stdout + json.stderr).not.toContain('hunter2')
  })

  it('shows what is no secret', async () => {
    const text = `{apiVersion: v1, kind: Pod,\nspec: {volumes: [${bad}],\ncontainers: [{env: [{name: P, value: /etc}], args: [visible]}]}}`
    const { stdout } = await runLint(['-'], { stdin: text })
    expect(stdout).toContain('hostPath: {path: /etc}')
    expect(stdout).toContain('name: P, value: ***}], args: [visible]')
  })
})
