import { expect, it } from 'vitest'
import type { Finding } from '../../src/checks/check.ts'
import { relaxKnown } from '../../src/policy/relax.ts'

function finding(pointer: string, key = 'k'): Finding {
  return { pointer, message: 'm', level: 'violation', key }
}

it('pairs findings of one key in their order, each with one', () => {
  const relaxed = relaxKnown(
    [finding('/a'), finding('/b'), finding('/c', 'other'), finding('/d')],
    [finding('/1'), finding('/2')],
  )
  expect(relaxed.map(({ level, relaxed: pair }) => [level, pair?.before.pointer])).toEqual([
    ['warning', '/1'],
    ['warning', '/2'],
    ['violation', undefined],
    ['violation', undefined],
  ])
})

it('takes as long as there are findings', () => {
  const findings = Array.from({ length: 200_000 }, (_, index) => finding(`/${index}`))
  expect(relaxKnown(findings, findings).every(({ level }) => level === 'warning')).toBe(true)
})
