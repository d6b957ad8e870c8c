import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Observations } from '../../src/rollout/gates.ts'
import type { RolloutSpec } from '../../src/rollout/spec.ts'
import { inForceAt, type RolloutStatus } from '../../src/rollout/status.ts'
import { type Requests, step } from '../../src/rollout/step.ts'

const MINUTE = 60_000
const SPEC: RolloutSpec = {
  name: 'host-path',
  stages: [
    { name: 'canary', selector: [{ key: 'ring', operator: 'In', values: ['canary'] }], holdMs: 30 * MINUTE },
    { name: 'quarter', percent: 25, holdMs: 60 * MINUTE },
    { name: 'everywhere', holdMs: 60 * MINUTE },
  ],
  gates: {
    orphanedPods: 0,
    podGrowth: 1.5,
    denials: { ratio: 0.02, minimumRequests: 100 },
    wouldBlock: 0,
    unready: 0.05,
    errors: 0,
    latencyP99: 0.05,
  },
  onBreach: 'Rollback',
  paused: false,
}
/** What is seen, each gate by a number of its own; the pods ahead are those of the stage. */
interface Seen extends Omit<Observations, 'pods' | 'podsAhead'> {
  readonly orphanedPods: number | undefined
  readonly podGrowth: number | undefined
  /** Of a hundred. */
  readonly unready: number | undefined
}

function observationsOf({ orphanedPods, podGrowth, unready, ...others }: Seen): Observations {
  const isKnown = orphanedPods !== undefined && podGrowth !== undefined
  const pods = isKnown ? { orphaned: orphanedPods, growth: podGrowth, unready, wanted: 100 } : undefined
  return { ...others, pods, podsAhead: pods }
}

const GOOD: Seen = {
  revision: 'v2',
  orphanedPods: 3,
  podGrowth: 1,
  requests: 1000,
  denials: 10,
  errors: 0,
  wouldBlock: 0,
  unready: 0,
  injectedRestarts: 0,
  latencyP99: 0.002,
}

/** A rollout that is told what is seen, minute by minute. */
function rollout(spec: RolloutSpec = SPEC) {
  let status: RolloutStatus | undefined
  let now = 0
  let current = spec
  return {
    see(seen: Partial<Seen> = {}, requests: Requests = {}) {
      status = step(current, status, observationsOf({ ...GOOD, ...seen }), requests, now)
      return `${status.phase} ${status.stage} ${status.reason.word}`
    },
    pass: (minutes: number) => {
      now += minutes * MINUTE
    },
    edit: (changes: Partial<RolloutSpec>) => {
      current = { ...current, ...changes }
    },
    get status() {
      if (status === undefined) throw new Error('it has not begun')
      return status
    },
    at: (ring: number | 'unknown' | undefined) => {
      const found = inForceAt(status as RolloutStatus, ring)
      return found.kind === 'revision' ? found.revision : found.kind
    },
  }
}

/** Brings a rollout to its first stage. */
function begun(spec: RolloutSpec = SPEC) {
  const started = rollout(spec)
  started.see()
  started.see()
  return started
}

