import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stageOf } from '../../src/policy/rollout.ts'
import type { Rings } from '../../src/rollout/rings.ts'
import { reachedAt } from '../../src/simulation/reach.ts'
import { STAGES } from '../support/rollouts.ts'

const [first, ...rest] = STAGES.map(stageOf)
if (first === undefined) throw new Error('there are stages')
const RINGS: Rings = { name: 'roll', stages: [first, ...rest] }
const NAME = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 8 })

it('what a stage has reached stays reached, and what nobody knows is never said to be out of reach', () => {
  fc.assert(
    fc.property(NAME, fc.constantFrom(undefined, {}, { ring: 'canary' }), (name, labels) => {
      const reached = [0, 1, 2, undefined].map(stage => reachedAt(RINGS, { name, labels }, stage))
      const isIn = reached.map(word => word === 'yes' || word === 'certain')
      expect(isIn).toEqual([...isIn].sort((a, b) => Number(a) - Number(b)))
      expect(reached.at(-1)).toBe('yes')
      if (labels === undefined) expect(reached).not.toContain('no')
      else expect(reached.filter(word => word === 'certain' || word === 'unknown')).toEqual([])
    }),
  )
})

it('what is in no namespace is reached by the last stage', () => {
  expect([0, 1, 2, undefined].map(stage => reachedAt(RINGS, 'cluster', stage))).toEqual(['no', 'no', 'yes', 'yes'])
})
