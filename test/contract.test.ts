import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NUMBER = /^[PBNS]\d{1,2}a?$/

/** The numbers of the page, each in its one line, and those of its last list that have no test yet. */
function readPage(): { readonly promised: readonly string[]; readonly coming: readonly string[] } {
  const [promises = '', comes = ''] = readFileSync(join(ROOT, 'docs/contract.md'), 'utf8').split('\n## Comes with\n')
  const numbers = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, number = '']) => number)
  return {
    promised: numbers(promises, /^- \*\*([A-Z0-9a]+)\*\* ./gm),
    // `P05 comes with …` as a whole; `P08, its codes …` in part, and the rest has its tests.
    coming: numbers(comes, /^- \*\*([A-Z0-9a]+)\*\* comes with ./gm),
  }
}

/** The numbers at the start of the names of all tests, as the sources have them; a name may begin with several. */
function numbersOfTests(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const file of readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue
    const source = readFileSync(join(ROOT, 'test', file), 'utf8')
    for (const [, name = ''] of source.matchAll(
      /\b(?:test|it)(?:\.(?!skip|todo|fails)\w+(?:\([^)]*\))?)*\(\s*['"`]([^'"`\n]*)/g,
    )) {
      for (const word of name.split(' ')) {
        if (!NUMBER.test(word)) break
        found.set(word, file)
      }
    }
  }
  return found
}

const { promised, coming } = readPage()
const tested = numbersOfTests()

test('the page lists each number once', () => {
  expect(promised.length).toBeGreaterThan(40)
  expect(new Set(promised).size).toBe(promised.length)
  for (const number of promised) expect(number).toMatch(NUMBER)
})

test('every promise has a test with its number, or is listed as coming', () => {
  expect(promised.filter(number => !tested.has(number) && !coming.includes(number))).toEqual([])
})

test('what is listed as coming is promised and has no test yet', () => {
  expect(coming.filter(number => !promised.includes(number) || tested.has(number))).toEqual([])
})

test('no test has a number that the page lacks', () => {
  expect([...tested].filter(([number]) => !promised.includes(number))).toEqual([])
})
