import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { type Fixture, fixturesOf, judgeFixture, namesIn } from '../support/fixtures.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const IDS = CHECKS.map(({ id }) => id)

/** Whether every object of a fixture is allowed to come into being, after all of it was judged. */
function allows(check: string, fixture: Fixture): boolean {
  const decisions = judgeFixture(check, fixture)
  for (const decision of decisions) expect(decision).toMatchObject({ errors: [], skipped: [] })
  expect(decisions.length).toBeGreaterThan(0)
  return decisions.every(({ allowed }) => allowed)
}

describe('the list of checks', () => {
  it('names each check once, in kebab-case', () => {
    expect(IDS).toEqual([...new Set(IDS)])
    expect(IDS.filter(id => !/^[a-z]+(?:-[a-z]+)*$/.test(id))).toEqual([])
  })

  it('has a check for every file in src/checks that is one', () => {
    const others = ['check.ts', 'findings.ts', 'index.ts', 'resources.ts']
    const files = namesIn('src/checks').filter(name => name.endsWith('.ts') && !others.includes(name))
    expect(files).toEqual(IDS.map(id => `${id}.ts`).sort())
  })

  it('has a page for each check, and no page without one', () => {
    expect(namesIn('docs/checks')).toEqual(IDS.map(id => `${id}.md`).sort())
  })

  it('has fixtures for each check, and none without one', () => {
    expect(namesIn('test/fixtures').filter(name => !name.includes('.'))).toEqual([...IDS].sort())
  })
})

describe.each(CHECKS)('$id', ({ id, summary }) => {
  const pass = fixturesOf(`test/fixtures/${id}/pass`)
  const fail = fixturesOf(`test/fixtures/${id}/fail`)

  it('says what it does in one sentence', () => {
    expect(summary).toMatch(/^[A-Z].*\.$/)
  })

  it('opens its page with its name', () => {
    expect(readFileSync(join(ROOT, `docs/checks/${id}.md`), 'utf8')).toMatch(new RegExp(`^# ${id}\n`))
  })

  it('has at least eight fixtures of each verdict', () => {
    expect(pass.length).toBeGreaterThanOrEqual(8)
    expect(fail.length).toBeGreaterThanOrEqual(8)
  })

  it('has no two fixtures alike', () => {
    const all = [...pass, ...fail].map(({ heads, objects }) => [heads, objects])
    const twins = all.filter((fixture, index) => all.slice(0, index).some(other => isDeepStrictEqual(other, fixture)))
    expect(twins).toEqual([])
  })

  it('shows a fixture of each verdict on its page, as it is', () => {
    const page = readFileSync(join(ROOT, `docs/checks/${id}.md`), 'utf8')
    const shown = [...page.matchAll(/\n(\w+) \(\[([^\]]+)\]\(([^)]+)\)\):\n\n```yaml\n([\s\S]*?)```\n/g)]
    expect(shown.map(([, word, name]) => [word, name?.split('/')[0]])).toEqual([
      ['Refused', 'fail'],
      ['Allowed', 'pass'],
    ])
    expect([...page.matchAll(/^```yaml$/gm)]).toHaveLength(shown.length)
    for (const [, , name = '', link, yaml] of shown) {
      expect(link).toBe(`../../test/fixtures/${id}/${name}`)
      expect(yaml).toBe(readFileSync(join(ROOT, 'test/fixtures', id, name), 'utf8'))
    }
  })

  it.each(pass)('passes $name', fixture => {
    expect(allows(id, fixture)).toBe(true)
  })

  it.each(fail)('fails $name', fixture => {
    expect(allows(id, fixture)).toBe(false)
  })
})
