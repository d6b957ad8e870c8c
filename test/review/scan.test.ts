import fc from 'fast-check'
import { expect, it } from 'vitest'
import { scanJson } from '../../src/review/scan.ts'
import { propertyOptions } from '../support/property.ts'

const OPTIONS = propertyOptions('scan')

/** Brackets nest, and commas and opening brackets count; told from the value itself. */
function measure(value: unknown): { readonly depth: number; readonly tokens: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, tokens: 0 }
  const inside = Object.values(value).map(measure)
  return {
    depth: 1 + Math.max(0, ...inside.map(({ depth }) => depth)),
    tokens: 1 + Math.max(0, inside.length - 1) + inside.reduce((sum, { tokens }) => sum + tokens, 0),
  }
}

/** Strings around the length at which the search changes, full of what could be taken for their end or for a bracket. */
const strings = fc.string({ unit: fc.constantFrom('"', '\\', '[', '{', ',', 'x', 'é'), maxLength: 80 })
const values = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 6 },
    strings,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(strings, tie('value'), { maxKeys: 4 }),
    fc.constantFrom(null, true, 1.5),
  ),
})).value

it('counts depth and parts as they are, whatever strings hold', () => {
  fc.assert(
    fc.property(values, value => {
      const { depth, tokens } = measure(value)
      const bytes = Buffer.from(JSON.stringify(value))
      expect(scanJson(bytes, depth, tokens)).toBe('fine')
      if (depth > 0) expect(scanJson(bytes, depth - 1, tokens)).toBe('too-deep')
      if (tokens > 0) expect(scanJson(bytes, depth, tokens - 1)).toBe('too-many')
    }),
    OPTIONS,
  )
})

it.each(['"', '"\\', `"${'x'.repeat(40)}`, `"${'x'.repeat(31)}\\`, `"${'x'.repeat(40)}\\"`])(
  'ends at the end of a string that has none: %s',
  text => {
    expect(scanJson(Buffer.from(text), 1, 1)).toBe('fine')
  },
)
