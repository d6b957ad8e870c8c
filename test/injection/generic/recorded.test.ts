import { expect, it } from 'vitest'
import { classify } from '../../support/generic/classify.ts'
import { recordedPods, recordedSet } from '../../support/generic/recorded.ts'

it('every recorded pod becomes what the original makes of it, but for the deliberate differences', () => {
  const sets = new Map(['A', 'B', 'C', 'F', 'G', 'H'].map(name => [name, recordedSet(name)]))
  const counts: Record<string, number> = {}
  const unexplained: unknown[] = []
  for (const [index, recorded] of recordedPods().entries()) {
    const set = sets.get(recorded.configuration)
    if (set === undefined) throw new Error(`there is no configuration ${recorded.configuration}`)
    const found = classify(recorded, set)
    const names = found.classes.length + found.unexplained.length === 0 ? ['same'] : found.classes
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1
    if (found.unexplained.length > 0) unexplained.push({ index, ...found })
  }
  expect(unexplained.slice(0, 5)).toEqual([])
  expect(counts).toEqual({
    same: 109,
    'order-of-containers': 155,
    'container-twice': 48,
    'mount-path-twice': 27,
    'newer-fields': 22,
    'absent-restart-policy': 14,
    'annotation-is-text': 12,
    'annotation-breaks-yaml': 8,
    'status-is-checked': 4,
  })
})
