import { describe, expect, it } from 'vitest'
import { compileRollout } from '../../src/policy/rollout.ts'
import { documentsOf } from '../support/engine.ts'

const ROLLOUT = `
apiVersion: portcullis.dev/v1alpha1
kind: CanaryRollout
metadata: {name: host-path-2026-11}
spec:
  target: {kind: Policy, name: host-path-v2}
  replaces: host-path-v1
  stages:
    - {name: canary, namespaceSelector: {matchLabels: {portcullis.dev/ring: canary}}, hold: 30m}
    - {name: quarter, percent: 25, hold: 2h}
    - {name: everywhere, hold: 24h}
  elsewhere: Audit
  gates:
    orphanedPods: 0
    podGrowth: 1.5
    denials: {ratio: 0.02, minimumRequests: 100}
    wouldBlock: 0
    unready: 0.05
    injectedRestarts: 0.05
    errors: 0
    latencyP99: 50ms
  onBreach: Rollback
  paused: false
`

function compile(text: string) {
  const [document] = documentsOf(text, ['CanaryRollout'], 'rollout.yaml')
  if (document === undefined) throw new Error('a test needs a document here')
  return compileRollout(document)
}

/** What is wrong with the rollout after `change`, each as `pointer: message`. */
function problems(change: (text: string) => string): readonly string[] {
  const compiled = compile(change(ROLLOUT))
  return compiled.ok ? [] : compiled.problems.map(({ pointer, message }) => `${pointer}: ${message}`)
}

describe('a CanaryRollout', () => {
  it('is compiled with every field of its example', () => {
    const compiled = compile(ROLLOUT)
    expect(compiled.ok && compiled.document).toMatchObject({
      kind: 'CanaryRollout',
      name: 'host-path-2026-11',
      target: { kind: 'Policy', name: 'host-path-v2' },
      replaces: 'host-path-v1',
      elsewhere: 'Audit',
      spec: {
        name: 'host-path-2026-11',
        stages: [
          {
            name: 'canary',
            selector: [{ key: 'portcullis.dev/ring', operator: 'In', values: ['canary'] }],
            holdMs: 1_800_000,
          },
          { name: 'quarter', percent: 25, holdMs: 7_200_000 },
          { name: 'everywhere', holdMs: 86_400_000 },
        ],
        gates: {
          orphanedPods: 0,
          podGrowth: 1.5,
          denials: { ratio: 0.02, minimumRequests: 100 },
          wouldBlock: 0,
          unready: 0.05,
          injectedRestarts: 0.05,
          errors: 0,
          latencyP99: 0.05,
        },
        onBreach: 'Rollback',
        paused: false,
      },
    })
  })

  it('asks no gate that it does not name, records elsewhere and rolls back unless it says otherwise', () => {
    const compiled = compile(`
apiVersion: portcullis.dev/v1alpha1
kind: CanaryRollout
metadata: {name: short}
spec:
  target: {kind: SidecarInjection, name: log-agent}
  stages: [{name: everywhere, hold: 1h30m}]
`)
    expect(compiled.ok && compiled.document).toMatchObject({
      replaces: undefined,
      elsewhere: 'Audit',
      spec: { stages: [{ holdMs: 5_400_000 }], gates: {}, onBreach: 'Rollback', paused: false },
    })
  })

  it.each<[string, (text: string) => string, string]>([
    [
      'a hold that is no duration',
      text => text.replace('30m', '30 minutes'),
      '/spec/stages/0/hold: must be a duration',
    ],
    [
      'a hold that outlives everybody',
      text => text.replace('30m', '999999d'.repeat(200)),
      '/spec/stages/0/hold: must be at most 3650d',
    ],
    [
      'more stages than anybody watches',
      text =>
        text.replace(
          '  stages:\n',
          `  stages:\n${Array.from({ length: 100 }, (_, index) => `    - {name: s${index}, hold: 1m}\n`).join('')}`,
        ),
      '/spec/stages: must have at most 100 stages',
    ],
    [
      'a share beyond all',
      text => text.replace('percent: 25', 'percent: 250'),
      '/spec/stages/1/percent: must be from 0 to 100',
    ],
    [
      'two ways to reach',
      text => text.replace('percent: 25', 'percent: 25, namespaceSelector: {}'),
      '/spec/stages/1/percent: a stage reaches',
    ],
    [
      'two stages of one name',
      text => text.replace('name: quarter', 'name: canary'),
      '/spec/stages/1/name: names of stages are unique',
    ],
    [
      'a share that reaches nobody new',
      text => text.replace('name: everywhere', 'name: everywhere, percent: 20'),
      '/spec/stages/2/percent: reaches nobody new',
    ],
    [
      'a target that replaces itself',
      text => text.replace('host-path-v1', 'host-path-v2'),
      '/spec/replaces: the target cannot replace itself',
    ],
    ['a gate that is no gate', text => text.replace('podGrowth', 'podGrowht'), '/spec/gates/podGrowht: '],
    [
      'growth below one',
      text => text.replace('podGrowth: 1.5', 'podGrowth: 0.5'),
      '/spec/gates/podGrowth: must be at least 1',
    ],
    ['another kind of target', text => text.replace('kind: Policy,', 'kind: PolicyException,'), '/spec/target/kind: '],
  ])('is refused for %s, with the place', (_what, change, expected) => {
    expect(problems(change)).toEqual([expect.stringContaining(expected)])
  })
})
