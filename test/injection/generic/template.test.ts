import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Budget, LIMITS } from '../../../src/injection/generic/template/budget.ts'
import { podValue } from '../../../src/injection/generic/template/pod-value.ts'
import type { Parsed } from '../../../src/injection/generic/template/template.ts'
import { parsePieces, parseTemplate, renderText } from '../../../src/injection/generic/template/template.ts'

interface Golden {
  readonly annotations: Readonly<Record<string, string>>
  readonly serviceAccountName: string
  readonly cases: readonly { readonly template: string; readonly text?: string; readonly error?: string }[]
}

/** What Go's text/template makes of templates over a `core/v1.Pod`, with goyaml v2 behind `fromYaml`. */
const golden = JSON.parse(
  readFileSync(new URL('../../data/go-template-golden.json', import.meta.url), 'utf8'),
) as Golden

function run(
  text: string,
  annotations: Readonly<Record<string, string>> = {},
  serviceAccountName = 'sa',
): Parsed<string> {
  const pieces = parsePieces(text)
  if (!pieces.ok) return pieces
  const template = parseTemplate(pieces.value)
  return template.ok
    ? renderText(template.value, podValue({ annotations, serviceAccountName }), new Budget())
    : template
}

function faultOf(text: string, annotations: Readonly<Record<string, string>> = {}): string {
  const result = run(text, annotations)
  return result.ok ? `rendered ${result.value}` : `${result.fault.offset}: ${result.fault.message}`
}

/** On purpose other than Go: an absent annotation is empty. */
const DEVIATIONS: Readonly<Record<string, string>> = {
  '{% eq .Annotations.missing "" %}': 'true',
  '{% (fromYaml .Annotations.missing).with %}': '<no value>',
}

describe('templates give what Go gives', () => {
  it.each(golden.cases)('$template', ({ template, text, error }) => {
    const result = run(template, golden.annotations, golden.serviceAccountName)
    const deviation = DEVIATIONS[template]
    if (deviation !== undefined) {
      expect(result.ok ? result.value : `${result.fault.offset}: ${result.fault.message}`).toBe(deviation)
    } else if (error !== undefined) expect(result.ok).toBe(false)
    else expect(result).toEqual({ ok: true, value: text })
  })
})

describe('faults say what is wrong and where', () => {
  const cases: readonly [template: string, fault: string][] = [
    ['a {% .Annotations', '2: the action is not closed: "%}" is missing'],
    ['{%/* a', '0: the comment is not closed: "*/" is missing'],
    ['{%/* a */ x %}', '0: a comment must end right before "%}"'],
    ['{% "a %}', '3: the string is not closed'],
    ['{% "\\q" %}', '4: unknown escape "\\q" in a string'],
    ['{% `a', '3: the string is not closed'],
    ['{% 12x %}', '3: bad number "12"'],
    ['{% 9223372036854775808 %}', '3: 9223372036854775808 is larger than any int'],
    ['{% a & b %}', '5: unexpected "&" in an action'],
    [
      '{% indx .Annotations "a" %}',
      '3: unknown function "indx" (did you mean "index"?); there are and, call, eq, fromYaml, ge, gt, html, index, js, le, len, lt, ne, not, or, print, printf, println, slice, urlquery',
    ],
    ['{% .Metadata %}', '3: a part of the pod has no field ".Metadata"'],
    ['{% $.Spec.Affinity.NodeAffinity %}', '3: ".NodeAffinity" is asked of a value that is missing'],
    ['{% with .Spec %}{% .Node %}{% end %}', '19: a part of the pod has no field ".Node"'],
    ['{% template "x" %}', '0: there is no template "x"'],
    [
      '{% define "x" %}{% template "x" %}{% end %}{% template "x" %}',
      '16: templates call each other more than 100 deep',
    ],
    ['{% if true %}{% define "x" %}{% end %}{% end %}', '13: {% define %} can only stand outside of all blocks'],
    ['{% define x %}{% end %}', '10: {% define %} takes a name in quotes, not "x"'],
    ['{% define "x" %}a{% end %}{% define "x" %}b{% end %}', '26: there is another template "x"'],
    ['{% break %}', '0: {% break %} stands outside of any {% range %}'],
    ['{% slice "é" 0 1 %}', '3: slice cuts a character in two: positions count the bytes of UTF-8'],
    ['{% printf "%p" .Annotations %}', '3: printf: %p gives an address in memory, which means nothing here'],
    ['{% call .Annotations %}', '3: call: a map is not a function'],
    ['{% range "abc" %}{% end %}', '9: range does not go over a string'],
    ['{% eq .Spec.Containers .Annotations %}', '3: a list cannot be compared with a map'],
    ['{% 1i %}', '3: complex numbers are not supported: "1"'],
    ['ab{% if true %}x', '2: {% if %} has no {% end %}'],
    ['{% if true %}x{% else %}y', '0: {% if %} has no {% end %}'],
    ['x{% end %}', '1: unexpected {% end %}'],
    ['{% if true %}{% else if false %}{% else %}{% else %}{% end %}', '42: a second {% else %}'],
    ['{% range .Annotations %}{% else if true %}{% end %}', '24: {% else if %} does not go with {% range %}'],
    ['{% ("a" %}', '8: ")" is missing'],
    ['{% "a" | "b" %}', '9: only a function can stand behind "|"'],
    ['{% .Annotations "a" %}', '3: the first value is not a function and takes no arguments'],
    ['{% if true %}{% $x := 1 %}{% end %}{% $x %}', '38: variable "$x" is not defined here'],
    ['{% $x = 1 %}', '3: variable "$x" is not defined here'],
    ['{% range $i, $x = .Annotations %}{% end %}', '9: variable "$i" is not defined here'],
    ['{% print "a""b" %}', '12: a space belongs before a string'],
    ['{% len %}', '3: len takes 1 argument, not 0'],
    ['{% index (fromYaml "[1]") 1 %}', '3: index: 1 is out of range; the last is 0'],
    ['{% index "abc" 3 %}', '3: index: 3 is out of range; the last is 2'],
    ['{% fromYaml "a: [" %}', '3: fromYaml: line 1: a list or mapping in brackets is not closed'],
    ['{% printf "%999999d" 1 %}', '3: a value is longer than 524288 characters'],
    [`{% ${'('.repeat(60)} 1 ${')'.repeat(60)} %}`, '54: nests deeper than 50 levels'],
    [`${'{% if true %}'.repeat(60)}${'{% end %}'.repeat(60)}`, '650: nests deeper than 50 levels'],
  ]
  it.each(cases)('%s', (template, fault) => {
    expect(faultOf(template)).toBe(fault)
  })
})

