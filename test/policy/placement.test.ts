import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/checks/index.ts'
import { digest } from '../../src/cli/documents.ts'
import { namespaceLabelsOf, placeOf } from '../../src/policy/match.ts'
import type { RecordDocument } from '../../src/policy/rollout-record.ts'
import { loadSet } from '../../src/policy/set.ts'
import { shareOf } from '../../src/rollout/rings.ts'
import { COMPLETE } from '../../src/rollout/status.ts'
import { documentsOf, judge, requestFor, setOf } from '../support/engine.ts'
import { recordOf, rolloutSources, STAGES } from '../support/rollouts.ts'

const policy = (name: string, check: string, spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: ['Deny'], checks: [{ check }], ...spec },
  })
const NEW = policy('new', 'privileged', { staged: true })
const OLD = policy('old', 'host-namespaces')
const EARLIER = policy('new', 'host-ports', { staged: true })
const revisionOf = (text: string) => documentsOf(text)[0]?.revision ?? ''
/** Offends every version in a way of its own. */
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a' },
  spec: {
    hostNetwork: true,
    containers: [
      { name: 'a', image: 'a', securityContext: { privileged: true }, ports: [{ containerPort: 80, hostPort: 80 }] },
    ],
  },
}
/** Names of namespaces that the stage of half reaches, and that it does not. */
const names = Array.from({ length: 40 }, (_, index) => `team-${index}`)
const HALF = names.find(name => shareOf('roll', name) < 50) ?? ''
const REST = names.find(name => shareOf('roll', name) >= 50) ?? ''
const LABELS = namespaceLabelsOf({ canary: { ring: 'canary' }, [HALF]: {}, [REST]: {} })

/** Who denies the pod, and who only watches, in a namespace. */
function verdictsIn(namespace: string, records: readonly RecordDocument[], documents = [NEW, OLD], earlier = EARLIER) {
  const set = setOf(documents.join('\n---\n'), '', { rollouts: rolloutSources(records, earlier) })
  const decision = judge(set, requestFor(POD, { namespace, defaultNamespace: namespace } as object), {
    namespaceLabels: LABELS,
  })
  const who = (list: readonly { readonly policy: string; readonly check: string }[]) =>
    [...new Set(list.map(({ policy: name, check }) => `${name}/${check}`))].toSorted()
  return { denies: who(decision.denials), watches: who(decision.shadowed), warnings: decision.warnings }
}
const NEW_DENIES = ['new/privileged']
const OLD_DENIES = ['old/host-namespaces']
const EARLIER_DENIES = ['new/host-ports']
const PLACES = ['canary', HALF, REST]

