import { expect, it } from 'vitest'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import { rolloutDoubts } from '../../src/review/document-doubts.ts'
import { contextOf } from '../../src/server/snapshot.ts'
import { requestFor, setOf } from '../support/engine.ts'
import { recordOf, rolloutSources } from '../support/rollouts.ts'

const policy = (name: string, spec: object = {}) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name },
  spec: { validationActions: ['Deny'], checks: [{ check: 'host-ports' }], ...spec },
})
const rollout = (target: string, replaces?: string) => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'CanaryRollout',
  metadata: { name: 'roll' },
  spec: { target: { kind: 'Policy', name: target }, ...(replaces && { replaces }), stages: [] },
})
const documents = [policy('old'), policy('new', { staged: true })]
  .map(document => JSON.stringify(document))
  .join('\n---\n')

function doubtsOf(object: object, oldObject?: object, phase: 'Progressing' | 'Complete' = 'Progressing') {
  const set = setOf(documents, '', { rollouts: rolloutSources([recordOf({ phase })]) })
  const clocks = { now: () => 0, monotonic: () => 0 }
  const context = contextOf({ set, injections: NO_INJECTIONS, namespaces: {} }, clocks)
  return rolloutDoubts(requestFor(object, oldObject === undefined ? {} : { oldObject }), context)
}

it.each<[string, readonly string[], object, object?, 'Complete'?]>([
  ['a rollout of what is there', [], rollout('new', 'old')],
  ['a rollout of what is not there', ['/spec/target/name: there is no Policy "nwe" yet'], rollout('nwe')],
  [
    'a rollout of what is not staged',
    ['/spec/target/name: Policy "old" is not staged: it is in force everywhere already'],
    rollout('old'),
  ],
  [
    'a rollout that replaces nothing',
    ['/spec/replaces: there is no Policy "odl": nothing is replaced'],
    rollout('new', 'odl'),
  ],
  [
    'a target that leaves its rollout',
    ['/spec/staged: without it the document is in force everywhere at once'],
    policy('new'),
    policy('new', { staged: true }),
  ],
  ['a target whose rollout is complete', [], policy('new'), policy('new', { staged: true }), 'Complete'],
  ['a policy that was never staged', [], policy('old'), policy('old')],
])('%s is applied with what is doubtful about it', (_, expected, object, oldObject, phase) => {
  expect(doubtsOf(object, oldObject, phase)).toEqual(expected)
})