describe('work is bounded', () => {
  const list = (length: number) => `[${Array.from({ length }, () => 'ab').join(',')}]`
  it.each([
    ['a long value', '{% .Annotations.a %}', 'x'.repeat(1_000_000), '3: a value is longer than 524288 characters'],
    [
      'many values',
      '{% range fromYaml (index .Annotations "l") %}{% index $.Annotations "a" %}{% end %}',
      'x'.repeat(100_000),
      '48: the templates write more than 524288 characters',
    ],
    [
      'a value that doubles',
      '{% $x := .Annotations.a %}{% range fromYaml (index .Annotations "l") %}{% $x = print $x $x %}{% end %}',
      'x',
      '79: a value is longer than 524288 characters',
    ],
    [
      'equal texts, compared again and again',
      '{% range fromYaml (index .Annotations "l") %}{% if eq $.Annotations.a $.Annotations.b %}{% end %}{% end %}',
      'x'.repeat(500_000),
      '51: the template does too much work for this pod',
    ],
    [
      'many items',
      '{% range fromYaml .Annotations.a %}{% . %}{% end %}',
      list(10_000),
      '38: the template does too much work for this pod',
    ],
    [
      'a long text of YAML',
      '{% fromYaml .Annotations.a %}',
      list(20_000),
      '3: a text of YAML has more than 32768 characters',
    ],
    [
      'a text of YAML that multiplies',
      '{% fromYaml .Annotations.a %}',
      'a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]',
      '3: fromYaml: line 4: aliases repeat too much; write the values out',
    ],
    [
      'a text of YAML that nests',
      '{% fromYaml .Annotations.a %}',
      '['.repeat(60),
      '3: fromYaml: line 1: the document nests deeper than 50 levels',
    ],
  ])('%s', (_, template, a, fault) => {
    expect(faultOf(template, { a, b: a.slice(0, 250_000) + a.slice(250_000), l: list(100) })).toBe(fault)
  })
})

describe('rendering', () => {
  const word = fc.constantFrom(
    '{%',
    '%}',
    '{%-',
    '-%}',
    ' ',
    '\n',
    '.',
    '.Annotations',
    '.a',
    '$',
    '$x',
    ':=',
    '=',
    '|',
    '(',
    ')',
    ',',
    '"a"',
    '`b`',
    "'c'",
    '1',
    '-2.5',
    'if',
    'else',
    'end',
    'range',
    'with',
    'true',
    'nil',
    'index',
    'eq',
    'lt',
    'and',
    'or',
    'not',
    'len',
    'print',
    'printf "%v"',
    'printf "%5.2f"',
    'fromYaml',
    '/*',
    '*/',
    'text',
    '#',
  )
  const action = fc.array(word, { maxLength: 6 }).map(words => `{% ${words.join(' ')} %}`)
  const template = fc.array(fc.oneof(action, word, fc.string()), { maxLength: 12 }).map(parts => parts.join(''))
  const annotations = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.oneof(fc.string(), fc.json()))

  it('never throws, and stays within its bounds', () => {
    let rendered = 0
    const property = fc.property(template, annotations, (text, values) => {
      const result = run(text, values)
      if (result.ok) rendered++
      if (result.ok) expect(result.value.length).toBeLessThanOrEqual(LIMITS.output)
      else expect(result.fault.offset).toBeLessThanOrEqual(text.length)
    })
    fc.assert(property, { numRuns: 5000 })
    expect(rendered).toBeGreaterThan(100)
  })

  it('copies what is no action', () => {
    const plain = fc.string({ unit: 'grapheme' }).filter(text => !text.includes('{%'))
    const property = fc.property(plain, text => {
      expect(run(text)).toEqual({ ok: true, value: text })
    })
    fc.assert(property)
  })

  it('gives an annotation as it is', () => {
    const property = fc.property(fc.string({ unit: 'binary' }), a => {
      expect(run('{% index .Annotations "a" %}', { a })).toEqual({ ok: true, value: a })
    })
    fc.assert(property)
  })
})
