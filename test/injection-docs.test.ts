import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { INJECTION_RESULTS, REQUEST_REASONS } from '../src/injection/outcome.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(join(ROOT, 'docs/injection.md'), 'utf8')
const listed = [...page.matchAll(/^- \*\*(\d+)\*\* ./gm)].map(([, number]) => Number(number))

/** The numbers of the tests, or of what holds them, called `injection 7: …`, those of `injection 1, 2: …` one by one. */
function numbersOfTests(): readonly number[] {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  const sources = files
    .filter(file => file.endsWith('.test.ts'))
    .map(file => readFileSync(join(ROOT, 'test', file), 'utf8'))
  // A test that is skipped or expected to fail holds nothing.
  const names = sources.flatMap(source => [
    ...source.matchAll(
      /(?<!\w)(?:test|it|describe)(?:\.each(?:<[^(]*>)?\([\s\S]*?\))?\(\s*['"`]injection ((?:\d+(?:, )?)+):/g,
    ),
  ])
  return names.flatMap(([, numbers = '']) => numbers.split(', ').map(Number))
}

test('each case of the page has a test with its number, and each such test a case', () => {
  const tested = new Set(numbersOfTests())
  expect(listed.length).toBeGreaterThan(45)
  expect(listed.filter(number => !tested.has(number))).toEqual([])
  expect([...tested].filter(number => !listed.includes(number))).toEqual([])
})

test('the page has each result, in the words of the code', () => {
  for (const [word, meaning] of Object.entries({ ...INJECTION_RESULTS, ...REQUEST_REASONS })) {
    expect(page).toContain(`| \`${word}\` | ${meaning} |`)
  }
})

test('the page shows an example as it is', () => {
  expect(page).toContain(readFileSync(join(ROOT, 'examples/injections/log-tailer.yaml'), 'utf8'))
  const injected = readFileSync(join(ROOT, 'examples/injections/pods/log-tailer.injected.yaml'), 'utf8')
  const [, diff = ''] = /```diff\n([\s\S]*?)```/.exec(page) ?? []
  const after = diff
    .split('\n')
    .filter(line => !line.startsWith('-'))
    .map(line => line.slice(1))
  expect(after.join('\n')).toBe(injected)
})
