import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'

/** `a: <scalar>` and the JSON that sigs.k8s.io/yaml over goyaml v2 makes of it, or `JSONERR` and its error. */
const rows = readFileSync(new URL('../data/goyaml-v2-golden.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => {
    const [scalar = '', json = ''] = line.split('\t')
    const value = json.startsWith('JSONERR') ? undefined : (JSON.parse(json) as { readonly a: Json }).a
    return { scalar, json, value }
  })

const readings: readonly [place: string, template: string, wrap: (value: Json) => Json][] = [
  ['as a value', 'a: %\n', value => ({ a: value })],
  ['as a document', '%\n', value => value],
  ['as a document after ---', '--- %\n', value => value],
  ['in a list', '- %\n', value => [value]],
  ['in a list in brackets', '[%]', value => [value]],
  ['as a value in brackets', '{a: %}', value => ({ a: value })],
  ['after an anchor', 'a: &x %\n', value => ({ a: value })],
]

describe.each(readings)('a scalar %s', (_, template, wrap) => {
  it.each(rows)('$scalar is $json', ({ scalar, value }) => {
    const { documents, problems } = parseYaml(template.replace('%', () => scalar))
    if (value === undefined) {
      expect(documents).toEqual([])
      expect(problems.map(({ message }) => message)).toEqual([`JSON has no number ${scalar}`])
    } else {
      expect(problems).toEqual([])
      expect(documents.map(document => document.value)).toEqual([wrap(value)])
    }
  })
})

it('has all rows of the table', () => expect(rows).toHaveLength(68))
