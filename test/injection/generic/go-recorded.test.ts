import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ANNOTATIONS } from '../../support/go-templates/arbitrary.ts'
import { compare } from '../../support/go-templates/compare.ts'

/** A random template and what text/template of Go 1.26 made of it (test/tools/gotemplate). */
interface RecordedTemplate {
  readonly template: string
  readonly text?: string
  readonly error?: true
  readonly isBroken?: true
}

it('random templates give what Go gave', () => {
  const file = new URL('../../data/go-template-recorded.ndjson', import.meta.url)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const counts: Record<string, number> = {}
  const unexplained: RecordedTemplate[] = []
  for (const line of lines) {
    const { template, error, ...go } = JSON.parse(line) as RecordedTemplate
    const asked = { template, annotations: ANNOTATIONS, serviceAccountName: 'world' }
    const agreement = compare(asked, error === true ? { error: 'an error' } : go)
    if (agreement === undefined) unexplained.push({ template, ...go })
    else counts[agreement] = (counts[agreement] ?? 0) + 1
  }
  expect(unexplained).toEqual([])
  expect(counts['same text']).toBeGreaterThan(300)
  expect(counts['both refuse']).toBeGreaterThan(250)
})