describe('a staged policy', () => {
  it('is in force nowhere before a rollout brings it, and what it would replace everywhere', () => {
    for (const namespace of PLACES) {
      expect(verdictsIn(namespace, [])).toMatchObject({ denies: OLD_DENIES, watches: [] })
      expect(verdictsIn(namespace, [recordOf({ phase: 'Pending', stage: -1 })])).toMatchObject({
        denies: OLD_DENIES,
        watches: NEW_DENIES,
      })
    }
  })

  it('is in force where its rollout has come, and watches elsewhere without a word to the user', () => {
    const revision = revisionOf(NEW)
    const at = (stage: number) => PLACES.map(namespace => verdictsIn(namespace, [recordOf({ revision, stage })]))
    expect(at(0).map(({ denies }) => denies)).toEqual([NEW_DENIES, OLD_DENIES, OLD_DENIES])
    expect(at(0).map(({ watches }) => watches)).toEqual([[], NEW_DENIES, NEW_DENIES])
    expect(at(0).flatMap(({ warnings }) => warnings)).toEqual([])
    expect(at(1).map(({ denies }) => denies)).toEqual([NEW_DENIES, NEW_DENIES, OLD_DENIES])
    expect(at(2).map(({ denies }) => denies)).toEqual([NEW_DENIES, NEW_DENIES, NEW_DENIES])
  })

  it('does nothing elsewhere where the rollout says Off', () => {
    const record = recordOf({ revision: revisionOf(NEW) }, { elsewhere: 'Off' })
    expect(verdictsIn(REST, [record])).toMatchObject({ denies: OLD_DENIES, watches: [] })
  })

  it('is in force everywhere once it is complete, and what it replaces nowhere', () => {
    const record = recordOf({ revision: revisionOf(NEW), phase: 'Complete', stage: 2 })
    for (const namespace of [...PLACES, 'nobody-knows'])
      expect(verdictsIn(namespace, [record])).toMatchObject({ denies: NEW_DENIES, watches: [] })
  })

  it('in a namespace whose labels nobody knows both versions are in force, and either denies', () => {
    const record = recordOf({ revision: revisionOf(NEW) })
    expect(verdictsIn('nobody-knows', [record])).toMatchObject({ denies: [...NEW_DENIES, ...OLD_DENIES], watches: [] })
  })

  it('that was edited stays at its earlier revision where that had come, until the new one comes', () => {
    const status = {
      revision: revisionOf(NEW),
      stage: 0,
      older: [{ revision: revisionOf(EARLIER), stage: 1 }],
    }
    expect(PLACES.map(namespace => verdictsIn(namespace, [recordOf(status)]).denies)).toEqual([
      NEW_DENIES,
      EARLIER_DENIES,
      OLD_DENIES,
    ])
    // Just edited: the controller has not looked yet.
    const before = recordOf({ revision: revisionOf(EARLIER), stage: 1 })
    expect(PLACES.map(namespace => verdictsIn(namespace, [before]).denies)).toEqual([
      EARLIER_DENIES,
      EARLIER_DENIES,
      OLD_DENIES,
    ])
    const complete = recordOf({
      ...status,
      stage: -1,
      phase: 'Pending',
      older: [{ revision: revisionOf(EARLIER), stage: COMPLETE }],
    })
    for (const namespace of PLACES) expect(verdictsIn(namespace, [complete]).denies).toEqual(EARLIER_DENIES)
  })

  it('whose revision is lost gives way to what it replaced: no namespace is without one', () => {
    const record = recordOf({ revision: 'lost', stage: 2 })
    for (const namespace of PLACES) expect(verdictsIn(namespace, [record]).denies).toEqual(OLD_DENIES)
  })

  it('that is gone, or no longer staged, gives back what it replaced', () => {
    const record = recordOf({ revision: revisionOf(NEW), phase: 'Complete', stage: 2 })
    expect(verdictsIn(REST, [record], [OLD]).denies).toEqual(OLD_DENIES)
    const unstaged = policy('new', 'privileged')
    expect(verdictsIn(REST, [record], [unstaged, OLD]).denies).toEqual([...NEW_DENIES, ...OLD_DENIES])
  })

  it('of which an earlier rollout was deleted on its way goes on from what that left', () => {
    const before = recordOf({ revision: revisionOf(EARLIER), stage: 1 }, { rollout: 'roll' })
    const record = recordOf(
      { revision: revisionOf(NEW), stage: 0 },
      { number: 9, rollout: 'again', uid: 'other', stages: [STAGES[0], STAGES[2]] as RecordDocument['stages'], before },
    )
    expect(PLACES.map(namespace => verdictsIn(namespace, [record]).denies)).toEqual([
      NEW_DENIES,
      EARLIER_DENIES,
      OLD_DENIES,
    ])
  })

  it('stays what it was where a later rollout replaces something else as well', () => {
    const other = policy('other', 'host-ports')
    const before = recordOf({ revision: revisionOf(EARLIER), phase: 'Complete', stage: 2 })
    const record = recordOf(
      { revision: revisionOf(NEW), stage: 0 },
      { number: 9, rollout: 'again', uid: 'again', replaces: 'other', before },
    )
    // No rollout has brought anything yet in place of the other.
    expect(PLACES.map(namespace => verdictsIn(namespace, [record], [NEW, OLD, other]).denies)).toEqual([
      NEW_DENIES,
      [...EARLIER_DENIES, 'other/host-ports'],
      [...EARLIER_DENIES, 'other/host-ports'],
    ])
  })

  it('that two rollouts replace stays until the last of them has brought something better', () => {
    const other = policy('other', 'host-ports', { staged: true })
    const one = recordOf({ revision: revisionOf(NEW), stage: 2 })
    const two = recordOf(
      { revision: revisionOf(other), stage: 0 },
      { rollout: 'two', target: { kind: 'Policy', name: 'other' } },
    )
    const verdict = (namespace: string) => verdictsIn(namespace, [one, two], [NEW, OLD, other]).denies
    expect(verdict('canary')).toEqual(['new/privileged', 'other/host-ports'])
    expect(verdict(REST)).toEqual([...NEW_DENIES, ...OLD_DENIES])
  })

  it('is in force beside the other where two rollouts replace each other: neither drives out the last', () => {
    const old = policy('old', 'host-namespaces', { staged: true })
    const forth = recordOf({ revision: revisionOf(NEW), phase: 'Complete', stage: 2 })
    const back = (status: Partial<RecordDocument['status']>) =>
      recordOf(status, { rollout: 'back', uid: 'back', target: { kind: 'Policy', name: 'old' }, replaces: 'new' })
    const complete = back({ revision: revisionOf(old), phase: 'Complete', stage: 2 })
    const verdicts = (records: readonly RecordDocument[]) =>
      [...PLACES, 'nobody-knows'].map(namespace => verdictsIn(namespace, records, [NEW, old]).denies)
    expect(verdicts([forth, complete])).toEqual(Array(4).fill([...NEW_DENIES, ...OLD_DENIES]))
    // The way back has only begun.
    expect(verdicts([forth, back({ phase: 'Pending', stage: -1 })])).toEqual(Array(4).fill(NEW_DENIES))
    // It is one of something that was complete once: until it comes, nothing changes.
    const before = back({ revision: revisionOf(old), phase: 'Complete', stage: 2 })
    const again = { ...back({ revision: revisionOf(old), stage: 0 }), before: { ...before, replaces: 'oldest' } }
    expect(verdicts([forth, again])).toEqual([
      [...NEW_DENIES, ...OLD_DENIES],
      NEW_DENIES,
      NEW_DENIES,
      [...NEW_DENIES, ...OLD_DENIES],
    ])
    // Also where the circle is a longer one.
    const third = policy('third', 'host-ports', { staged: true })
    const on = recordOf(
      { revision: revisionOf(third), phase: 'Complete', stage: 2 },
      { rollout: 'on', uid: 'on', target: { kind: 'Policy', name: 'third' }, replaces: 'new' },
    )
    const round = { ...complete, replaces: 'third' }
    for (const namespace of PLACES)
      expect(verdictsIn(namespace, [forth, on, round], [NEW, old, third]).denies).toEqual([
        ...NEW_DENIES,
        ...OLD_DENIES,
        'third/host-ports',
      ])
  })

  it('joins objects that are in no namespace at the last stage', () => {
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'a' },
      spec: { hostPath: { path: '/' } },
    }
    const documents = [policy('new', 'host-path', { staged: true }), policy('old', 'host-path')].join('\n---\n')
    const denied = (stage: number) => {
      const revision = revisionOf(policy('new', 'host-path', { staged: true }))
      const set = setOf(documents, '', { rollouts: rolloutSources([recordOf({ revision, stage })]) })
      return [...new Set(judge(set, requestFor(volume), {}).denials.map(({ policy: name }) => name))]
    }
    expect([0, 1, 2].map(denied)).toEqual([['old'], ['old'], ['new']])
  })

  it('is brought to a namespace itself by the labels that it is about to have', () => {
    const namespace = (labels: object) =>
      requestFor({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: REST, labels } }, { defaultNamespace: '' })
    expect(placeOf(namespace({ ring: 'canary', odd: 7 }), LABELS)).toEqual({ name: REST, labels: { ring: 'canary' } })
    expect(placeOf(requestFor(POD, { defaultNamespace: 'canary' }), LABELS)).toEqual({
      name: 'canary',
      labels: { ring: 'canary' },
    })
  })

  it('has its rings guarded: the labels that stages select on decide verdicts', () => {
    const set = setOf([NEW, OLD].join('\n---\n'), '', { rollouts: rolloutSources([recordOf()]) })
    expect(set.namespaceLabels.has('ring')).toBe(true)
    // Those of an earlier rollout decide where that had come.
    const later = recordOf({}, { stages: [STAGES[2]] as RecordDocument['stages'], before: recordOf() })
    const below = setOf([NEW, OLD].join('\n---\n'), '', { rollouts: rolloutSources([later]) })
    expect(below.namespaceLabels.has('ring')).toBe(true)
  })
})

