import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/parse.ts'

/** What stands in the range, and `line:column` of its start. */
function located(text: string, pointer: string, part?: 'key' | 'value', index = 0): readonly [string, string] {
  const { documents, problems } = parseYaml(text)
  expect(problems).toEqual([])
  const { start, end } = documents[index]?.locate(pointer, part) ?? expect.unreachable()
  const lines = text.split(/(?<=\r\n|\r(?!\n)|\n)/)
  const offset = (at: typeof start) => lines.slice(0, at.line - 1).join('').length + at.column - 1
  return [text.slice(offset(start), offset(end)), `${start.line}:${start.column}`]
}

const manifest = `# a comment
apiVersion: v1
kind: "Pod"
metadata:
  name: 'web' # the name
  labels: { app: web, "a/b": 'it''s' , empty: , last }
spec:
  containers:
  - name: main
    args: [ "--x", --y, # one
      {k: v} ]   # two
    command:
      - sh
      - |
        echo 1
        exit

    image: &image !!str registry/x
  - image: *image
  volumes:
  -
  - name:   # nothing
    emptyDir: {}
  note: several
    lines
`

describe('locate', () => {
  it.each([
    ['/apiVersion', 'v1', '2:13'],
    ['/kind', '"Pod"', '3:7'],
    ['/metadata/name', "'web'", '5:9'],
    ['/metadata', "name: 'web' # the name\n  labels: { app: web, \"a/b\": 'it''s' , empty: , last }", '5:3'],
    ['/metadata/labels', "{ app: web, \"a/b\": 'it''s' , empty: , last }", '6:11'],
    ['/metadata/labels/a~1b', "'it''s'", '6:30'],
    ['/metadata/labels/empty', '', '6:46'],
    ['/metadata/labels/last', '', '6:53'],
    ['/spec/containers/0/name', 'main', '9:11'],
    ['/spec/containers/0/args', '[ "--x", --y, # one\n      {k: v} ]', '10:11'],
    ['/spec/containers/0/args/0', '"--x"', '10:13'],
    ['/spec/containers/0/args/1', '--y', '10:20'],
    ['/spec/containers/0/args/2/k', 'v', '11:11'],
    ['/spec/containers/0/command/1', '|\n        echo 1\n        exit', '14:9'],
    ['/spec/containers/0/image', 'registry/x', '18:25'],
    ['/spec/containers/1', 'image: *image', '19:5'],
    ['/spec/containers/1/image', '*image', '19:12'],
    ['/spec/volumes/0', '', '21:4'],
    ['/spec/volumes/1/name', '', '22:10'],
    ['/spec/volumes/1/emptyDir', '{}', '23:15'],
    ['/spec/note', 'several\n    lines', '24:9'],
  ])('finds the value at %s', (pointer, text, at) => expect(located(manifest, pointer)).toEqual([text, at]))

  it.each([
    ['/metadata/labels', 'labels', '6:3'],
    ['/metadata/labels/a~1b', '"a/b"', '6:23'],
    ['/metadata/labels/last', 'last', '6:49'],
    ['/spec/containers/1/image', 'image', '19:5'],
    ['/spec/containers/0/args/0', '"--x"', '10:13'],
  ])('finds the key of %s', (pointer, text, at) => expect(located(manifest, pointer, 'key')).toEqual([text, at]))

  it('finds the nearest parent of what does not exist', () => {
    expect(located(manifest, '/metadata/name/x/y')).toEqual(["'web'", '5:9'])
    expect(located(manifest, '/spec/containers/1/securityContext/privileged')).toEqual(['image: *image', '19:5'])
    expect(located(manifest, '/metadata/labels/none', 'key')).toEqual(['labels', '6:3'])
    expect(located(manifest, '/spec/containers/-')[1]).toBe('9:3')
    expect(located('a: 1\n', '/toString')).toEqual(['a: 1', '1:1'])
    expect(located('a: 1\n', 'not a pointer')).toEqual(['a: 1', '1:1'])
  })

  it('finds the document', () => {
    expect(located(manifest, '')[1]).toBe('2:1')
    expect(located('--- # c\n[1]\n', '')).toEqual(['[1]', '2:1'])
    expect(located('--- |\n x\n', '')).toEqual(['|\n x', '1:5'])
    expect(located('%YAML 1.1\n--- >-  # - | c\n x\n', '')).toEqual(['>-  # - | c\n x', '2:5'])
  })

  it('finds parts of later documents', () => {
    expect(located('a: 1\r\n---\r\nb:\r\n  - c\r\n', '/b/0', 'value', 1)).toEqual(['c', '4:5'])
    expect(located('\uFEFFa: 1\n...\n\uFEFF---\nb: 2\n', '/b', 'value', 1)).toEqual(['2', '4:4'])
  })

  it('counts columns in UTF-16 code units', () => {
    expect(located('"😀": x\n', '/😀')).toEqual(['x', '1:7'])
  })

  it('finds what came through an alias at the alias', () => {
    const text = 'a: &x {b: [1]}\nc: *x\nd: [*x]\n'
    expect(located(text, '/c/b/0')).toEqual(['*x', '2:4'])
    expect(located(text, '/d/0/b')).toEqual(['*x', '3:5'])
    expect(located(text, '/c/b', 'key')).toEqual(['c', '2:1'])
    expect(located(text, '/a/b/0')).toEqual(['1', '1:12'])
  })

  it('finds what was merged at the merge', () => {
    const text = 'x: &x {a: 1, b: 1}\ny: &y {b: 2, c: [2]}\nz:\n  <<: [*x, {d: 3}, *y]\n  a: 4\n'
    expect(located(text, '/z/a')).toEqual(['4', '5:6'])
    expect(located(text, '/z/b')).toEqual(['*x', '4:8'])
    expect(located(text, '/z/b', 'key')).toEqual(['<<', '4:3'])
    expect(located(text, '/z/c/0')).toEqual(['*y', '4:20'])
    expect(located(text, '/z/d')).toEqual(['3', '4:16'])
    expect(located('x: &x {a: 1}\nz:\n  a: 0\n  <<: *x\n', '/z/a')).toEqual(['*x', '4:7'])
  })

  it('finds converted keys by their text', () => {
    expect(located('yes: a\n0x10: b\n&k 1e6: c\n', '/true')).toEqual(['a', '1:6'])
    expect(located('yes: a\n0x10: b\n', '/16', 'key')).toEqual(['0x10', '2:1'])
    expect(located('&k 1e6: c\n', '/1e+06', 'key')).toEqual(['1e6', '1:4'])
    expect(located('a: &k b\n*k : c\n', '/b')).toEqual(['c', '2:6'])
  })

  it('finds tagged, anchored and explicit nodes', () => {
    expect(located('a: &x\nb: !!str\n', '/a')).toEqual(['&x', '1:4'])
    expect(located('a: &x\nb: !!str\n', '/b')).toEqual(['!!str', '2:4'])
    expect(located('a: &x !!map\n  b: 1\n', '/a')).toEqual(['b: 1', '2:3'])
    expect(located('? a\n: - b\n? c\n', '/a/0')).toEqual(['b', '2:5'])
    expect(located('a: !!str &x |+ # -\n  b\n\nc: 1\n', '/a')).toEqual(['|+ # -\n  b', '1:13'])
    expect(located('[a: 1, {b: 2,}]\n', '/0/a')).toEqual(['1', '1:5'])
    expect(located('[a: 1, {b: 2,}]\n', '/0')).toEqual(['a: 1', '1:2'])
    expect(located('[a: 1, {b: 2, # }\n}]\n', '/1')).toEqual(['{b: 2, # }\n}', '1:8'])
  })

  it('keeps to the original text where indentation was overlooked', () => {
    const text = 'a: [\nb, # c\n"d\n e" # f\n]\ng: 1\n'
    expect(located(text, '/a')).toEqual(['[\nb, # c\n"d\n e" # f\n]', '1:4'])
    expect(located(text, '/a/1')).toEqual(['"d\n e"', '3:1'])
    expect(located(text, '/g')).toEqual(['1', '6:4'])
  })
})
