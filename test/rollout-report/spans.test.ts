import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/rollout-report/model.ts'
import { marksOf, spansOf } from '../../src/rollout-report/spans.ts'
import { at, STAGE_FACTS, said } from '../support/reports.ts'

/** Spans as a person would note them down. */
function spans(transitions: readonly Transition[], now = '12:00:00'): readonly string[] {
  const clock = (time: number) => new Date(time).toISOString().slice(11, 16)
  return spansOf(transitions, STAGE_FACTS, at(now)).map(
    ({ stage, begin, end, outcome, isOpen, isBreached, holdEnd }) =>
      `${stage} ${clock(begin)}-${clock(end)} hold ${clock(holdEnd ?? 0)} ${isBreached ? 'breached ' : ''}${isOpen ? 'open' : outcome}`,
  )
}

const PENDING = said('08:00:00', 'Pending', '', 'Waiting')
const CANARY = said('08:01:00', 'Progressing', 'canary', 'StageReached')
const HOLDING = said('08:02:00', 'Progressing', 'canary', 'Holding')
const QUARTER = said('08:31:00', 'Progressing', 'quarter', 'StageReached')

describe('the times of the stages', () => {
  it.each([
    {
      name: 'end when the next is reached, and the last one lasts',
      transitions: [PENDING, CANARY, HOLDING, QUARTER],
      expected: ['canary 08:01-08:31 hold 08:31 held: quarter followed', 'quarter 08:31-12:00 hold 10:31 open'],
    },
    {
      name: 'end early where somebody promoted it',
      transitions: [CANARY, said('08:10:00', 'Progressing', 'quarter', 'StageReached')],
      expected: [
        'canary 08:01-08:10 hold 08:31 promoted before its hold was over: quarter followed',
        'quarter 08:10-12:00 hold 10:10 open',
      ],
    },
    {
      name: 'end with a breach that takes the target back',
      transitions: [CANARY, HOLDING, said('08:20:00', 'RolledBack', '', 'Breached')],
      expected: ['canary 08:01-08:20 hold 08:31 breached rolled back'],
    },
    {
      name: 'go on through a breach that only stops, and begin anew when it is resumed',
      transitions: [
        CANARY,
        said('08:10:00', 'Paused', 'canary', 'Breached'),
        said('08:20:00', 'Progressing', 'canary', 'Resumed'),
      ],
      expected: [
        'canary 08:01-08:20 hold 08:31 breached resumed: the hold began anew',
        'canary 08:20-12:00 hold 08:50 open',
      ],
    },
    {
      name: 'end when the target is changed, and are there again',
      transitions: [
        CANARY,
        said('08:10:00', 'Pending', '', 'TargetChanged'),
        said('08:11:00', 'Progressing', 'canary', 'StageReached'),
      ],
      expected: ['canary 08:01-08:10 hold 08:31 the target was changed', 'canary 08:11-12:00 hold 08:41 open'],
    },
    {
      name: 'end when it is aborted',
      transitions: [CANARY, said('08:10:00', 'Aborted', '', 'Aborted')],
      expected: ['canary 08:01-08:10 hold 08:31 aborted'],
    },
    {
      name: 'end when all have held',
      transitions: [
        said('08:00:00', 'Progressing', 'everywhere', 'StageReached'),
        said('09:00:00', 'Complete', 'complete', 'Complete'),
      ],
      expected: ['everywhere 08:00-09:00 hold 08:00 held to the end: complete'],
    },
    {
      name: 'never run backwards, though the clocks of two controllers differ',
      transitions: [QUARTER, said('08:30:00', 'RolledBack', '', 'Breached')],
      expected: ['quarter 08:31-08:31 hold 10:31 breached rolled back'],
    },
    {
      name: 'are none of a stage that the rollout does not have',
      transitions: [said('08:00:00', 'Progressing', 'gone', 'StageReached')],
      expected: [],
    },
    { name: 'are none before the first', transitions: [PENDING], expected: [] },
  ])('$name', ({ transitions, expected }) => {
    expect(spans(transitions)).toEqual(expected)
  })
})

it('marks what a person looks for, and not that it holds', () => {
  expect(
    marksOf([
      PENDING,
      CANARY,
      HOLDING,
      said('08:10:00', 'Paused', 'canary', 'Breached'),
      said('08:20:00', 'Progressing', 'canary', 'Resumed'),
      said('08:21:00', 'RolledBack', '', 'Breached'),
      said('08:22:00', 'Pending', '', 'constructor'),
    ]).map(({ word }) => word),
  ).toEqual(['Breach', 'Resumed', 'Breach, rolled back'])
})