it('a staged policy that nobody brings is told of, where it says so', () => {
  const load = (options: object) =>
    loadSet(
      { documents: documentsOf([NEW, OLD].join('\n---\n')), problems: [] },
      { checks: CHECKS, excludedNamespaces: [], digest, ...options },
    ).warnings.map(({ pointer, message }) => `${pointer}: ${message}`)
  expect(load({})).toEqual(['/spec/staged: it is in force nowhere: no CanaryRollout in a cluster brings it'])
  expect(load({ rollouts: rolloutSources([recordOf()]) })).toEqual([])
  expect(load({ isUnstaged: true })).toEqual([])
})

describe('whatever the record says', () => {
  const revisions = [revisionOf(NEW), revisionOf(EARLIER), 'lost']
  const reach = fc.record({
    phase: fc.constantFrom('Pending', 'Progressing', 'Paused', 'RolledBack', 'Aborted', 'Complete'),
    revision: fc.constantFrom(...revisions),
    stage: fc.integer({ min: -1, max: 2 }),
    older: fc.uniqueArray(
      fc.record({ revision: fc.constantFrom(...revisions), stage: fc.constantFrom(0, 1, 2, COMPLETE) }),
      { maxLength: 2, selector: ({ stage }) => stage },
    ),
  })

  it('somebody denies in every namespace, and nobody watches where it is in force', () => {
    fc.assert(
      fc.property(
        reach,
        fc.option(reach, { nil: undefined }),
        fc.constantFrom(...PLACES, 'nobody-knows', 'other'),
        (status, below, namespace) => {
          const before = below === undefined ? {} : { before: recordOf(below as object, { uid: 'before' }) }
          const { denies, watches } = verdictsIn(namespace, [recordOf(status as object, before)])
          expect(denies).not.toEqual([])
          for (const watcher of watches) expect(denies).not.toContain(watcher)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('of two that replace each other one denies wherever one has come', () => {
    const old = policy('old', 'host-namespaces', { staged: true })
    const olds = [revisionOf(old), 'lost']
    const oldReach = reach.map(status => ({ ...status, revision: olds[status.stage & 1] ?? '', older: [] }))
    fc.assert(
      fc.property(
        reach,
        oldReach,
        fc.option(oldReach, { nil: undefined }),
        fc.constantFrom(...PLACES, 'nobody-knows', 'other'),
        (one, two, below, namespace) => {
          const forth = recordOf(one as object)
          const way = {
            rollout: 'roll',
            uid: 'back',
            target: { kind: 'Policy', name: 'old' },
            replaces: 'new',
          } as const
          const before = below === undefined ? {} : { before: recordOf(below as object, { ...way, uid: 'before' }) }
          const back = recordOf(two as object, { ...way, ...before })
          const denies = (records: readonly RecordDocument[]) => verdictsIn(namespace, records, [NEW, old]).denies
          if (denies([forth]).length + denies([back]).length > 0) expect(denies([forth, back])).not.toEqual([])
        },
      ),
      { numRuns: 2000 },
    )
  })
})