describe('a rollout of which nothing speaks against', () => {
  it('goes from stage to stage when each has held, and is complete after the last', () => {
    const { see, pass, at } = rollout()
    expect(see()).toBe('Pending -1 TargetChanged')
    expect([0, 1, 2, undefined].map(at)).toEqual(Array(4).fill('replaced'))
    expect(see()).toBe('Progressing 0 StageReached')
    expect([0, 1, 2, undefined].map(at)).toEqual(['v2', 'replaced', 'replaced', 'replaced'])
    pass(29)
    expect(see()).toBe('Progressing 0 Holding')
    pass(1)
    expect(see()).toBe('Progressing 1 StageReached')
    pass(60)
    expect(see()).toBe('Progressing 2 StageReached')
    // In no ring: the target comes when the last stage has held.
    expect([0, 1, 2, undefined].map(at)).toEqual(['v2', 'v2', 'v2', 'replaced'])
    pass(60)
    expect(see()).toBe('Complete 2 Complete')
    expect([0, 1, 2, undefined, 'unknown' as const].map(at)).toEqual(Array(5).fill('v2'))
    pass(600)
    expect(see({ podGrowth: 9 })).toBe('Complete 2 Complete')
  })

  it('does not begin where a gate is breached before anything was done, or nobody knows', () => {
    const { see } = rollout()
    see()
    expect(see({ latencyP99: 0.2 })).toBe('Pending -1 Breached')
    expect(see({ latencyP99: undefined })).toBe('Pending -1 GateUnknown')
    // Orphans and owners with too many pods that are there already are the baseline.
    expect(see({ orphanedPods: 70, podGrowth: 30 })).toBe('Progressing 0 StageReached')
  })

  it('says until when it holds', () => {
    const started = begun()
    started.pass(10)
    started.see()
    expect(started.status.reason.message).toBe('stage canary holds until 1970-01-01T00:30:00.000Z')
  })

  it('is promoted by an operator before its time, by the name of the stage that holds', () => {
    const started = begun()
    expect(started.see({}, { promote: 'quarter' })).toBe('Progressing 0 Holding')
    expect(started.see({}, { promote: 'canary' })).toBe('Progressing 1 StageReached')
    expect(started.see({}, { promote: 'canary' })).toBe('Progressing 1 Holding')
  })
})

describe('a gate', () => {
  it.each<[keyof Seen, Partial<Seen>]>([
    ['orphanedPods', { orphanedPods: 4 }],
    ['podGrowth', { podGrowth: 1.6 }],
    ['denials', { requests: 200, denials: 5 }],
    ['unready', { unready: 6 }],
    ['errors', { errors: 1 }],
    ['latencyP99', { latencyP99: 0.051 }],
  ])('%s that is breached takes the target out of force everywhere, at once', (gate, seen) => {
    const started = begun()
    started.pass(1)
    expect(started.see(seen)).toBe('RolledBack -1 Breached')
    expect(started.status.reason.message).toMatch(new RegExp(`^in stage canary: ${gate} is `))
    expect([0, 1, 2, undefined].map(started.at)).toEqual(Array(4).fill('replaced'))
    // And it stays so, until somebody resumes it or the target changes.
    started.pass(600)
    expect(started.see()).toBe('RolledBack -1 Breached')
    expect(started.see({}, { resume: true })).toBe('Pending -1 Resumed')
    expect(started.see()).toBe('Progressing 0 StageReached')
  })

  it('counts what is new since the stage began: what stood there already is the baseline', () => {
    const started = begun()
    expect(started.see({ orphanedPods: 3, denials: 10 })).toBe('Progressing 0 Holding')
    // Fewer than before is no breach, and a replica that started anew counts from nothing.
    expect(started.see({ orphanedPods: 0, errors: 0, denials: 0, requests: 0 })).toBe('Progressing 0 Holding')
  })

  it('of a ratio waits for enough requests', () => {
    const started = begun()
    expect(started.see({ requests: 99, denials: 60 })).toBe('Progressing 0 Holding')
    expect(started.see({ requests: 100, denials: 60 })).toBe('RolledBack -1 Breached')
  })

  it.each<keyof Seen>(['orphanedPods', 'podGrowth', 'requests', 'denials', 'unready', 'errors', 'latencyP99'])(
    '%s that nobody knows never promotes, not even an operator does',
    gate => {
      const started = begun()
      started.pass(90)
      expect(started.see({ [gate]: undefined })).toBe('Progressing 0 GateUnknown')
      expect(started.see({ [gate]: undefined }, { promote: 'canary' })).toBe('Progressing 0 GateUnknown')
      expect(started.see()).toBe('Progressing 1 StageReached')
    },
  )

  it('that is breached is not overruled by a promotion', () => {
    const started = begun()
    started.pass(90)
    expect(started.see({ podGrowth: 30 }, { promote: 'canary' })).toBe('RolledBack -1 Breached')
  })

  it('pauses instead, where the rollout says so; who resumes it accepts what is there', () => {
    const started = begun({ ...SPEC, onBreach: 'Pause' })
    expect(started.see({ orphanedPods: 9 })).toBe('Paused 0 Breached')
    expect(started.at(0)).toBe('v2')
    started.pass(90)
    expect(started.see({ orphanedPods: 9 })).toBe('Paused 0 Breached')
    expect(started.see({ orphanedPods: undefined }, { resume: true })).toBe('Paused 0 Breached')
    expect(started.see({ orphanedPods: 9 }, { resume: true })).toBe('Progressing 0 Resumed')
    expect(started.see({ orphanedPods: 9 })).toBe('Progressing 0 Holding')
    expect(started.see({ orphanedPods: 10 })).toBe('Paused 0 Breached')
  })
})

