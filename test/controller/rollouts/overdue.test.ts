import { expect, it } from 'vitest'
import { overdueSeconds } from '../../../src/controller/rollouts/metrics.ts'

const NOW = Date.parse('2030-01-02T00:00:00Z')
const ROLLOUT = { metadata: { name: 'roll', creationTimestamp: '2030-01-01T00:00:00Z' } }
const SPEC = { stages: [{ name: 'canary', holdMs: 3_600_000 }] } as const

it.each([
  ['has not begun since it was made', { phase: 'Pending', stage: -1, since: 0 }, 86_400],
  ['waits since it was taken up again', { phase: 'Pending', stage: -1, since: NOW - 5000 }, 5],
  ['holds its stage', { phase: 'Progressing', stage: 0, since: NOW - 3_599_000 }, 0],
  ['has held its stage for longer than it had to', { phase: 'Progressing', stage: 0, since: NOW - 3_610_000 }, 10],
  ['is complete', { phase: 'Complete', stage: 0, since: 1 }, undefined],
  ['was taken back', { phase: 'RolledBack', stage: -1, since: 1 }, undefined],
  ['stopped after a breach', { phase: 'Paused', stage: 0, since: 1 }, undefined],
] as const)('a rollout that %s is late accordingly', (_what, status, expected) => {
  expect(overdueSeconds(ROLLOUT, SPEC, status, NOW)).toBe(expected)
})
