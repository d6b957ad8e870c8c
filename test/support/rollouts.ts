import type { RecordDocument } from '../../src/policy/rollout-record.ts'
import type { RolloutSources } from '../../src/policy/rollout-sources.ts'
import { documentsOf } from './engine.ts'

/** The stages of the tests: a ring by its label, half of all, everybody. */
export const STAGES: RecordDocument['stages'] = [
  { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '30m' },
  { name: 'half', percent: 50, hold: '2h' },
  { name: 'everywhere', hold: '24h' },
]

/** A record of a rollout of the policy `new`, which replaces `old`. */
export function recordOf(
  status: Partial<RecordDocument['status']> = {},
  fields: Partial<RecordDocument> = {},
): RecordDocument {
  return {
    kind: 'RolloutRecord',
    number: 1,
    rollout: 'roll',
    uid: 'uid-roll',
    target: { kind: 'Policy', name: 'new' },
    replaces: 'old',
    elsewhere: 'Audit',
    stages: STAGES,
    status: { phase: 'Progressing', revision: '', stage: 0, since: 0, older: [], ...status },
    ...fields,
  }
}

/** Sources of rollouts, with revisions of documents that are no longer the newest. */
export function rolloutSources(records: readonly RecordDocument[], revisions = '', kind = 'Policy'): RolloutSources {
  return { records, revisions: revisions === '' ? [] : documentsOf(revisions, [kind]) }
}
