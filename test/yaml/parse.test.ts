import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'

function values(text: string): readonly Json[] {
  const { documents, problems } = parseYaml(text)
  expect(problems).toEqual([])
  return documents.map(({ value }) => value)
}

/** The problems as `line:column message`. */
function problems(text: string): readonly string[] {
  return parseYaml(text).problems.map(({ message, position }) => `${position.line}:${position.column} ${message}`)
}

describe('documents', () => {
  const cases: readonly [name: string, text: string, expected: readonly Json[]][] = [
    ['none in an empty text', '', []],
    ['none in comments', '# a\n\n  # b', []],
    ['none after --- alone', '---\n', []],
    ['none between markers', '---\n---\n# c\n---\n...\n---', []],
    ['null where it is written', '--- null\n--- ~\n', [null, null]],
    ['null where an anchor stands', '--- &a\n', [null]],
    ['several', 'a: 1\n---\nb: 2\n--- [3]\n--- "x"\n', [{ a: 1 }, { b: 2 }, [3], 'x']],
    ['after an end marker, without ---', 'a: 1\n...\nb: 2\n...\n# c\n', [{ a: 1 }, { b: 2 }]],
    [
      'with directives',
      '%YAML 1.1\n%TAG !k! tag:yaml.org,2002:\n---\na: !k!str 1\n...\n%YAML 1.2\n---\nb\n',
      [{ a: '1' }, 'b'],
    ],
    ['with a byte order mark', '\uFEFFa: 1\n', [{ a: 1 }]],
    ['with a byte order mark in each joined file', '\uFEFF---\na: 1\n\uFEFF---\nb: 1\n', [{ a: 1 }, { b: 1 }]],
    ['with CRLF', 'a: 1\r\nb: |\r\n  x\r\n  y\r\n---\r\nc:\r\n- 2\r\n', [{ a: 1, b: 'x\ny\n' }, { c: [2] }]],
    ['with CR', 'a: 1\r---\rb: 2\r', [{ a: 1 }, { b: 2 }]],
    [
      'with markers in text',
      'a: x --- y\nb: ---x\nc: |\n  ---\n  ...\n# ---\n',
      [{ a: 'x --- y', b: '---x', c: '---\n...\n' }],
    ],
    ['without a last line break', 'a: 1\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
    ['JSON with tabs', '{\n\t"a":\t[1,\n\t\t2\t],\r\n\t"b": {"c":null}\n}\n', [{ a: [1, 2], b: { c: null } }]],
    [
      'JSON with what YAML has other rules for',
      '{"a":"\\/ \\u00e9 \u2028 \x7f","b":-0.0,"c":1E2}',
      [{ a: '/ é \u2028 \x7f', b: -0, c: 100 }],
    ],
  ]
  it.each(cases)('%s', (_, text, expected) => expect(values(text)).toEqual(expected))
})

describe('collections', () => {
  const cases: readonly [name: string, text: string, expected: Json][] = [
    [
      'keys without values are null',
      'a:\nb: \n? c\nd: {e: , f}\ng:\n-\n- \n',
      { a: null, b: null, c: null, d: { e: null, f: null }, g: [null, null] },
    ],
    [
      'keys become text',
      '1: a\nyes: b\n1.50: c\n"2": d\n0x10: e\n2001-01-01: f\n',
      { 1: 'a', true: 'b', 1.5: 'c', 2: 'd', 16: 'e', '2001-01-01': 'f' },
    ],
    ['empty text can be a key', '"": 1\n', { '': 1 }],
    ['quoted keys are what they say', '"yes": 1\n\'0x10\': 2\n', { yes: 1, '0x10': 2 }],
    ['tagged keys', '!!str 0x10: 1\n!!int "0x10": 2\n', { '0x10': 1, 16: 2 }],
    ['a list at the indentation of its key', 'a:\n- b: 1\n  c: 2\n- d\n', { a: [{ b: 1, c: 2 }, 'd'] }],
    ['tags of collections', 'a: !!seq [1]\nb: !!map {c: 1}\nd: ! [2]\n', { a: [1], b: { c: 1 }, d: [2] }],
    ['pairs in a list in brackets', '[a: 1, b: , "c": 2]', [{ a: 1 }, { b: null }, { c: 2 }]],
    ['a value that several lines hold', 'a: b\n  c\n\n  d\ne: "f\n  g"\n', { a: 'b c\nd', e: 'f g' }],
    ['block scalars', 'a: |-\n  x\n   y\nb: >+\n  x\n  y\n\nc: |2\n   z\n', { a: 'x\n y', b: 'x y\n\n', c: ' z\n' }],
  ]
  it.each(cases)('%s', (_, text, expected) => expect(values(text)).toEqual([expected]))

  it('makes own properties of keys that prototypes use', () => {
    const [value] = values('__proto__: {polluted: 1}\nconstructor: 2\nx: &x {__proto__: 3}\nz: {<<: *x}\n')
    expect(JSON.stringify(value)).toBe(
      '{"__proto__":{"polluted":1},"constructor":2,"x":{"__proto__":3},"z":{"__proto__":3}}',
    )
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(problems('__proto__: 1\n__proto__: 2\n')).toEqual([
      '2:1 the key "__proto__" is set twice, in line 1 and in line 2',
    ])
  })
})

/** libyaml, and so Kubernetes, does not mind where lines in brackets and quotes begin. */
describe('indentation inside brackets and quotes', () => {
  const cases: readonly [name: string, text: string, expected: Json][] = [
    ['a bracket as far left as its key', 'a: [\n  x,\n  z\n]\nb: {\n  c: 1,\n}\n', { a: ['x', 'z'], b: { c: 1 } }],
    ['comments before it', 'a: [ # 1\n  "x #", # 2 # 3\n\n  # 4\n]\n', { a: ['x #'] }],
    ['elements too', "a:\n  b: [\nx, 'it''s #y' # z\n, \"w\"]\n", { a: { b: ['x', "it's #y", 'w'] } }],
    ['text on several lines', 'a: \'x\ny\'\nb: [p\nq, "r #s\n\n  t\\\nu"]\n', { a: 'x y', b: ['p q', 'r #s\ntu'] }],
    ['tabs', 'a: {\n\t"b":\t1,\n\t"c": [\t2 ]\n}\n', { a: { b: 1, c: [2] } }],
    ['with CRLF', 'a: [\r\n  x # c\r\n]\r\nb: 1\r\n', { a: ['x'], b: 1 }],
  ]
  it.each(cases)('%s', (_, text, expected) => expect(values(text)).toEqual([expected]))

  it('still finds what is wrong there', () => {
    expect(problems('a: [\nx # y\nz]\n')).toEqual([
      '2:1 this line must be indented further than the key or dash it belongs to',
    ])
    expect(problems('a: [\nx\nb: 1\n')).toEqual(['4:1 a list or mapping in brackets is not closed'])
  })
})

describe('anchors and aliases', () => {
  const cases: readonly [name: string, text: string, expected: Json][] = [
    ['stand for the value', 'a: &x [1, {b: 2}]\nc: *x\n', { a: [1, { b: 2 }], c: [1, { b: 2 }] }],
    ['stand for the last value of that name', 'a: &x 1\nb: *x\nc: &x 2\nd: *x\n', { a: 1, b: 1, c: 2, d: 2 }],
    ['stand for nothing where nothing is written', 'a: &x\nb: *x\n', { a: null, b: null }],
    ['can be keys', 'a: &x 0x10\n*x : b\n', { a: 16, 16: 'b' }],
    ['stand for keys', '&k 1: *k\n', { 1: 1 }],
  ]
  it.each(cases)('%s', (_, text, expected) => expect(values(text)).toEqual([expected]))

  it.each([
    ['a: *x\n', '1:4 there is no anchor &x before this alias'],
    ['a: &x 1\n---\nb: *x\n', '3:4 there is no anchor &x before this alias'],
    ['a: &x [1, *x]\n', '1:11 the alias *x stands inside the value that it refers to'],
    ['a: &x\n  b: {<<: *x}\n', '2:11 the alias *x stands inside the value that it refers to'],
    ['a: &x [1]\n*x : 2\n', '2:1 a list or mapping cannot be a key; Kubernetes takes text'],
  ])('%j is refused', (text, problem) => expect(problems(text)).toEqual([problem]))

  it('shares the values', () => {
    const [value] = values('a: &x [1]\nb: *x\n') as readonly { readonly a: Json; readonly b: Json }[]
    expect(value?.a).toBe(value?.b)
  })
})

describe('merge keys, as goyaml v2', () => {
  const base = 'x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\n'
  const cases: readonly [name: string, text: string, expected: Json][] = [
    ['one mapping', 'z: {<<: *x, d: 5}', { a: 1, b: 2, d: 5 }],
    ['several, the first winning', 'z: {<<: [*x, *y]}', { a: 1, b: 2, c: 4 }],
    ['a mapping written there', 'z: {<<: {a: 9}}', { a: 9 }],
    ['mappings written there and aliases', 'z: {<<: [{b: 9}, *x]}', { a: 1, b: 9 }],
    ['a member below replaces', 'z: {<<: *x, a: 9}', { a: 9, b: 2 }],
    ['a member above is replaced', 'z: {a: 9, <<: *x}', { a: 1, b: 2 }],
    ['twice', 'z: {<<: *x, <<: *y}', { a: 1, b: 3, c: 4 }],
    ['an empty list', 'z: {<<: []}', {}],
    ['with its tag', 'z: {!!merge <<: *x}', { a: 1, b: 2 }],
    ['not when quoted', 'z: {"<<": 1}', { '<<': 1 }],
    ['not as a value', 'z: <<', '<<'],
  ]
  it.each(cases)('%s', (_, text, expected) => expect(values(base + text)).toMatchObject([{ z: expected }]))
  it.each(cases)('%s: nothing else', (_, text, expected) => {
    const [value] = values(base + text) as readonly { readonly z: Json }[]
    expect(value?.z).toEqual(expected)
  })

  it.each([
    ['<<: 1', '1:1'],
    ['<<:', '1:1'],
    ['<<: [1]', '1:6'],
    ['a: &l [{b: 1}]\n<<: *l', '2:5'],
    ['<<: [[{a: 1}]]', '1:6'],
  ])('%j is refused', (text, at) => {
    expect(problems(text)).toEqual([
      expect.stringMatching(new RegExp(`^${at.split(':')[0]}:\\d+ << takes a mapping, or a list of mappings$`)),
    ])
  })
})

describe('problems', () => {
  const cases: readonly [name: string, text: string, problem: string][] = [
    ['a key twice', 'a: 1\nb:\n  c: [{}]\na: 2\n', '4:1 the key "a" is set twice, in line 1 and in line 4'],
    [
      'a key twice after conversion',
      '1: a\nb: {x: 1}\n"1": c\n',
      '3:1 the key "1" is set twice, in line 1 and in line 3',
    ],
    ['a key twice deep inside', '- a: {b: 1,\n    b: 2}\n', '2:5 the key "b" is set twice, in line 1 and in line 2'],
    ['a key twice by an alias', '- &k a\n- a: 1\n  *k : 2\n', '3:3 the key "a" is set twice, in line 2 and in line 3'],
    ['a key twice beside a merge', '<<: {a: 0}\na: 1\na: 2\n', '3:1 the key "a" is set twice, in line 2 and in line 3'],
    [
      'a key twice in a later document',
      'a: 1\n---\nb: 1\nb: 2\n',
      '4:1 the key "b" is set twice, in line 3 and in line 4',
    ],
    ['null as a key', 'a: 1\n~: 2\n', '2:1 null cannot be a key; Kubernetes takes text, numbers and booleans'],
    ['nothing as a key', 'a: 1\n: 2\n', '1:4 null cannot be a key; Kubernetes takes text, numbers and booleans'],
    [
      'an integer beyond 64 bits as a key',
      '18446744073709551615: a',
      '1:1 18446744073709551615, an integer beyond 64 bits, cannot be a key; Kubernetes takes text, numbers and booleans',
    ],
    ['a list as a key', '[a]: 1\n', '1:1 a list cannot be a key; Kubernetes takes text'],
    ['a mapping as a key', '? {a: 1}\n: 1\n', '1:3 a mapping cannot be a key; Kubernetes takes text'],
    ['a number that JSON does not have', 'a: [1, .inf]\n', '1:8 JSON has no number .inf'],
    ['an unknown tag', 'a: !secret x\n', '1:4 the tag !secret is not one that Kubernetes reads here'],
    [
      'a tag of YAML that JSON has no place for',
      'a: !!set {b}\n',
      '1:4 the tag !!set is not one that Kubernetes reads here',
    ],
    ['the tag of a scalar on a list', 'a: !!str [b]\n', '1:4 the tag !!str is not one that Kubernetes reads here'],
    ['the tag of a list on a scalar', 'a: !!seq b\n', '1:4 the tag !!seq is not one that Kubernetes reads here'],
    ['a value that does not fit its tag', 'a: !!int x\n', '1:4 "x" cannot be read as !!int'],
    ['a tab as indentation', 'a:\n\tb: 1\n', '2:1 a tab is used for indentation; YAML allows only spaces there'],
    ['a tab at the beginning', '\ta: 1\n', '1:1 a tab is used for indentation; YAML allows only spaces there'],
    ['a tab after spaces', 'a:\n  b: 1\n \tc: 1\n', '3:2 a tab is used for indentation; YAML allows only spaces there'],
    ['a quote that is not closed', 'a: "b\n', '2:1 a double-quoted text is not closed'],
    ['a bracket that is not closed', 'a: [b\n', '2:1 a list or mapping in brackets is not closed'],
    ['two values', 'a: b: c\n', '1:5 bad indentation of a mapping entry'],
    ['a control character', 'a: \x01\n', '1:4 the control character U+0001 stands here; escape it in double quotes'],
    ['a NUL', 'a: \0\n', '1:4 the control character U+0000 stands here; escape it in double quotes'],
    [
      'a line break of YAML 1.1',
      '# x\u2028hostNetwork: true\n',
      '1:4 U+2028 ends a line for Kubernetes, but not for other readers of YAML; escape it in double quotes',
    ],
    [
      'a colon that libyaml takes for text',
      '{a:}',
      '1:3 Kubernetes reads this colon otherwise than YAML 1.2 does; put a space after it, or quotes around the text',
    ],
    [
      'a colon after a space that libyaml takes for text',
      '[a :]',
      '1:4 Kubernetes reads this colon otherwise than YAML 1.2 does; put a space after it, or quotes around the text',
    ],
    [
      'a colon that libyaml does not take for text',
      '[:a]',
      '1:2 Kubernetes reads this colon otherwise than YAML 1.2 does; put a space after it, or quotes around the text',
    ],
    ['a directive without a document', '%YAML 1.1\na: 1\n', '2:1 directives end mark is expected'],
  ]
  it.each(cases)('%s', (_, text, problem) => {
    expect(problems(text)).toEqual([problem])
    const last = parseYaml(text).documents
    expect(last.every(({ value }) => JSON.stringify(value) === '{"a":1}')).toBe(true)
  })

  it('do not keep other documents from being read', () => {
    const { documents, problems: found } = parseYaml('a: 1\n---\nb: [\n---\nc: "x\n---\nd: 1\nd: 2\n---\ne: 5\n')
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, { e: 5 }])
    expect(found).toEqual([
      { message: 'a list or mapping in brackets is not closed', position: { line: 4, column: 1 } },
      { message: 'a double-quoted text is not closed', position: { line: 6, column: 1 } },
      { message: 'the key "d" is set twice, in line 7 and in line 8', position: { line: 8, column: 1 } },
    ])
  })
})

