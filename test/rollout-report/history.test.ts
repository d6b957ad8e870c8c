import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json/value.ts'
import { historyOf } from '../../src/rollout-report/history.ts'
import { at } from '../support/reports.ts'

const ROLLOUT: JsonObject = {
  metadata: { name: 'roll', uid: 'uid-1' },
  spec: { stages: [{ name: 'canary' }, { name: 'everywhere' }] },
  status: { phase: 'RolledBack', stage: '', since: '2026-11-03T09:00:00Z', reason: 'Breached', message: 'too much' },
}

function event(time: string, action: string, reason: string, note: string, fields: JsonObject = {}): JsonObject {
  return {
    eventTime: `2026-11-03T${time}.000000Z`,
    reportingController: 'portcullis.dev/controller',
    regarding: { kind: 'CanaryRollout', name: 'roll', uid: 'uid-1' },
    action,
    reason,
    note,
    ...fields,
  }
}

const EVENTS = [
  event('09:00:00', 'RolledBack', 'Breached', 'too much'),
  event('08:00:10', 'Progressing', 'Holding', 'stage canary holds until nine'),
  event('08:00:00', 'Progressing', 'StageReached', 'stage canary is reached'),
  event('08:30:00', 'Progressing', 'StageReached', 'stage everywhere is reached'),
  event('08:40:00', 'Progressing', 'GateUnknown', 'nobody knows: errors'),
]

describe('what happened', () => {
  it('is what the status remembers, in its own order, and then no Event counts', () => {
    const history = [
      { at: '2026-11-03T08:00:00Z', phase: 'Progressing', stage: 'canary', reason: 'StageReached', message: 'm' },
      { at: '2026-11-03T07:59:59Z', phase: 'RolledBack', stage: '', reason: 'Breached', message: 'n' },
    ]
    const found = historyOf({ ...ROLLOUT, status: { history } }, EVENTS)
    expect(found).toEqual({
      source: 'status',
      note: undefined,
      transitions: [
        { ...history[0], at: at('08:00:00') },
        { ...history[1], at: at('07:59:59') },
      ],
    })
  })

  it('is what Events say where the status remembers nothing; the stage is in their sentences', () => {
    const { source, transitions } = historyOf(ROLLOUT, EVENTS)
    expect(source).toBe('events')
    expect(transitions.map(({ at: time, phase, stage, reason }) => [time, phase, stage, reason])).toEqual([
      [at('08:00:00'), 'Progressing', 'canary', 'StageReached'],
      [at('08:00:10'), 'Progressing', 'canary', 'Holding'],
      [at('08:30:00'), 'Progressing', 'everywhere', 'StageReached'],
      [at('08:40:00'), 'Progressing', 'everywhere', 'GateUnknown'],
      [at('09:00:00'), 'RolledBack', '', 'Breached'],
    ])
  })

  it('does not depend on the order of the list', () => {
    expect(historyOf(ROLLOUT, EVENTS.toReversed())).toEqual(historyOf(ROLLOUT, EVENTS))
  })

  it.each([
    {
      name: 'an earlier rollout of this name',
      fields: { regarding: { kind: 'CanaryRollout', name: 'roll', uid: 'uid-0' } },
    },
    { name: 'another rollout', fields: { regarding: { kind: 'CanaryRollout', name: 'other', uid: 'uid-1' } } },
    { name: 'another kind', fields: { regarding: { kind: 'Rollout', name: 'roll', uid: 'uid-1' } } },
    { name: 'somebody else', fields: { reportingController: 'kubelet' } },
    { name: 'a time that is none', fields: { eventTime: 'soon' } },
    { name: 'a time that no cluster was there at', fields: { eventTime: '9999-01-01T00:00:00Z' } },
  ])('has no Event of $name', ({ fields }) => {
    const { transitions } = historyOf(ROLLOUT, [...EVENTS, event('08:10:00', 'Aborted', 'Aborted', 'x', fields)])
    expect(transitions.map(({ reason }) => reason)).not.toContain('Aborted')
    expect(transitions).toHaveLength(EVENTS.length)
  })

  it('is what is so now where nothing else is known, and says why', () => {
    const { source, transitions, note } = historyOf(ROLLOUT, 'Events may not be listed.')
    expect([source, note]).toEqual(['present', 'Events may not be listed.'])
    expect(transitions).toEqual([
      { at: at('09:00:00'), phase: 'RolledBack', stage: '', reason: 'Breached', message: 'too much' },
    ])
    expect(historyOf({ ...ROLLOUT, status: {} }, []).transitions).toEqual([])
  })
})
