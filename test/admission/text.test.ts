import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { oneLine, printable, quote, shorten } from '../../src/admission/text.ts'

/** What a terminal acts on, or a reader is misled by. */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

describe('oneLine and printable', () => {
  it.each<[text: string, line: string]>([
    ['', ''],
    ['plain text', 'plain text'],
    ['Größe 5 µm 日本 😀', 'Größe 5 µm 日本 😀'],
    ['a\tb', 'a\\u0009b'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['a\u0000b', 'a\\u0000b'],
    ['a\u007fb\u0085', 'a\\u007fb\\u0085'],
    ['right\u202eleft', 'right\\u202eleft'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['\ufeffmark', '\\ufeffmark'],
    ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['half \ud83d', 'half \\ud83d'],
    ['tag \u{e0041}', 'tag \\u{e0041}'],
  ])('%j', (text, line) => {
    expect(oneLine(text)).toBe(line)
    expect(printable(text)).toBe(line)
  })

  it('differ in newlines alone', () => {
    expect(oneLine('a\nb\r\n')).toBe('a\\u000ab\\u000d\\u000a')
    expect(printable('a\nb\r\n')).toBe('a\nb\\u000d\n')
  })

  it('leave nothing dangerous', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(oneLine(text)).not.toMatch(DANGEROUS)
        expect(printable(text).replaceAll('\n', '')).not.toMatch(DANGEROUS)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('shorten', () => {
  it.each<[text: string, limit: number, expected: string]>([
    ['', 3, ''],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a😀b', 4, 'a😀b'],
    ['a😀bc', 4, 'a😀…'],
    ['a😀bc', 3, 'a…'],
  ])('%j to %d: %j', (text, limit, expected) => {
    expect(shorten(text, limit)).toBe(expected)
  })

  it('keeps to the limit and to whole characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, limit) => {
        const short = shorten(text, limit)
        expect(short.length).toBeLessThanOrEqual(limit)
        expect(short.isWellFormed()).toBe(true)
      }),
    )
  })
})

describe('quote', () => {
  it.each<[text: string, expected: string]>([
    ['', '""'],
    ['a', '"a"'],
    ['a "b"', '"a \\"b\\""'],
    ['a\nb', '"a\\u000ab"'],
    ['x'.repeat(300), `"${'x'.repeat(255)}…"`],
  ])('%j', (text, expected) => {
    expect(quote(text)).toBe(expected)
  })

  it('reads no more than it shows, and shows the same', () => {
    const long = fc.array(fc.constantFrom('a', '"', '\n', '\u200b', '😀', '\ud83d', 'é'), {
      minLength: 250,
      maxLength: 270,
    })
    fc.assert(
      fc.property(long, characters => {
        const text = characters.join('')
        expect(quote(text)).toBe(`"${shorten(oneLine(text), 256).replaceAll('"', '\\"')}"`)
      }),
    )
    // 25 billion characters otherwise.
    const name = 'é'.repeat(250_000)
    for (let count = 0; count < 100_000; count++) quote(name)
  })
})
