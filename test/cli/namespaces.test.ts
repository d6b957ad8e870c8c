import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseNamespaces, readNamespaces } from '../../src/cli/namespaces.ts'
import { describeProblem } from '../../src/policy/problems.ts'
import { folderOf } from '../lint/harness.ts'

const cases: readonly {
  readonly name: string
  readonly text: string
  readonly table?: unknown
  readonly problems?: readonly string[]
}[] = [
  {
    name: 'documents of one file',
    text: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: "1"}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n',
    table: { a: { x: '1' }, b: {} },
  },
  {
    name: 'a List, as kubectl writes it, and a NamespaceList, as the API does',
    text: 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- {apiVersion: v1, kind: NamespaceList, items: [{metadata: {name: b, labels: null}}]}\n',
    table: { a: {}, b: {} },
  },
  {
    name: 'names that every object has',
    text: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: constructor, labels: {__proto__: x, toString: z}}\n',
    table: {
      constructor: Object.fromEntries([
        ['__proto__', 'x'],
        ['toString', 'z'],
      ]),
    },
  },
  { name: 'nothing', text: '# nobody\n', problems: ['n.yaml:1:1: holds no Namespace'] },
  {
    name: 'another kind',
    text: 'apiVersion: v1\nkind: Pod\n',
    problems: ['n.yaml:2:7: /kind: must be a Namespace of v1, or a List of them, not "Pod"'],
  },
  { name: 'no object', text: '- a\n', problems: ['n.yaml:1:1: must be a Namespace of v1, or a List of them'] },
  {
    name: 'another apiVersion',
    text: 'apiVersion: v2\nkind: Namespace\nmetadata: {name: a}\n',
    problems: ['n.yaml:2:7: /kind: must be a Namespace of v1, or a List of them, not "Namespace"'],
  },
  {
    name: 'no name',
    text: 'apiVersion: v1\nkind: Namespace\nmetadata: {labels: {}}\n',
    problems: ['n.yaml:3:11: /metadata: required field "name" is missing: text'],
  },
  {
    name: 'a name twice',
    text: '{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n',
    table: { a: {} },
    problems: ['n.yaml:3:52: /metadata/name: the namespace "a" is described twice'],
  },
  {
    name: 'a label that is no text',
    text: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    x: true\n    z: "true"\n',
    table: { a: { z: 'true' } },
    problems: ['n.yaml:6:8: /metadata/labels/x: must be text: write it in quotes'],
  },
  {
    name: 'labels that are a list',
    text: 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: []}\n',
    problems: ['n.yaml:3:29: /metadata/labels: must be an object of texts'],
  },
  {
    name: 'a duplicate key',
    text: 'a: 1\na: 2\n',
    problems: ['n.yaml:2:1: the key "a" is set twice, in line 1 and in line 2'],
  },
]

describe('parseNamespaces', () => {
  it.each(cases)('reads or refuses $name', ({ text, table, problems }) => {
    const read = parseNamespaces('n.yaml', text)
    expect(read.problems.map(describeProblem)).toEqual(problems ?? [])
    expect(read.table).toEqual(table ?? {})
  })
})

describe('readNamespaces', () => {
  it('knows nobody where there is no file', async () => {
    expect(await readNamespaces(undefined)).toEqual({ table: {}, problems: [] })
  })

  it('reads a file, and says which one it cannot read', async () => {
    const folder = folderOf({ 'n.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n' })
    expect(await readNamespaces(join(folder, 'n.yaml'))).toEqual({ table: { a: {} }, problems: [] })
    const missing = join(folder, 'm.yaml')
    const message = 'no such file or folder'
    expect(await readNamespaces(missing)).toEqual({
      table: {},
      problems: [{ file: missing, line: 1, column: 1, pointer: '', message, option: '--namespaces' }],
    })
  })
})
