import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/rollout-report/model.ts'
import { marksOf, spansOf } from '../../src/rollout-report/spans.ts'
import { lengthText, ticksOf } from '../../src/rollout-report/time.ts'
import { timeline } from '../../src/rollout-report/timeline.ts'
import { type Element, elementsOf, parsePage, textOf } from '../support/html.ts'
import { at, STAGE_FACTS, said } from '../support/reports.ts'

const WORDS = [
  ['Pending', '', 'Waiting'],
  ['Progressing', 'canary', 'StageReached'],
  ['Progressing', 'canary', 'GateUnknown'],
  ['Progressing', 'quarter', 'StageReached'],
  ['Progressing', 'everywhere', 'StageReached'],
  ['Paused', 'quarter', 'Breached'],
  ['Progressing', 'quarter', 'Resumed'],
  ['RolledBack', '', 'Breached'],
  ['Pending', '', 'TargetChanged'],
  ['Aborted', '', 'Aborted'],
  ['Complete', 'complete', 'Complete'],
] as const

function drawn(transitions: readonly Transition[], now = at('12:00:00')): readonly Element[] {
  const facts = {
    stages: STAGE_FACTS,
    spans: spansOf(transitions, STAGE_FACTS, now),
    marks: marksOf(transitions),
    now,
  }
  return elementsOf(parsePage(timeline(facts).text))
}

const number = (element: Element, name: string) => Number(element.attributes.get(name) ?? Number.NaN)
const isOf = (name: string) => (element: Element) => (element.attributes.get('class') ?? '').split(' ').includes(name)

