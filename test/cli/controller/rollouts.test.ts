import { describe, expect, it } from 'vitest'
import { stageBlockers } from '../../../src/cli/controller/rollouts.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { compileRollout } from '../../../src/policy/rollout.ts'
import { documentsOf, setOf } from '../../support/engine.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const policy = (spec: object) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name: 'new' },
  spec: { staged: true, validationActions: ['Deny'], ...spec },
})
const GOOD = policy({ checks: [{ check: 'privileged' }] })

describe('what the next stage would lose', () => {
  const rollout = (label: string) => {
    const text = JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'CanaryRollout',
      metadata: { name: 'roll' },
      spec: {
        target: { kind: 'Policy', name: 'new' },
        stages: [{ name: 'canary', namespaceSelector: { matchLabels: { ring: label } }, hold: '1m' }],
      },
    })
    const [source] = documentsOf(text, ['CanaryRollout'])
    const compiled = source && compileRollout(source)
    if (!compiled?.ok) throw new Error('a rollout of a test does not compile')
    return compiled.document
  }

  it('is remembered for a while, and asked for anew where the stage selects others now', async () => {
    let [asked, now] = [0, 0]
    const set = setOf(JSON.stringify(GOOD))
    const wouldBlock = stageBlockers({
      client: new FakeCluster().client,
      verdict: () => ({ set, namespaceLabels: NO_NAMESPACE_LABELS, now: 0 }),
      served: async () => {
        asked++
        return []
      },
      unasked: [],
      monotonic: () => now,
    })
    for (const label of ['a', 'a', 'b', 'b']) await wouldBlock(rollout(label), 0, {}, 1000)
    expect(asked).toBe(2)
    now = 1000
    await wouldBlock(rollout('b'), 0, {}, 1000)
    expect(asked).toBe(3)
  })
})
