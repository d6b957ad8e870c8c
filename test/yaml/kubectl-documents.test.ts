import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../src/yaml/parse.ts'

function read(text: string) {
  const { documents, problems } = parseYaml(text)
  return {
    values: documents.map(({ value }) => value),
    problems: problems.map(({ message, position }) => `${position.line}:${position.column}: ${message}`),
  }
}

const ODD_MARKER =
  'kubectl starts a new document at this ---, other readers of YAML do not; put a line break or a space after ---'
const ODD_START = 'kubectl skips the special blank before this {, other readers of YAML do not; remove it'

describe('documents are cut as kubectl cuts them', () => {
  it.each([
    ['a stream of JSON', '{"a":1}{"b":2}\n{"c":3}\r\n'],
    ['JSON values in lines', '{"a":1}\n\t{"b":2} {"c":3}'],
    ['YAML that follows JSON', '{"a":1}\nb: 2\n---\nc: 3\n'],
    ['YAML that follows JSON in its line', '{"a":1} b: 2\n---\nc: 3\n'],
    ['a marker that follows JSON in its line', '{"a":1} ---\nb: 2\n--- # c\nc: 3\n'],
    ['line breaks of Windows', 'a: 1\r\n--- \r\nb: 2\r\n---\t# c\r\nc: 3\r\n'],
    ['empty documents and comments', '# x\n---\na: 1\n---\n# y\n---\n---\nb: 2\n---\n~\n---\nc: 3\n---\n'],
  ])('%s', (_, text) => {
    const { values, problems } = read(text)
    expect(problems).toEqual([])
    expect(values.filter(value => value !== null)).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }])
  })

  it.each([
    ['a no-break space after ---', 'a: 1\n---\u00a0\nb: 2\n', `2:1: ${ODD_MARKER}`],
    ['a comment that hides a document after ---', 'a: 1\n---\u00a0#: |\n  b: 2\n', `2:1: ${ODD_MARKER}`],
    ['a comment right after ---', 'a: 1\n---#c\nb: 2\n', `2:1: ${ODD_MARKER}`],
    ['a vertical tab after ---', 'a: 1\n---\v\nb: 2\n', `2:1: ${ODD_MARKER}`],
    [
      'a document behind a carriage return in the line of a marker',
      'a: 1\n--- #\rb: 2\n',
      '2:1: a carriage return is inside this --- line: kubectl skips what follows it, other readers of YAML do not; remove it',
    ],
    [
      'two carriage returns before a line feed',
      'a: |\r\r\n b\n',
      '1:5: two carriage returns end this line; remove one',
    ],
    [
      'a number between JSON objects, which Go reads as one more value',
      '{"a":1}\n08\n{"b":2}',
      '2:1: a value that is not an object stands between JSON objects; remove it, or write --- before it',
    ],
    ['an ideographic space before {', '\n\u3000\n{a: 1}\n', `2:1: ${ODD_START}`],
    ['a byte order mark before a key', 'a: 1\n\ufeffb: 2\n', '2:1: a byte order mark begins this line; remove it'],
    [
      'a line break that only YAML 1.1 knows, in JSON that is no JSON for kubectl',
      '---\n{"a": "x\u2028y"}\n',
      '2:9: U+2028 ends a line for Kubernetes, but not for other readers of YAML; escape it in double quotes',
    ],
    [
      'a question mark before a key in brackets',
      'a: {?b: 1}\n',
      '1:5: Kubernetes takes this question mark for the mark of a key; put quotes around the text',
    ],
    [
      'half of a surrogate pair in JSON',
      '{"a": "\\ud83d"}',
      '1:8: half a character (a surrogate without its other half) is escaped here; remove it',
    ],
  ])('%s is a problem', (_, text, problem) => {
    expect(read(text).problems).toEqual([problem])
  })

  it('a whole surrogate pair in JSON is a character, an escaped backslash is a backslash', () => {
    expect(read('{"a": "\\ud83d\\ude00\\\\ud83d"}')).toEqual({ values: [{ a: '\u{1f600}\\ud83d' }], problems: [] })
  })

  it('positions in a stream of JSON count from the start of the text', () => {
    const { documents } = parseYaml('{"a":1}\n{"b":\n  2}{"c":3}')
    expect(documents.map((document, index) => document.locate(`/${'abc'[index]}`).start)).toEqual([
      { line: 1, column: 6 },
      { line: 3, column: 3 },
      { line: 3, column: 10 },
    ])
  })
})

it('ends the last line, as kubectl does', () => {
  expect(read('a: |+\n -\n ').values).toEqual(read('a: |+\n -\n \n').values)
  expect(read('a: b').values).toEqual([{ a: 'b' }])
})

it('keeps positions within the text, although its last line was ended', () => {
  const [document] = parseYaml('a: b').documents
  expect(document?.locate('/a')).toEqual({ start: { line: 1, column: 4 }, end: { line: 1, column: 5 } })
})
