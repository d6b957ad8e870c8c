import fc from 'fast-check'
import { DUMP_SCHEMA, dump } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import { pointerOf, resolvePointer, type Segment } from '../../src/json/pointer.ts'
import { isList, isObject, type Json } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'yes',
    'null',
    '~',
    '<<',
    '1',
    '0x10',
    '1e3',
    '.inf',
    '',
    '=',
    '- a',
    'a: b',
  ),
  fc.constantFrom(
    '2001-01-01',
    '---',
    '...',
    '{',
    '#',
    ' x',
    'x\n',
    '\tx',
    '\n\n',
    '1_000',
    '!!str',
    '&a',
    '*a',
    '%TAG',
  ),
)
const { json } = fc.letrec<{ json: Json; leaf: Json }>(tie => ({
  leaf: fc.oneof(
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  ),
  json: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    fc.array(tie('json'), { maxLength: 5 }),
    fc.array(fc.tuple(text, tie('json')), { maxLength: 5 }).map(entries => Object.fromEntries(entries)),
  ),
}))

function value(source: string): unknown {
  const { documents, problems } = parseYaml(source)
  expect(problems).toEqual([])
  expect(documents).toHaveLength(1)
  return documents[0]?.value
}

/** Every key and every string in some data. */
function stringsOf(data: unknown): readonly string[] {
  if (typeof data === 'string') return [data]
  if (typeof data !== 'object' || data === null) return []
  return [...(Array.isArray(data) ? [] : Object.keys(data)), ...Object.values(data).flatMap(stringsOf)]
}

describe('parseYaml', () => {
  it('reads any JSON as JSON', () => {
    const space = fc.constantFrom('', ' ', '\t', '  ')
    fc.assert(
      fc.property(json, space, (data, indent) => {
        // kubectl reads as JSON what begins with an object, and anything else as YAML.
        const source = JSON.stringify({ data }, null, indent)
        expect(value(source)).toEqual(JSON.parse(source))
      }),
      { numRuns: 2000 },
    )
  })

  it('reads what js-yaml writes', () => {
    fc.assert(
      fc.property(json, fc.boolean(), fc.constantFrom(-1, 1), (data, seqNoIndent, flowLevel) => {
        const source = dump(data, { schema: DUMP_SCHEMA, seqNoIndent, flowLevel, noRefs: true })
        // What Kubernetes reads otherwise than js-yaml is a problem.
        fc.pre(
          !parseYaml(source).problems.some(({ message }) =>
            /^Kubernetes (?:reads this colon|takes this question mark)/.test(message),
          ),
        )
        fc.pre(!/[\x7f-\x9f\u2028\u2029\ufffe\uffff]/.test(source))
        // `+_0` and `0X0` are numbers to goyaml and strings to js-yaml, which writes them without quotes.
        fc.pre(stringsOf(data).every(text => dump(text).trimEnd() !== text || typeof value(text) === 'string'))
        expect(value(source)).toEqual(data)
      }),
      { numRuns: 2000 },
    )
  })

  const token = fc.constantFrom(
    ...[
      'a',
      'b',
      '1',
      'yes',
      '~',
      ': ',
      ':',
      '- ',
      '-',
      '? ',
      '{',
      '}',
      '[',
      ']',
      ', ',
      ',',
      '"q"',
      "'s'",
      '"',
      "'",
      '&a ',
      '*a',
    ],
    ...[
      '!!str ',
      '!x ',
      '<<: ',
      '\n',
      '\n  ',
      '\n    ',
      '\n- ',
      '#c',
      ' # c',
      '|\n  ',
      '>-\n  ',
      'a: ',
      'b: ',
      '\t',
      ' ',
      '\r\n',
    ],
    ...['\n---\n', '\n...\n', '%YAML 1.1\n', '\uFEFF', '\u2028', '\\', '@', '\0', '\ud800'],
  )
  const scraps = fc.array(token, { maxLength: 30 }).map(tokens => tokens.join(''))

  it('never throws, and finds a place inside the text for everything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), scraps), source => {
        const lines = source.split(/\r\n|\r|\n/)
        const isInside = ({ line, column }: { readonly line: number; readonly column: number }) =>
          column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 2
        const { documents, problems } = parseYaml(source)
        for (const { position } of problems) expect(isInside(position)).toBe(true)
        for (const document of documents) {
          for (const pointer of pointersIn(document.value)) {
            const { start, end } = document.locate(pointer)
            expect(isInside(start) && isInside(end)).toBe(true)
            expect(start.line < end.line || (start.line === end.line && start.column <= end.column)).toBe(true)
          }
        }
      }),
      { numRuns: 20_000 },
    )
  })

  it('reads a document as it reads it among others', () => {
    fc.assert(
      fc.property(
        fc.array(
          scraps.filter(s => !/^(---|\.\.\.|%)|[\r\n]\uFEFF?(---|\.\.\.)/.test(s.trimStart())),
          { maxLength: 4 },
        ),
        parts => {
          const alone = parts.map(part => parseYaml(`---\n${part}\n`))
          const together = parseYaml(parts.map(part => `---\n${part}\n`).join(''))
          expect(together.documents.map(document => document.value)).toEqual(
            alone.flatMap(({ documents }) => documents.map(document => document.value)),
          )
          expect(together.problems).toHaveLength(alone.flatMap(({ problems }) => problems).length)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('locates what the value has: the text there reads as the value', () => {
    fc.assert(
      fc.property(json, data => {
        const source = JSON.stringify({ data }, null, 2)
        const [document] = parseYaml(source).documents
        if (document === undefined) return expect.unreachable()
        const starts = [0, ...[...source.matchAll(/\n/g)].map(match => match.index + 1)]
        for (const pointer of pointersIn(document.value)) {
          const { start, end } = document.locate(pointer)
          const [from, to] = [start, end].map(({ line, column }) => (starts[line - 1] ?? 0) + column - 1)
          expect(JSON.parse(source.slice(from, to))).toEqual(resolvePointer(document.value, pointer))
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** Pointers to everything in `value`. */
function pointersIn(value: Json, path: readonly Segment[] = []): readonly string[] {
  const children: readonly (readonly [Segment, Json])[] = isList(value)
    ? value.map((child, index) => [index, child] as const)
    : isObject(value)
      ? Object.entries(value)
      : []
  return [pointerOf(path), ...children.flatMap(([segment, child]) => pointersIn(child, [...path, segment]))]
}
