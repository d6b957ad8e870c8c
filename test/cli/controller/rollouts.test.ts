import { describe, expect, it } from 'vitest'
import { rolloutFacts, stageBlockers } from '../../../src/cli/controller/rollouts.ts'
import { ClusterDocuments } from '../../../src/cluster/documents.ts'
import { NO_INJECTIONS } from '../../../src/injection/set.ts'
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
      verdict: () => ({ set, injections: NO_INJECTIONS, namespaceLabels: NO_NAMESPACE_LABELS, now: 0 }),
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

describe('the target of a rollout', () => {
  it('is there as long as it is staged, also where it does not compile: its record is not nobody’s', async () => {
    const cluster = new FakeCluster()
    const collection = '/apis/portcullis.dev/v1alpha1/policies'
    cluster.put(collection, policy({ checks: [{ check: 'none-of-ours' }] }))
    const documents = new ClusterDocuments({
      client: cluster.client,
      ownNamespace: 'portcullis-system',
      revisionOf: text => text,
      onError: () => {},
    })
    documents.start()
    await expect.poll(() => documents.isWhole).toBe(true)
    const facts = rolloutFacts(
      { set: setOf(''), injections: NO_INJECTIONS, namespaces: {}, isBraked: false },
      documents,
    )
    expect(facts.target({ kind: 'Policy', name: 'new' })).toMatchObject({
      object: { kind: 'Policy' },
      revision: undefined,
    })
    expect(facts.target({ kind: 'SidecarInjection', name: 'new' })).toBeUndefined()
    cluster.edit(`${collection}/new`, { spec: { staged: false } })
    await expect.poll(() => facts.target({ kind: 'Policy', name: 'new' })).toBeUndefined()
    documents.stop()
  })
})