describe('limits', () => {
  it('on the size', () => {
    expect(parseYaml('a: 1', { size: 4 }).documents).toHaveLength(1)
    expect(parseYaml('a: 1\n', { size: 4 })).toEqual({
      documents: [],
      problems: [{ message: 'the text has 5 characters; the limit is 4', position: { line: 1, column: 1 } }],
    })
  })

  it.each([
    ['lists in brackets', (levels: number) => '['.repeat(levels) + ']'.repeat(levels)],
    ['lists in brackets around a scalar', (levels: number) => `${'['.repeat(levels)}x${']'.repeat(levels)}`],
    ['lists', (levels: number) => `${'- '.repeat(levels)}x`],
    ['mappings', (levels: number) => Array.from({ length: levels }, (_, i) => `${' '.repeat(i)}k:\n`).join('')],
    ['pairs', (levels: number) => `${'[a: '.repeat(levels / 2)}x${']'.repeat(levels / 2)}`],
  ])('on the depth of %s', (_, nest) => {
    expect(parseYaml(nest(200)).problems).toEqual([])
    expect(parseYaml(nest(202)).problems.map(({ message }) => message)).toEqual([
      'the document nests deeper than 200 levels',
    ])
    expect(parseYaml(nest(4), { depth: 4 }).problems).toEqual([])
    expect(parseYaml(nest(6), { depth: 4 }).problems.map(({ message }) => message)).toEqual([
      'the document nests deeper than 4 levels',
    ])
  })

  it('on the depth, however large it is set', () => {
    expect(parseYaml('['.repeat(100_000), { depth: 1e9 }).problems.map(({ message }) => message)).toEqual([
      'the document nests deeper than 1000 levels',
    ])
  })

  it('on the depth that aliases add up to', () => {
    const chain = (links: number) =>
      `a0: &a0 []\n${Array.from({ length: links }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`).join('')}`
    expect(parseYaml(chain(2), { depth: 4 }).problems).toEqual([])
    expect(parseYaml(chain(3), { depth: 4 }).problems.map(({ message }) => message)).toEqual([
      'the document nests deeper than 4 levels',
    ])
  })

  it('on the depth, where merging adds none', () => {
    const chain = `a0: &a0 {k: []}\n${Array.from({ length: 50 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: *a${i}}\n`).join('')}`
    expect(parseYaml(chain, { depth: 4 }).problems).toEqual([])
  })

  it('on what aliases stand for, so that nine lines do not become a thousand million', () => {
    const lines = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]\n`,
    )
    expect(problems(`l0: &l0 lol\n${lines.join('')}`)).toEqual(['6:45 aliases repeat too much; write the values out'])
    const twice = 'a: &a [1, 2]\nb: [*a, *a]\n'
    expect(parseYaml(twice, { aliasedNodes: 6 }).problems).toEqual([])
    expect(parseYaml(twice, { aliasedNodes: 5 }).problems).toHaveLength(1)
    expect(parseYaml(`${twice}---\n${twice}`, { aliasedNodes: 11 }).documents).toHaveLength(1)
  })

  it('on the number of documents, bad ones included', () => {
    expect(parseYaml('---\na\n'.repeat(3), { documents: 3 }).problems).toEqual([])
    expect(parseYaml('---\n[\n---\na\n---\nb\n', { documents: 2 })).toMatchObject({
      documents: [{ value: 'a' }],
      problems: [{}, { message: 'the text has more than 2 documents', position: { line: 5, column: 1 } }],
    })
  })

  it.each([
    ['brackets that begin at the left', `a: [\n${'b,\n'.repeat(20_000)}]`],
    ['quotes that go on at the left', `a: "${'b\n'.repeat(20_000)}"`],
    ['bad documents', '---\na: [\n'.repeat(20_000)],
    ['comments before markers', '# c\n...\n'.repeat(50_000)],
    ['keys', `${Array.from({ length: 50_000 }, (_, i) => `k${i}: 1\n`).join('')}k0: 2`],
  ])('on the time that many %s take', (_, text) => {
    const started = performance.now()
    parseYaml(text)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})