describe('workloads that could not live under the target', () => {
  it('keep the stage that they are in from being reached, and end none', () => {
    const { see, pass } = rollout()
    see()
    expect(see({ wouldBlock: 2 })).toBe('Pending -1 WouldBlock')
    expect(see({ wouldBlock: undefined })).toBe('Pending -1 GateUnknown')
    expect(see()).toBe('Progressing 0 StageReached')
    pass(30)
    expect(see({ wouldBlock: 1 })).toBe('Progressing 0 WouldBlock')
    expect(see({ wouldBlock: 1 }, { promote: 'canary' })).toBe('Progressing 0 WouldBlock')
    expect(see()).toBe('Progressing 1 StageReached')
  })
})

describe('an operator', () => {
  it('pauses it: it goes no further, and a breach ends it all the same', () => {
    const started = begun()
    started.edit({ paused: true })
    started.pass(90)
    expect(started.see()).toBe('Progressing 0 Paused')
    expect(started.see({ podGrowth: 9 })).toBe('RolledBack -1 Breached')
  })

  it('aborts it: the target is in force nowhere', () => {
    const started = begun()
    expect(started.see({}, { abort: true })).toBe('Aborted -1 Aborted')
    expect(started.see()).toBe('Aborted -1 Aborted')
    expect(started.at(0)).toBe('replaced')
  })
})

describe('a target that is edited', () => {
  it('starts again at the first stage, while the one before stays where it was', () => {
    const started = begun()
    started.pass(30)
    expect(started.see()).toBe('Progressing 1 StageReached')
    expect(started.see({ revision: 'v3' })).toBe('Pending -1 TargetChanged')
    expect([0, 1, 2].map(started.at)).toEqual(['v2', 'v2', 'replaced'])
    expect(started.see({ revision: 'v3' })).toBe('Progressing 0 StageReached')
    expect([0, 1, 2].map(started.at)).toEqual(['v3', 'v2', 'replaced'])
    // A breach of the new one brings the one before back to where it was.
    expect(started.see({ revision: 'v3', podGrowth: 9 })).toBe('RolledBack -1 Breached')
    expect([0, 1, 2].map(started.at)).toEqual(['v2', 'v2', 'replaced'])
    // And so does one that had come further.
    started.see({ revision: 'v4' })
    started.see({ revision: 'v4' })
    started.pass(30)
    expect(started.see({ revision: 'v4' })).toBe('Progressing 1 StageReached')
    expect([0, 1, 2].map(started.at)).toEqual(['v4', 'v4', 'replaced'])
    started.see({ revision: 'v4', podGrowth: 9 })
    expect([0, 1, 2].map(started.at)).toEqual(['v2', 'v2', 'replaced'])
  })

  it('and edited back is taken back as a whole: where it had come before it is the same one', () => {
    const started = begun()
    started.pass(30)
    expect(started.see()).toBe('Progressing 1 StageReached')
    started.see({ revision: 'v3' })
    started.see({ revision: 'v3' })
    expect([0, 1, 2].map(started.at)).toEqual(['v3', 'v2', 'replaced'])
    expect(started.see()).toBe('Pending -1 TargetChanged')
    expect(started.see()).toBe('Progressing 0 StageReached')
    expect([0, 1, 2].map(started.at)).toEqual(['v2', 'v2', 'replaced'])
    expect(started.see({ podGrowth: 9 })).toBe('RolledBack -1 Breached')
    expect([0, 1, 2].map(started.at)).not.toContain('v2')
    // What was complete stays: there may be nothing else any more.
    const complete = begun({ ...SPEC, stages: [{ name: 'everywhere', holdMs: 0 }] })
    complete.see()
    complete.see({ revision: 'v3' })
    complete.see()
    complete.see()
    expect(complete.see({ podGrowth: 9 })).toBe('RolledBack -1 Breached')
    expect([0, undefined].map(complete.at)).toEqual(['v2', 'v2'])
  })

  it('after it was complete: the one before stays everywhere else', () => {
    const started = begun({ ...SPEC, stages: [SPEC.stages[0], { name: 'everywhere', holdMs: 0 }] })
    for (let count = 0; count < 3; count++) {
      started.pass(90)
      started.see()
    }
    expect(started.status.phase).toBe('Complete')
    started.see({ revision: 'v3' })
    // Also in no ring, where what it replaced may be deleted by now.
    expect([0, 1, undefined, 'unknown' as const].map(started.at)).toEqual(Array(4).fill('v2'))
    started.see({ revision: 'v3' })
    expect([0, 1, undefined].map(started.at)).toEqual(['v3', 'v2', 'v2'])
    expect(inForceAt(started.status, 'unknown')).toEqual({ kind: 'any', revisions: ['v3', 'v2'], replaced: false })
    started.see({ revision: 'v3', podGrowth: 9 })
    expect([0, 1, undefined].map(started.at)).toEqual(Array(3).fill('v2'))
  })

  it('or is gone, or does not compile: nothing moves', () => {
    const started = begun()
    started.pass(90)
    expect(started.see({ revision: undefined, podGrowth: 99 })).toBe('Progressing 0 TargetMissing')
    expect(started.at(0)).toBe('v2')
  })
})

