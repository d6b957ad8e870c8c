import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeHtml, foreign, html, Markup, style } from '../../src/rollout-report/escape.ts'

describe('a text in a page', () => {
  it.each([
    { name: 'an element', input: '<script>alert(1)</script>', expected: '&lt;script&gt;alert(1)&lt;/script&gt;' },
    { name: 'the end of an attribute', input: `" onload='x'`, expected: '&quot; onload=&#39;x&#39;' },
    { name: 'an entity, which stays what was written', input: '&lt;b&amp;', expected: '&amp;lt;b&amp;amp;' },
    { name: 'the end of a comment', input: '--><b>', expected: '--&gt;&lt;b&gt;' },
    { name: 'a NUL', input: 'a\u0000b', expected: 'a\\u0000b' },
    { name: 'an escape sequence of a terminal', input: '\u001b[31m', expected: '\\u001b[31m' },
    { name: 'a mark that turns the direction', input: 'a\u202egnp.exe', expected: 'a\\u202egnp.exe' },
    { name: 'an isolate that is never closed', input: '\u2067x', expected: '\\u2067x' },
    { name: 'a space of no width', input: 'a\u200bb', expected: 'a\\u200bb' },
    { name: 'half a surrogate pair', input: 'a\ud800b', expected: 'a\\ud800b' },
    { name: 'a noncharacter', input: 'a\uffffb\u{1fffe}', expected: 'a\\u{ffff}b\\u{1fffe}' },
    { name: 'a carriage return', input: 'a\rb', expected: 'a\\u000db' },
    { name: 'a newline, which a page may hold', input: 'a\nb', expected: 'a\nb' },
    { name: 'letters of any script', input: 'שלום é 名前 🚀', expected: 'שלום é 名前 🚀' },
  ])('has escaped $name', ({ input, expected }) => {
    expect(escapeHtml(input)).toBe(expected)
  })

  it('can end neither an element nor an attribute, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const escaped = escapeHtml(text)
        expect(escaped).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/)
        expect(escaped).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}]/u)
      }),
    )
  })

  it('is read back as it was where nothing of it is unprintable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), text => {
        const read = escapeHtml(text)
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&')
        expect(read).toBe(text)
      }),
    )
  })
})

describe('a template', () => {
  it('escapes what is put into it, and leaves what is markup', () => {
    const inner = html`<b>${'<'}</b>`
    expect(html`<p title="${'"'}">${inner}${['&', inner, 3]}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;</b>&amp;<b>&lt;</b>3</p>',
    )
  })

  it('takes no object for markup that only looks like it', () => {
    const forged = JSON.parse('{"text":"<script>"}') as unknown
    expect(Markup.is(forged)).toBe(false)
    expect(Markup.is(Object.assign(Object.create(Markup.prototype) as object, { text: '<script>' }))).toBe(false)
  })

  it('keeps the direction of a foreign text within it', () => {
    expect(foreign('a<').text).toBe('<bdi>a&lt;</bdi>')
  })

  it('refuses a style sheet that could end its element', () => {
    expect(() => style('a{}</style><script>')).toThrow('must not hold')
    expect(style('a{color:red}').text).toBe('<style>a{color:red}</style>')
  })
})
