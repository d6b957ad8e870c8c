import { expect, it } from 'vitest'
import { NO_INJECTIONS } from '../../src/injection/set.ts'
import { documentDoubts } from '../../src/review/document-doubts.ts'
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
const exception = (spec: object, namespace = 'portcullis-system') => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'PolicyException',
  metadata: { name: 'e', namespace },
  spec: { policies: ['old'], reason: 'a test', ...spec },
})
const documents = [policy('old'), policy('new', { staged: true }), policy('shipped')]
  .map(document => JSON.stringify(document))
  .join('\n---\n')

function doubtsOf(object: object, oldObject?: object, phase: 'Progressing' | 'Complete' = 'Progressing') {
  const set = setOf(documents, '', { rollouts: rolloutSources([recordOf({ phase })]) })
  // Of the cluster are all but one.
  const placed = set.documents.map(document => ({
    ...document,
    file: document.name === 'shipped' ? 'policies/shipped.yaml' : `Policy ${document.name}`,
  }))
  const ports = { now: () => 0, monotonic: () => 0, ownNamespace: 'portcullis-system' }
  const context = contextOf({ set: { ...set, documents: placed }, injections: NO_INJECTIONS, namespaces: {} }, ports)
  return documentDoubts(requestFor(object, oldObject === undefined ? {} : { oldObject }), context)
}

it.each<[string, readonly string[], object, object?, 'Complete'?]>([
  ['a rollout of what is there', [], rollout('new', 'old')],
  [
    'a rollout of what looks misspelt',
    ['/spec/target/name: there is no Policy "neww" yet (did you mean "new"?)'],
    rollout('neww'),
  ],
  ['a rollout of what is applied with it', [], rollout('no-host-ports')],
  ['a rollout of the next version of what it replaces', [], rollout('new2', 'new')],
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
  [
    'a policy with the name of one that ships',
    [
      '/metadata/name: Policy "shipped" comes with the gateway (policies/shipped.yaml): this one has no effect. Choose another name; a CanaryRollout with replaces: shipped puts it in its place',
    ],
    policy('shipped'),
  ],
  ['an exception that may cover something', [], exception({})],
  [
    'an exception in another namespace',
    ['/metadata/namespace: an exception counts only in the namespace "portcullis-system": this one has no effect'],
    exception({}, 'shop'),
  ],
  [
    'an exception past its date',
    ['/spec/expires: it ended at 1969-12-31T00:00:00Z: it covers nothing'],
    exception({ expires: '1969-12-31T00:00:00Z' }),
  ],
  [
    'an exception with names that are misspelt',
    [
      '/spec/policies/1: there is no policy "oldd" (did you mean "old"?)',
      '/spec/checks/0: there is no check "host-port" (did you mean "host-ports"?)',
    ],
    exception({ policies: ['other-policy', 'oldd'], checks: ['host-port', 'host-ports'] }),
  ],
  [
    'an exception of which only a label changes',
    [],
    exception({ expires: '1969-12-31T00:00:00Z' }),
    exception({ expires: '1969-12-31T00:00:00Z' }),
  ],
])('%s is applied with what is doubtful about it', (_, expected, object, oldObject, phase) => {
  expect(doubtsOf(object, oldObject, phase)).toEqual(expected)
})
