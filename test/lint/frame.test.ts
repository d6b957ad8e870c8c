import { describe, expect, it } from 'vitest'
import { folderOf, runLint } from './harness.ts'

/** The frame of the first finding in a text, as it is printed. */
async function frameOf(text: string, name = 'x.yaml'): Promise<string> {
  const { stdout } = await runLint(['--no-color', name], { cwd: folderOf({ [name]: text }) })
  const [first = ''] = stdout.split('\n  Instead:')
  return first.split('\n').slice(1).join('\n')
}

const head = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n'

const cases: readonly { readonly name: string; readonly text: string; readonly expected: string }[] = [
  {
    name: 'two lines before and after, and a line under the value',
    text: `${head}spec:\n  volumes:\n  - name: a\n    hostPath:\n      path: /etc # no\n  - name: b\n    emptyDir: {}\n  restartPolicy: Never\n`,
    expected: `     6 |   - name: a
     7 |     hostPath:
  >  8 |       path: /etc # no
       |             ^^^^
     9 |   - name: b
    10 |     emptyDir: {}`,
  },
  {
    name: 'nothing before the first line of the document and nothing after the last',
    text: `a: "of another document"\n---\n{apiVersion: v1, kind: Pod, spec: {volumes: [{name: a, hostPath: {path: /etc}}]}}\n---\nb: 1\n`,
    expected: `  > 3 | {apiVersion: v1, kind: Pod, spec: {volumes: [{name: a, hostPath: {path: /etc}}]}}
      |                                                                         ^^^^`,
  },
  {
    name: 'a missing field is marked at its nearest parent, in its first line',
    text: `${head}spec:\n  volumes:\n  - name: a\n    hostPath:\n      type: Directory\n`,
    expected: `    6 |   - name: a
    7 |     hostPath:
  > 8 |       type: Directory
      |       ^^^^^^^^^^^^^^^`,
  },
  {
    name: 'a block of several lines is marked in its first line',
    text: `${head}spec:\n  volumes:\n  - name: a\n    hostPath:\n      path: >-\n        /etc\n        \n`,
    expected: `    6 |   - name: a
    7 |     hostPath:
  > 8 |       path: >-
      |             ^^
    9 |         /etc`,
  },
  {
    name: 'a value that is not written is marked after its colon',
    text: `${head}spec:\n  volumes:\n  - name: a\n    hostPath:\n      path:\n`,
    expected: `    6 |   - name: a
    7 |     hostPath:
  > 8 |       path:
      |            ^`,
  },
  {
    name: 'tabs, controls and marks that reorder are escaped, and the mark moves with them',
    text: `${head}spec: {\n  volumes: [{name: "a\u202eb",\thostPath: {path: "/etc"}}]}\n`,
    expected: `    3 | metadata: {name: a}
    4 | spec: {
  > 5 |   volumes: [{name: "a\\u202eb",\\u0009hostPath: {path: "/etc"}}]}
      |                                                      ^^^^^^`,
  },
  {
    name: 'Windows line ends are line ends',
    text: `${head}spec:\n  volumes:\n  - name: a\n    hostPath:\n      path: /etc\n`.replaceAll('\n', '\r\n'),
    expected: `    6 |   - name: a
    7 |     hostPath:
  > 8 |       path: /etc
      |             ^^^^`,
  },
  {
    name: 'what stands beyond the basic plane is one character',
    text: `${head}spec: {volumes: [{name: "😀", hostPath: {path: /etc}}]}\n`,
    expected: `    2 | kind: Pod
    3 | metadata: {name: a}
  > 4 | spec: {volumes: [{name: "😀", hostPath: {path: /etc}}]}
      |                                                ^^^^`,
  },
]

describe('code frames', () => {
  it.each(cases)('$name', async ({ text, expected }) => {
    expect(await frameOf(text)).toBe(expected)
  })

  it('cuts a line that is too long around its mark', async () => {
    const padding = Array.from({ length: 200 }, (_, index) => ({ name: `v${index}`, emptyDir: {} }))
    const volumes = [...padding, { name: 'bad', hostPath: { path: '/etc' } }, ...padding]
    const frame = await frameOf(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: { volumes } }), 'x.json')
    const [line = '', mark = ''] = frame.split('\n')
    expect(line).toBe(
      `  > 1 | …${'r":{}},{"name":"bad","hostPath":{"path":"/etc"}},{"name":"v0","emptyDir":{}},{"name":"v1","emptyDir":{}},{"name":"v2","'}…`,
    )
    expect(line.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1)).toBe('"/etc"')
  })

  it('draws a thousand frames in one line without reading that line a thousand times', async () => {
    const volumes = Array.from({ length: 1000 }, (_, index) => ({ name: `v${index}`, hostPath: { path: '/etc' } }))
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', spec: { volumes } })
    const started = performance.now()
    const { stdout } = await runLint(['-'], { stdin: text })
    expect(stdout.split('> 1 |')).toHaveLength(1001)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})
