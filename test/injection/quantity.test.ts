import { expect, it } from 'vitest'
import { parseQuantity } from '../../src/injection/quantity.ts'

it.each([
  ['1', 10n ** 9n],
  ['1024Mi', 2n ** 30n * 10n ** 9n],
  ['1Gi', 2n ** 30n * 10n ** 9n],
  ['0.5', 500_000_000n],
  ['500m', 500_000_000n],
  ['1e3', 1000n * 10n ** 9n],
  ['1k', 1000n * 10n ** 9n],
  ['-1', -(10n ** 9n)],
  ['.5Ki', 512n * 10n ** 9n],
  // What is finer than a billionth is rounded up.
  ['0.0000000001', 1n],
  ['1.0000000001', 10n ** 9n + 1n],
  ['1e-10', 1n],
] as const)('%s is %d billionths', (text, value) => {
  expect(parseQuantity(text)).toBe(value)
})

it.each(['', '.', 'Mi', '1 Mi', '1mi', '1e', '1e100', 'much', '0x10', '1_000'])('%j is no quantity', text => {
  expect(parseQuantity(text)).toBe(undefined)
})
