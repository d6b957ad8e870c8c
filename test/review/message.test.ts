import { expect, it } from 'vitest'
import type { Finding } from '../../src/checks/check.ts'
import type { Decision } from '../../src/policy/decide.ts'
import { remarksOf } from '../../src/review/message.ts'

it('an annotation is not made longer than it is written', () => {
  let asked = 0
  const finding: Finding = {
    get pointer() {
      asked++
      return '/spec/containers/0'
    },
    message: 'm',
    level: 'violation',
    key: 'k',
  }
  const audits = Array.from({ length: 10_000 }, () => ({ policy: 'p', check: 'c', finding, action: 'Audit' as const }))
  const nothing = { denials: [], wouldDeny: [], errors: [], warnings: [], shadowed: [], ignoredErrors: [] }
  const decision: Decision = { ...nothing, allowed: true, audits, skipped: [], exempt: [], expired: [] }
  expect(remarksOf(decision, 'h').auditAnnotations['audited']).toMatch(/^p\/c at \/spec\/containers\/0: m; p\/c at /)
  expect(asked).toBeLessThan(1000)
})
