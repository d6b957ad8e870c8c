import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { FUNCTIONS } from '../src/injection/generic/template/ast.ts'
import { LIMITS } from '../src/injection/generic/template/budget.ts'
import { DIFFERENCES } from './support/generic/classify.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(join(ROOT, 'docs/generic-sidecar-injector.md'), 'utf8')
const listed = [...page.matchAll(/^- \*\*([a-z-]+)\*\* ./gm)].map(([, name]) => name ?? '')

test('each deliberate difference of the page has a test, and each such test a difference', () => {
  const folder = join(ROOT, 'test/injection/generic')
  const sources = readdirSync(folder)
    .filter(file => file.endsWith('.test.ts'))
    .map(file => readFileSync(join(folder, file), 'utf8'))
  const tested = sources.flatMap(source =>
    [...source.matchAll(/(?<!\w)(?:test|it|describe)\(\s*'generic difference ([a-z-]+): /g)].map(
      ([, name]) => name ?? '',
    ),
  )
  expect(listed.length).toBeGreaterThan(15)
  expect([...tested].sort()).toEqual([...listed].sort())
})

test('each class of the recorded differences is one of the page', () => {
  expect(DIFFERENCES.filter(name => !listed.includes(name))).toEqual([])
})

test('the page names every function and the bounds', () => {
  expect(FUNCTIONS.filter(name => !page.includes(`\`${name}\``))).toEqual([])
  for (const limit of [LIMITS.steps, LIMITS.output]) expect(page).toContain(limit.toLocaleString('en-US'))
})
