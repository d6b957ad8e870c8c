import { describe, expect, it } from 'vitest'
import { ringOf, ringOfClusterScoped, shareOf } from '../../src/rollout/rings.ts'
import type { RolloutSpec, Stage } from '../../src/rollout/spec.ts'

const spec = (name: string, ...stages: readonly [Stage, ...Stage[]]): RolloutSpec => ({
  name,
  stages,
  gates: {},
  onBreach: 'Rollback',
  paused: false,
})
const CANARY: Stage = {
  name: 'canary',
  selector: [{ key: 'portcullis.dev/ring', operator: 'In', values: ['canary'] }],
  holdMs: 0,
}
const QUARTER: Stage = { name: 'quarter', percent: 25, holdMs: 0 }
const EVERYWHERE: Stage = { name: 'everywhere', holdMs: 0 }
const labelled = (name: string, labels: Readonly<Record<string, string>> | undefined = {}) => ({ name, labels })

describe('the ring of a namespace', () => {
  it('is the first stage that reaches it: stages are cumulative', () => {
    const rollout = spec('a', CANARY, QUARTER, EVERYWHERE)
    expect(ringOf(rollout, labelled('shop', { 'portcullis.dev/ring': 'canary' }))).toBe(0)
    const others = Array.from({ length: 400 }, (_, index) => ringOf(rollout, labelled(`ns-${index}`)))
    expect(others.every(ring => ring === 1 || ring === 2)).toBe(true)
    expect(others.filter(ring => ring === 1).length).toBeGreaterThan(70)
    expect(others.filter(ring => ring === 1).length).toBeLessThan(130)
  })

  it('is none where no stage reaches it', () => {
    expect(ringOf(spec('a', CANARY), labelled('shop'))).toBeUndefined()
    expect(ringOf(spec('a', CANARY, { name: 'none', percent: 0, holdMs: 0 }), labelled('shop'))).toBeUndefined()
  })

  it('is unknown where labels that nobody knows would decide, and known where they would not', () => {
    expect(ringOf(spec('a', CANARY, EVERYWHERE), { name: 'shop', labels: undefined })).toBe('unknown')
    expect(ringOf(spec('a', EVERYWHERE, CANARY), { name: 'shop', labels: undefined })).toBe(0)
    const byName = spec('a', {
      ...CANARY,
      selector: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['shop'] }],
    })
    expect(ringOf(byName, { name: 'shop', labels: undefined })).toBe(0)
    expect(ringOf(byName, { name: 'other', labels: undefined })).toBeUndefined()
  })

  it('changes with a label in the middle of a stage', () => {
    const rollout = spec('a', CANARY, EVERYWHERE)
    expect(ringOf(rollout, labelled('shop'))).toBe(1)
    expect(ringOf(rollout, labelled('shop', { 'portcullis.dev/ring': 'canary' }))).toBe(0)
  })

  it('of what is in no namespace is the last', () => {
    expect(ringOfClusterScoped(spec('a', CANARY, QUARTER, EVERYWHERE))).toBe(2)
  })
})

describe('a share of all namespaces', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `team-${index}`)

  it('is the same for ever, and another for another rollout', () => {
    // Written down: whatever changes these moves namespaces between rings in the middle of a rollout.
    expect(['shop', 'kube-system', 'team-1'].map(name => shareOf('host-path', name).toFixed(4))).toEqual([
      '14.9539',
      '21.2852',
      '60.1892',
    ])
    const first = names.filter(name => shareOf('a', name) < 10)
    const both = first.filter(name => shareOf('b', name) < 10)
    // Not always the same come first: of those a tenth again.
    expect(both.length / first.length).toBeGreaterThan(0.06)
    expect(both.length / first.length).toBeLessThan(0.14)
  })

  it('is spread evenly, also over names that differ in a digit', () => {
    for (let percent = 10; percent <= 90; percent += 10) {
      const share = names.filter(name => shareOf('rollout', name) < percent).length / names.length
      expect(Math.abs(share - percent / 100)).toBeLessThan(0.02)
    }
    expect(names.every(name => shareOf('rollout', name) < 100)).toBe(true)
  })
})
