import { describe, expect, it } from 'vitest'
import { COMPLETE_NAME } from '../../src/simulation/sets.ts'
import { policyOf, rolloutText, setsOf } from '../support/simulation.ts'

const OLD = policyOf('old', 'host-namespaces')
const NEW = policyOf('new', 'privileged', { staged: true })
const joined = (...texts: readonly string[]) => texts.join('\n---\n')
const namesIn = (set: { readonly policies: readonly { readonly name: string }[] }) =>
  set.policies.map(({ name }) => name)

describe('what a simulation compares', () => {
  it('is what is in force before the rollout, at each stage and at the end', () => {
    const built = setsOf({ file: joined(rolloutText({ elsewhere: 'Off' }), NEW), baseline: OLD })
    if (!built.ok) throw new Error('it is sound')
    const { present, stages } = built.sets
    expect(namesIn(present.policies)).toEqual(['old'])
    expect(stages.map(({ name, index }) => [name, index])).toEqual([
      ['canary', 0],
      ['half', 1],
      ['everywhere', 2],
      [COMPLETE_NAME, undefined],
    ])
    for (const { policies } of stages) expect(namesIn(policies)).toEqual(['new', 'old'])
  })

  it('takes a document of the file in place of its namesake in the baseline, and the target from there at last', () => {
    const edited = policyOf('new', 'host-ports', { staged: true })
    const built = setsOf({ file: joined(rolloutText(), edited), baseline: joined(OLD, policyOf('new', 'privileged')) })
    if (!built.ok) throw new Error('it is sound')
    const checksOf = (set: typeof built.sets.present) =>
      set.policies.policies.filter(({ name }) => name === 'new').flatMap(({ checks }) => checks.map(({ id }) => id))
    expect(checksOf(built.sets.present)).toEqual(['privileged'])
    expect(new Set(built.sets.stages.flatMap(checksOf))).toEqual(new Set(['host-ports']))
  })
})

describe('what cannot be simulated', () => {
  const cases: readonly { name: string; file: string; baseline?: string; says: string }[] = [
    { name: 'a file without a rollout', file: NEW, says: 'rollout.yaml:1:1: : holds no CanaryRollout' },
    {
      name: 'two rollouts',
      file: joined(rolloutText(), rolloutText(), NEW),
      says: 'rollout.yaml:3:1: : is a second CanaryRollout',
    },
    {
      name: 'a rollout that does not compile',
      file: joined(rolloutText({ stages: [] }), NEW),
      says: '/spec/stages: must not be empty',
    },
    {
      name: 'a target that is nowhere',
      file: joined(rolloutText(), policyOf('mew', 'privileged', { staged: true })),
      baseline: OLD,
      says: '/spec/target/name: there is no Policy "new" (did you mean "mew"?), neither in this file nor in the baseline',
    },
    {
      name: 'a target that is in force at once',
      file: joined(rolloutText(), policyOf('new', 'privileged')),
      baseline: OLD,
      says: '/spec: spec.staged is not true',
    },
    {
      name: 'something to replace that is nowhere',
      file: joined(rolloutText(), NEW),
      says: '/spec/replaces: there is no Policy "old"',
    },
    {
      name: 'a target with a fault, once',
      file: joined(rolloutText(), policyOf('new', 'privileged', { staged: true, failurePolicy: 'Fall' })),
      baseline: OLD,
      says: '/spec/failurePolicy: ',
    },
  ]
  for (const { name, file, baseline, says } of cases) {
    it(`is ${name}`, () => {
      const built = setsOf({ file, ...(baseline !== undefined && { baseline }) })
      const told = built.ok
        ? []
        : built.problems.map(
            problem => `${problem.file}:${problem.line}:${problem.column}: ${problem.pointer}: ${problem.message}`,
          )
      expect(told).toEqual([expect.stringContaining(says)])
    })
  }
})
