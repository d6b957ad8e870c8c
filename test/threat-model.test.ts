import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const ROWS = readFileSync('docs/security/threat-model.md', 'utf8')
  .split('\n')
  .flatMap(line => {
    const [, number, , mitigation = '', tests = ''] = /^\| (P?\d+) \| (.+?) \| (.+?) \| (.*?) ?\|$/.exec(line) ?? []
    return number === undefined ? [] : [{ number, mitigation, tests: tests.split(', ').filter(name => name !== '') }]
  })

it('covers the eighteen threats of SIG Security, and ours', () => {
  const numbers = ROWS.map(({ number }) => number)
  expect(numbers.slice(0, 18)).toEqual(Array.from({ length: 18 }, (_, index) => String(index + 1)))
  expect(numbers.slice(18)).toEqual(Array.from({ length: numbers.length - 18 }, (_, index) => `P${index + 1}`))
})

it('names for each mitigation tests that are there; what has none is out of scope, and says so', () => {
  for (const { number, mitigation, tests } of ROWS) {
    if (tests.length === 0) expect([number, mitigation.startsWith('Out of scope')]).toEqual([number, true])
    for (const test of tests) expect(existsSync(test.replaceAll('`', '')), `${number}: ${test}`).toBe(true)
  }
})
