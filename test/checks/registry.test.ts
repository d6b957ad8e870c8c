import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { deepEqual, type Json } from '../../src/json/value.ts'
import { parseYaml } from '../../src/yaml/parse.ts'
import { judge, requestFor, setOf } from '../support/engine.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const IDS = CHECKS.map(({ id }) => id)

/** The names in a folder; none where there is no such folder. */
function namesIn(folder: string): readonly string[] {
  return existsSync(join(ROOT, folder)) ? readdirSync(join(ROOT, folder)).sort() : []
}

interface Fixture {
  readonly name: string
  /** What the first line asks for, as in `# params: {version: v1.20}`; none otherwise. */
  readonly params: Json
  readonly objects: readonly Json[]
}

function fixturesOf(folder: string): readonly Fixture[] {
  return namesIn(folder).map(name => {
    const text = readFileSync(join(ROOT, folder, name), 'utf8')
    const { documents, problems } = parseYaml(text)
    if (problems[0] !== undefined) throw new Error(`${folder}/${name}: ${problems[0].message}`)
    const [, params = '{}'] = /^# params: (.*)\n/.exec(text) ?? []
    return { name, params: parseYaml(params).documents[0]?.value ?? {}, objects: documents.map(({ value }) => value) }
  })
}

/** Whether every object of a fixture is allowed to come into being. */
function allows(check: string, { params, objects }: Fixture): boolean {
  const set = setOf(
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Policy',
      metadata: { name: check },
      spec: { validationActions: ['Deny'], excludeNamespaces: [], checks: [{ check, params }] },
    }),
  )
  const decisions = objects.map(object => judge(set, requestFor(object)))
  for (const decision of decisions) expect(decision).toMatchObject({ errors: [], skipped: [] })
  return decisions.every(({ allowed }) => allowed)
}

describe('the list of checks', () => {
  it('names each check once, in kebab-case', () => {
    expect(IDS).toEqual([...new Set(IDS)])
    expect(IDS.filter(id => !/^[a-z]+(?:-[a-z]+)*$/.test(id))).toEqual([])
  })

  it('has a check for every file in src/checks that is one', () => {
    const others = ['check.ts', 'index.ts', 'resources.ts']
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
    const all = [...pass, ...fail].map(({ params, objects }) => [params, objects])
    const twins = all.filter((fixture, index) => all.slice(0, index).some(other => deepEqual(other, fixture)))
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
