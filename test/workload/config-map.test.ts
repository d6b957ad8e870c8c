import fc from 'fast-check'
import { expect, it } from 'vitest'
import { textsOf } from '../../src/workload/config-map.ts'

const textOf = (base64: string) => textsOf({ binaryData: { a: base64 } })[0]?.text

function decoded(base64: string): string | undefined {
  try {
    return atob(base64)
  } catch {
    return undefined
  }
}

it.each([
  '',
  'YQ==',
  'YQ',
  'YWI=',
  'YWI',
  'YWJj',
  'Y',
  'YQ=',
  'YQ===',
  '=',
  '==',
  '====',
  'Y Q\n==',
  'YQ= =',
  '!',
  'YW=j',
])('%j', text => {
  expect(textOf(text)).toBe(decoded(text))
})

it('decodes what atob does', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'Z', '+', '/', '=', ' ', '\n', '!'), maxLength: 12 }), text => {
      expect(textOf(text)).toBe(decoded(text))
    }),
    { numRuns: 5000 },
  )
})

it('passes a million texts that are no base64 by', () => {
  const entries = Array.from({ length: 1_000_000 }, (_, index) => [`${index}`, '!'])
  expect(textsOf({ binaryData: Object.fromEntries(entries) })).toEqual([])
})