describe('the drawing', () => {
  it('stays within its edges and has no length that is none, whatever happened', () => {
    const transition = fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 5e8 }))
    fc.assert(
      fc.property(fc.array(transition, { minLength: 1, maxLength: 50 }), steps => {
        const transitions = steps.map(([word, after]) => {
          const [phase, stage, reason] = WORDS[word] ?? WORDS[0]
          return { ...said('00:00:00', phase, stage, reason), at: at('00:00:00') + after }
        })
        const elements = drawn(transitions, at('00:00:00') + 6e8)
        const [, , width = 0, height = 0] = (elements[0]?.attributes.get('viewBox') ?? '').split(' ').map(Number)
        for (const element of elements.slice(5).filter(({ tag }) => tag === 'rect')) {
          if (element.attributes.get('class')?.startsWith('hatch') === true) continue
          expect(number(element, 'width')).toBeGreaterThan(0)
          expect(number(element, 'x')).toBeGreaterThanOrEqual(166)
          expect(number(element, 'x') + number(element, 'width')).toBeLessThanOrEqual(width)
          expect(number(element, 'y') + number(element, 'height')).toBeLessThanOrEqual(height)
        }
        for (const element of elements.filter(({ tag }) => tag === 'text')) {
          expect(number(element, 'x')).toBeGreaterThanOrEqual(0)
          expect(number(element, 'y')).toBeLessThanOrEqual(height)
          // At 7 a letter nothing is wider.
          const length = textOf(element).length * 7
          const anchor = element.attributes.get('text-anchor')
          const right = number(element, 'x') + (anchor === 'end' ? 0 : anchor === 'middle' ? length / 2 : length)
          expect(right).toBeLessThanOrEqual(width + 20)
        }
      }),
    )
  })

  it('lets no word above the lanes cover another', () => {
    const transitions = Array.from({ length: 30 }, (_, index) => {
      const [phase, stage, reason] = WORDS[5 + (index % 6)] ?? WORDS[0]
      return { ...said('08:00:00', phase, stage, reason), at: at('08:00:00') + index * 90_000 }
    })
    const words = drawn(transitions)
      .filter(({ tag }) => tag === 'g')
      .flatMap(group => elementsOf(group).filter(({ tag }) => tag === 'text'))
      .map(element => {
        const length = textOf(element).length * 7
        const x = number(element, 'x')
        const isEnd = element.attributes.get('text-anchor') === 'end'
        return { y: number(element, 'y'), from: isEnd ? x - length : x, to: isEnd ? x : x + length }
      })
    expect(words.length).toBeGreaterThan(6)
    for (const [index, word] of words.entries()) {
      const others = words.filter((other, place) => place !== index && other.y === word.y)
      expect(others.filter(other => other.from < word.to && other.to > word.from)).toEqual([])
    }
  })

  it('lets no words in a lane cover another, nor a line cross them', () => {
    const minute = 60_000
    const transition = fc.tuple(fc.constantFrom('canary', 'quarter'), fc.integer({ min: minute, max: 90 * minute }))
    fc.assert(
      fc.property(fc.array(transition, { minLength: 1, maxLength: 12 }), steps => {
        let time = at('00:00:00')
        const elements = drawn(
          steps.map(([stage, after]) => {
            time += after
            return { ...said('00:00:00', 'Progressing', stage, 'StageReached'), at: time }
          }),
          time + minute,
        )
        const places = elements.map((element, index) => ({ element, index }))
        const lasted = places.filter(
          ({ element }) => element.tag === 'text' && /^\d+ (?:min|h|d|s)\b/.test(textOf(element)),
        )
        const boxes = lasted.map(({ element }) => {
          const length = textOf(element).length * 7
          const x = number(element, 'x')
          const isEnd = element.attributes.get('text-anchor') === 'end'
          return { y: number(element, 'y'), from: isEnd ? x - length : x, to: isEnd ? x : x + length }
        })
        for (const [index, box] of boxes.entries()) {
          const others = boxes.filter((other, place) => place !== index && other.y === box.y)
          expect(others.filter(other => other.from < box.to && other.to > box.from)).toEqual([])
        }
        const lastLine = Math.max(...places.filter(({ element }) => element.tag === 'line').map(({ index }) => index))
        for (const { index } of lasted) expect(index).toBeGreaterThan(lastLine)
      }),
    )
  })

  it('has a bar for each time of a stage, its hold, and a cross where a gate was breached', () => {
    const elements = drawn([
      said('08:00:00', 'Progressing', 'canary', 'StageReached'),
      said('08:30:00', 'Progressing', 'quarter', 'StageReached'),
      said('09:00:00', 'RolledBack', '', 'Breached'),
    ])
    expect(elements.filter(isOf('bar')).map(textOf)).toEqual([
      'canary: 2026-11-03T08:00:00Z to 2026-11-03T08:30:00Z',
      'quarter: 2026-11-03T08:30:00Z to 2026-11-03T09:00:00Z',
    ])
    expect(elements.filter(isOf('breached'))).toHaveLength(1)
    expect(elements.filter(isOf('cross'))).toHaveLength(1)
    expect(elements.filter(isOf('hold'))).toHaveLength(2)
    expect(elements.filter(isOf('now'))).toHaveLength(0)
    const [canary, quarter] = elements.filter(isOf('bar'))
    expect(canary && quarter && number(canary, 'x') + number(canary, 'width')).toBeCloseTo(
      quarter === undefined ? 0 : number(quarter, 'x'),
      0,
    )
    const texts = elements.filter(({ tag }) => tag === 'text').map(textOf)
    expect(texts).toContain('hold 24h, not reached')
    expect(texts).toContain('30 min, breached')
  })

  it('shows a stage that lasts up to now, and its hold to its end', () => {
    const elements = drawn([said('08:00:00', 'Progressing', 'quarter', 'StageReached')], at('09:00:00'))
    const [bar] = elements.filter(isOf('open'))
    const [hold] = elements.filter(isOf('hold'))
    const [now] = elements.filter(isOf('now'))
    expect(hold && bar && number(hold, 'width') / number(bar, 'width')).toBeCloseTo(2, 1)
    expect(now && bar && number(now, 'x1') - number(bar, 'x')).toBeCloseTo(
      bar === undefined ? 0 : number(bar, 'width'),
      0,
    )
  })

  it('is nothing where no time is known', () => {
    expect(timeline({ stages: STAGE_FACTS, spans: [], marks: [], now: 0 }).text).toBe('')
  })
})

describe('an axis', () => {
  it.each([
    { from: '08:00:01', to: '08:00:09', expected: ['08:00:02', '08:00:04', '08:00:06', '08:00:08'] },
    { from: '07:50:00', to: '09:20:00', expected: ['08:00', '08:15', '08:30', '08:45', '09:00', '09:15'] },
    { from: '00:00:00', to: '23:59:00', expected: ['2026-11-03', '06:00', '12:00', '18:00'] },
  ])('from $from to $to has round times', ({ from, to, expected }) => {
    expect(ticksOf(at(from), at(to), 7).map(({ text }) => text)).toEqual(expected)
  })

  it('has few marks, however long it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 6e12 }), fc.integer({ min: 1000, max: 6e12 }), (from, length) => {
        expect(ticksOf(from, from + length, 7).length).toBeLessThanOrEqual(8)
      }),
    )
  })
})

it.each([
  [0, '0 s'],
  [-5, '0 s'],
  [59_999, '1 min'],
  [1_810_000, '30 min 10 s'],
  [7_200_000, '2 h'],
  [90_061_000, '1 d 1 h'],
])('says %d ms as %s', (length, text) => {
  expect(lengthText(length)).toBe(text)
})