describe('whatever happens', () => {
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const flat: fc.Arbitrary<Seen> = fc.record({
    revision: maybe(fc.constantFrom('v1', 'v2', 'v3')),
    orphanedPods: maybe(fc.nat(3)),
    podGrowth: maybe(fc.constantFrom(1, 2)),
    requests: maybe(fc.nat(400)),
    denials: maybe(fc.nat(10)),
    errors: maybe(fc.nat(1)),
    wouldBlock: maybe(fc.nat(1)),
    unready: maybe(fc.constantFrom(0, 50)),
    injectedRestarts: maybe(fc.constantFrom(0, 0.5)),
    latencyP99: maybe(fc.constantFrom(0.001, 1)),
  })
  const seen = flat.map(observationsOf)
  const requests: fc.Arbitrary<Requests> = fc.record(
    { promote: fc.constantFrom('canary', 'quarter', 'everywhere'), resume: fc.boolean(), abort: fc.boolean() },
    { requiredKeys: [] },
  )
  const history = fc.array(
    fc.record({
      seen,
      requests,
      minutes: fc.nat(90),
      paused: fc.boolean(),
      onBreach: fc.constantFrom('Rollback', 'Pause'),
    }),
    { maxLength: 30 },
  )

  it('a breach is never followed by a promotion, nothing unknown promotes, at most one stage is reached in a step', () => {
    fc.assert(
      fc.property(history, events => {
        let status: RolloutStatus | undefined
        let now = 0
        for (const { seen, requests, minutes, paused, onBreach } of events) {
          now += minutes * MINUTE
          const spec = { ...SPEC, paused, onBreach } as RolloutSpec
          const before = status
          status = step(spec, before, seen, requests, now)
          // The same inputs give the same status, and a status outlives its way through JSON.
          expect(step(spec, before && structuredClone(before), structuredClone(seen), requests, now)).toEqual(status)
          const isPromoted =
            status.stage > (before?.stage ?? -1) || (status.phase === 'Complete' && before?.phase !== 'Complete')
          if (!isPromoted) continue
          expect(paused).toBe(false)
          expect(status.stage - (before?.stage ?? -1)).toBeLessThanOrEqual(1)
          expect(status.gates.filter(({ gate, state }) => gate !== 'wouldBlock' && state !== 'ok')).toEqual([])
          expect(seen.wouldBlock).toBe(0)
          expect(before?.phase).toMatch(/^(?:Pending|Progressing)$/)
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('somebody at any ring has one of the versions, and a newer one only where it has come', () => {
    fc.assert(
      fc.property(history, events => {
        let status: RolloutStatus | undefined
        let now = 0
        for (const { seen, requests, minutes, paused, onBreach } of events) {
          now += minutes * MINUTE
          status = step({ ...SPEC, paused, onBreach } as RolloutSpec, status, seen, requests, now)
          for (const ring of [0, 1, 2, undefined, 'unknown'] as const) {
            const found = inForceAt(status, ring)
            if (found.kind === 'revision') expect(found.revision).not.toBe('')
            const isOlder = status.older.some(({ revision }) => revision === status?.revision)
            if (found.kind !== 'revision' || found.revision !== status.revision || isOlder) continue
            if (status.phase !== 'Complete') expect(ring).toBeLessThanOrEqual(status.stage)
          }
          // Older ones are bounded: each reaches further than those above it.
          const stages = status.older.map(({ stage }) => stage)
          expect(stages).toEqual([...new Set(stages)].toSorted((a, b) => a - b))
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('holds over every history of five events, with the controller restarted between any two', () => {
    const HOUR = 60 * MINUTE
    const UNKNOWN = { ...GOOD, requests: undefined, unready: undefined }
    const events: Readonly<Record<string, { seen: Seen; requests?: Requests; pass?: number; paused?: boolean }>> = {
      soon: { seen: GOOD, pass: MINUTE },
      later: { seen: GOOD, pass: HOUR },
      breach: { seen: { ...GOOD, latencyP99: 9 }, pass: HOUR },
      unknown: { seen: UNKNOWN, pass: HOUR },
      wouldBlock: { seen: { ...GOOD, wouldBlock: 1 }, pass: HOUR },
      paused: { seen: GOOD, pass: HOUR, paused: true },
      edited: { seen: { ...GOOD, revision: 'v3' } },
      gone: { seen: { ...GOOD, revision: undefined }, pass: HOUR },
      promote: { seen: GOOD, requests: { promote: 'canary' } },
      resume: { seen: GOOD, requests: { resume: true } },
      abort: { seen: GOOD, requests: { abort: true } },
    }
    let histories = 0
    const walk = (depth: number, before: RolloutStatus | undefined, now: number, onBreach: RolloutSpec['onBreach']) => {
      if (depth === 0) return
      for (const [name, { seen, requests = {}, pass = 0, paused = false }] of Object.entries(events)) {
        histories++
        const at = now + pass
        // A controller that was restarted knows what the API server holds: the status as JSON.
        const known = before && (JSON.parse(JSON.stringify(before)) as RolloutStatus)
        const status = step({ ...SPEC, paused, onBreach }, known, observationsOf(seen), requests, at)
        const wasAt = before?.phase === 'Complete' ? SPEC.stages.length : (before?.stage ?? -1)
        const isAt = status.phase === 'Complete' ? SPEC.stages.length : status.stage
        if (isAt > wasAt && status.revision === before?.revision) {
          if (isAt - wasAt !== 1 || /^(?:breach|unknown|wouldBlock|paused|gone|abort)$/.test(name))
            throw new Error(`${name} promoted`)
          if (!/^(?:Pending|Progressing)$/.test(before.phase)) throw new Error(`promoted while ${before.phase}`)
        }
        if (name === 'breach' && before?.phase === 'Progressing' && before.revision === GOOD.revision) {
          const expected = onBreach === 'Rollback' ? 'RolledBack' : 'Paused'
          if (status.phase !== expected) throw new Error(`a breach led to ${status.phase}`)
        }
        for (const ring of [0, 1, 2, undefined, 'unknown'] as const) {
          const found = inForceAt(status, ring)
          const isSomething =
            found.kind === 'any'
              ? found.replaced || found.revisions.length > 0
              : found.kind === 'replaced' || found.revision !== ''
          if (!isSomething) throw new Error(`nothing is in force at ${ring}`)
        }
        walk(depth - 1, status, at, onBreach)
      }
    }
    for (const onBreach of ['Rollback', 'Pause'] as const) walk(5, undefined, 0, onBreach)
    expect(histories).toBe(2 * (11 + 11 ** 2 + 11 ** 3 + 11 ** 4 + 11 ** 5))
  })
})
