import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlob } from '../../src/policy/glob.ts'
import { suggest } from '../../src/policy/suggest.ts'
import { compileSelector, type LabelReader, labelsOf, selects } from '../../src/workload/selector.ts'

describe('compileGlob', () => {
  it.each<[pattern: string, text: string, expected: boolean]>([
    ['', '', true],
    ['', 'a', false],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['*', '', true],
    ['*', 'anything/at all', true],
    ['**', 'x', true],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*b', 'ab', true],
    ['a*b', 'a', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['*a*', 'bab', true],
    ['*a*', 'bb', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*bc*c', 'abc', false],
    ['registry.example/*', 'registry.example/app:1', true],
    ['registry.example/*', 'registryXexample/app:1', false],
    ['a?', 'ab', false],
    ['a?', 'a?', true],
    ['[ab]', 'a', false],
    ['a.c', 'abc', false],
    ['*.*', 'a\n.b', true],
  ])('%j of %j: %s', (pattern, text, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected)
  })

  it('means what the regular expression means', () => {
    const word = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 }).map(parts => parts.join(''))
    fc.assert(
      fc.property(word, word, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replace(/\*+/g, '[^]*')}$`)
        expect(compileGlob(pattern)(text)).toBe(expression.test(text))
      }),
      { numRuns: 5000 },
    )
  })

  it('takes no longer for a hostile pattern', () => {
    const matches = compileGlob(`${'*a'.repeat(1000)}*b`)
    const started = performance.now()
    expect(matches('a'.repeat(100_000))).toBe(false)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('selects', () => {
  const labels: LabelReader = key =>
    key === 'unknown' ? 'unknown' : { value: key === 'tier' ? 'gold' : key === 'empty' ? '' : undefined }
  const select = (
    ...matchExpressions: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[]
  ) => selects(compileSelector({ matchExpressions }), labels)

  it.each([
    ['tier', 'In', ['gold'], true],
    ['tier', 'In', ['lead', 'gold'], true],
    ['tier', 'In', ['lead'], false],
    ['tier', 'NotIn', ['lead'], true],
    ['tier', 'NotIn', ['gold'], false],
    ['gone', 'In', ['gold'], false],
    ['gone', 'NotIn', ['gold'], true],
    ['empty', 'In', [''], true],
    ['empty', 'NotIn', [''], false],
    ['unknown', 'In', ['gold'], 'unknown'],
    ['unknown', 'NotIn', ['gold'], 'unknown'],
  ] as const)('%s %s %j: %s', (key, operator, values, expected) => {
    expect(select({ key, operator, values: [...values] })).toBe(expected)
  })

  it.each([
    ['tier', 'Exists', true],
    ['tier', 'DoesNotExist', false],
    ['empty', 'Exists', true],
    ['gone', 'Exists', false],
    ['gone', 'DoesNotExist', true],
    ['unknown', 'Exists', 'unknown'],
    ['unknown', 'DoesNotExist', 'unknown'],
  ] as const)('%s %s: %s', (key, operator, expected) => {
    expect(select({ key, operator })).toBe(expected)
  })

  it('selects everything where nothing is required', () => {
    expect(selects(compileSelector(undefined), labels)).toBe(true)
    expect(selects(compileSelector({}), labels)).toBe(true)
    expect(selects(compileSelector({ matchLabels: {}, matchExpressions: [] }), labels)).toBe(true)
  })

  it('asks for every requirement, of both forms', () => {
    const both = { matchLabels: { tier: 'gold' }, matchExpressions: [{ key: 'gone', operator: 'Exists' as const }] }
    expect(selects(compileSelector(both), labels)).toBe(false)
    expect(selects(compileSelector({ ...both, matchExpressions: [] }), labels)).toBe(true)
    expect(selects(compileSelector({ ...both, matchLabels: { tier: 'lead' }, matchExpressions: [] }), labels)).toBe(
      false,
    )
  })

  const failing = { key: 'tier', operator: 'DoesNotExist' as const }
  const holding = { key: 'tier', operator: 'Exists' as const }
  const unknown = { key: 'unknown', operator: 'Exists' as const }
  it('lets one requirement that fails decide, whatever is unknown beside it, in any order', () => {
    expect(select(failing, unknown)).toBe(false)
    expect(select(unknown, failing)).toBe(false)
    expect(select(unknown, holding)).toBe('unknown')
    expect(select(holding, unknown)).toBe('unknown')
  })
})

describe('labelsOf', () => {
  it.each<[object: unknown, value: string | undefined]>([
    [{ metadata: { labels: { a: 'b' } } }, 'b'],
    [{ metadata: { labels: { a: '' } } }, ''],
    [{ metadata: { labels: { a: 1 } } }, undefined],
    [{ metadata: { labels: null } }, undefined],
    [{ metadata: { labels: [] } }, undefined],
    [{ metadata: null }, undefined],
    [{}, undefined],
    [null, undefined],
  ])('of %j', (object, value) => {
    expect(labelsOf(JSON.parse(JSON.stringify(object)))('a')).toEqual({ value })
  })

  it.each(['constructor', 'toString', '__proto__'])('does not find %s where nobody wrote it', key => {
    expect(labelsOf({ metadata: { labels: {} } })(key)).toEqual({ value: undefined })
    expect(labelsOf(JSON.parse(`{"metadata": {"labels": {"${key}": "a"}}}`))(key)).toEqual({ value: 'a' })
  })
})

describe('suggest', () => {
  it.each<[word: string, allowed: readonly string[], expected: string]>([
    ['lables', ['labels', 'name'], ' (did you mean "labels"?)'],
    ['Labels', ['labels'], ' (did you mean "labels"?)'],
    ['nam', ['namespace', 'name'], ' (did you mean "name"?)'],
    ['namesapce', ['name', 'namespace'], ' (did you mean "namespace"?)'],
    ['labels', ['spec'], ''],
    ['ab', ['cd'], ''],
    ['', ['abc'], ''],
    ['a', [], ''],
    ['x'.repeat(65), ['x'.repeat(65)], ''],
  ])('%j among %j', (word, allowed, expected) => {
    expect(suggest(word, allowed)).toBe(expected)
  })
})
