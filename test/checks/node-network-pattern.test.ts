import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstMet } from '../../src/checks/node-network/pattern.ts'

const NAME = ['net', 'ipv4', 'ip_forward']
const meets = (pattern: string) => firstMet(pattern, [['net', 'ipv4', 'x'], NAME]) === NAME

describe('firstMet', () => {
  it.each([
    ['net.ipv4.ip_forward', true],
    ['net.ipv4.ip_*', true],
    ['net.*.*d', true],
    ['*.*.*', false],
    ['*.*.ip**forward', true],
    ['net.ipv?.ip_forward', true],
    ['net.ipv[4].ip_forward', true],
    ['net.ipv[!6].ip_forward', true],
    ['net.ipv[].ip_forward', true],
    ['net.ipv[.ip_forward', false],
    ['net.*.ip_', false],
    ['net.*.forward', false],
    ['net.*', false],
    ['net.ipv4.ip_forward.x', false],
    [`net.ipv[${'a'.repeat(64)}].ip_forward`, true],
    [`net.ipv[${'a'.repeat(65)}].ip_forward`, false],
  ])('%s', (pattern, expected) => {
    expect(meets(pattern)).toBe(expected)
  })

  it('says what a regular expression says', () => {
    const token = fc.constantFrom('*', '?', '[a]', '[', ']', 'a', 'b', '*a', 'b*')
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 8 }),
        (tokens, text) => {
          const source = tokens
            .join('')
            .replace(/\[[^\]]*\]|[*?[\]]/g, part =>
              part === '*' ? '.*' : part === '?' || part.length > 1 ? '.' : `\\${part}`,
            )
          expect(firstMet(tokens.join(''), [[text]]) !== undefined).toBe(new RegExp(`^${source}$`).test(text))
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('takes as long as there are patterns, however many stars they have', () => {
    for (let count = 0; count < 2_000_000; count++) firstMet('*.*.*x*x*x', [NAME])
  })
})
