import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CHECKS } from '../src/checks/index.ts'
import { POD_SECURITY_CONTROLS } from '../src/checks/pod-security/controls.ts'
import { digest, documentSources, readDocuments } from '../src/cli/documents.ts'
import { deepEqual, type JsonObject } from '../src/json/value.ts'
import { loadSet } from '../src/policy/set.ts'
import { judge, requestFor } from './support/engine.ts'
import { ourReasons, type Question } from './support/pod-security-verdicts.ts'

interface Recorded {
  readonly object: JsonObject
  readonly reasons: Readonly<Record<string, readonly string[]>>
}

const records = readFileSync('test/data/pod-security/verdicts.ndjson', 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => JSON.parse(line) as Recorded)

const answers = records.flatMap(({ object, reasons }) =>
  Object.entries(reasons).map(([question, theirs]) => {
    const [level, version] = question.split('@')
    return { object, question: { level, version } as Question, theirs }
  }),
)

test('the record has every control, and both answers often', () => {
  expect(records.length).toBeGreaterThanOrEqual(3000)
  const found = new Set(answers.flatMap(({ theirs }) => theirs))
  const missing = Object.values(POD_SECURITY_CONTROLS).filter(({ reasons }) => !found.has(reasons[0]))
  expect(missing.map(({ upstreamId }) => upstreamId)).toEqual([])
  const refused = answers.filter(({ theirs }) => theirs.length > 0).length
  expect(refused).toBeGreaterThan(10_000)
  expect(answers.length - refused).toBeGreaterThan(10_000)
})

test("the checks find what Kubernetes' own plugin found, at every level and version that it was asked", () => {
  const differences = answers.filter(({ object, question, theirs }) => !deepEqual(ourReasons(object, question), theirs))
  expect(differences.slice(0, 3)).toEqual([])
})

test.each(['baseline', 'restricted'] as const)(
  'the policy pod-security-%s says so of all of them, too',
  async level => {
    const folder = await readDocuments(
      documentSources({
        policies: `policies/pod-security-${level}.yaml`,
        exceptions: undefined,
        'enable-exception': [],
      }),
    )
    const { set, problems } = loadSet(folder, { checks: CHECKS, excludedNamespaces: [], digest })
    expect(problems).toEqual([])
    const latest = answers.filter(({ question }) => question.level === level && question.version === 'latest')
    expect(latest.length).toBeGreaterThan(500)
    for (const { object, theirs } of latest) {
      const { warnings, audits } = judge(set, requestFor(object))
      expect(warnings.length + audits.length > 0, JSON.stringify(object)).toBe(theirs.length > 0)
    }
  },
)
