import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../src/simulation/lines.ts'

async function collect(chunks: readonly (string | Uint8Array)[], limit = 1000) {
  async function* stream() {
    yield* chunks
  }
  const lines: [number, string | undefined][] = []
  for await (const { number, bytes } of linesOf(stream(), limit))
    lines.push([number, bytes && new TextDecoder().decode(bytes)])
  return lines
}

describe('the lines of a stream', () => {
  it('are the same however it is cut', async () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '\n', ' ', '\r'), maxLength: 20 }), {
      maxLength: 10,
    })
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 7 }), async (parts, width) => {
        const whole = new TextEncoder().encode(parts.join('\n'))
        const chunks: Uint8Array[] = []
        for (let at = 0; at < whole.length; at += width) chunks.push(whole.subarray(at, at + width))
        const expected = parts
          .join('\n')
          .split('\n')
          .flatMap((text, index) => (text.trim() === '' ? [] : [[index + 1, text]]))
        expect(await collect(chunks)).toEqual(expected)
      }),
    )
  })

  it('that are too long are told without what they hold, and the next one is there', async () => {
    expect(await collect(['x'.repeat(11), `${'x'.repeat(11)}\nabc\n`, 'y'.repeat(30)], 10)).toEqual([
      [1, undefined],
      [2, 'abc'],
      [3, undefined],
    ])
  })

  it('are none in an empty stream', async () => {
    expect(await collect([])).toEqual([])
    expect(await collect(['\n\n'])).toEqual([])
  })
})
