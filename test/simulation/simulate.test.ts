import { describe, expect, it } from 'vitest'
import { shareOf } from '../../src/rollout/rings.ts'
import { deniesMore, type SimulationResult } from '../../src/simulation/simulate.ts'
import { injectionText } from '../support/injection.ts'
import { reviewOf } from '../support/reviews.ts'
import { policyOf, rolloutText, simulate } from '../support/simulation.ts'

const OLD = policyOf('old', 'host-namespaces')
const NEW = policyOf('new', 'privileged', { staged: true })
const FILE = [rolloutText(), NEW].join('\n---\n')
const LABELS = { canary: { ring: 'canary' }, shop: {}, stable: {} }
/** One of the first half by its hash, and one of the other. */
const EARLY = ['a', 'b', 'c', 'd', 'e', 'f'].find(name => shareOf('roll', name) < 50) ?? ''
const LATE = ['a', 'b', 'c', 'd', 'e', 'f'].find(name => shareOf('roll', name) >= 50) ?? ''

const pod = (spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', ...metadata },
  spec: { containers: [{ name: 'a', image: 'a' }], ...spec },
})
const PRIVILEGED = { containers: [{ name: 'a', image: 'a', securityContext: { privileged: true } }] }
const ownedBy = (kind: string, name: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true }],
})
let serial = 0
const line = (object: object | null, namespace: string, fields: object = {}, beside: object = {}) => ({
  ...beside,
  ...(reviewOf(object, { uid: `uid-${serial++}`, namespace, name: `n${serial}`, ...fields }) as object),
})
const column = ({ stages }: SimulationResult, of: (stage: SimulationResult['stages'][number]) => number) =>
  Object.fromEntries(stages.map(stage => [stage.stage, of(stage)]))

describe('a policy that would be rolled out', () => {
  it('denies stage by stage, in the namespaces that each has reached', () => {
    const namespaces = { ...LABELS, [EARLY]: {}, [LATE]: {} }
    const lines = ['canary', EARLY, LATE].map(namespace => line(pod(PRIVILEGED), namespace))
    const result = simulate({ file: FILE, baseline: OLD, namespaces, lines })
    expect(column(result, ({ reviews }) => reviews)).toEqual({ canary: 1, half: 2, everywhere: 3, complete: 3 })
    expect(column(result, ({ denied }) => denied)).toEqual({ canary: 1, half: 2, everywhere: 3, complete: 3 })
    expect(column(result, ({ changes }) => changes.denied)).toEqual({ canary: 1, half: 2, everywhere: 3, complete: 3 })
    expect(column(result, ({ namespaces: reached }) => reached)).toEqual({
      canary: 1,
      half: 2,
      everywhere: 3,
      complete: 3,
    })
    expect(deniesMore(result)).toBe(true)
  })

  it('takes what it replaces out of force where it comes, and nowhere else', () => {
    const lines = ['canary', LATE].map(namespace => line(pod({ hostNetwork: true }), namespace, { name: 'x' }))
    const result = simulate({ file: FILE, baseline: OLD, namespaces: { ...LABELS, [LATE]: {} }, lines })
    expect(column(result, ({ changes }) => changes.allowed)).toEqual({ canary: 1, half: 1, everywhere: 2, complete: 2 })
    expect(result.stages[0]?.differences).toEqual([
      { change: 'allowed', namespace: 'canary', owner: 'Pod/x', rule: 'old/host-namespaces', reviews: 1 },
    ])
    expect(deniesMore(result)).toBe(false)
  })

  it('changes nothing where both versions deny, or another policy does anyway', () => {
    const other = policyOf('other', 'host-ports')
    const both = { ...PRIVILEGED, hostNetwork: true }
    const ports = { containers: [{ ...PRIVILEGED.containers[0], ports: [{ containerPort: 1, hostPort: 1 }] }] }
    const lines = [line(pod(both), 'canary'), line(pod(ports), 'canary')]
    const result = simulate({ file: FILE, baseline: [OLD, other].join('\n---\n'), namespaces: LABELS, lines })
    expect(result.stages[0]).toMatchObject({ reviews: 2, denied: 2, differences: [] })
  })

  it('groups by namespace, owner and rule', () => {
    const metadata = { ...ownedBy('ReplicaSet', 'web-1'), name: undefined, generateName: 'web-1-' }
    const lines = [
      ...Array.from({ length: 3 }, () => line(pod(PRIVILEGED, metadata), 'canary')),
      line(pod(PRIVILEGED, { name: undefined, generateName: 'task-' }), 'canary', { name: '' }),
      line(pod(PRIVILEGED), 'canary', { name: 'bare' }),
    ]
    const { stages } = simulate({ file: FILE, baseline: OLD, namespaces: LABELS, lines })
    const groups = stages[0]?.differences.map(({ owner, rule, reviews }) => [owner, rule, reviews])
    expect(groups).toEqual([
      ['ReplicaSet/web-1', 'new/privileged', 3],
      ['Pod/bare', 'new/privileged', 1],
      ['Pod/task-…', 'new/privileged', 1],
    ])
  })

  it('that only warns denies nothing', () => {
    const warning = policyOf('new', 'privileged', { staged: true, validationActions: ['Warn'] })
    const file = [rolloutText(), warning].join('\n---\n')
    const result = simulate({ file, baseline: OLD, namespaces: LABELS, lines: [line(pod(PRIVILEGED), 'canary')] })
    expect(result.stages[0]).toMatchObject({ denied: 0, warned: 1, changes: { denied: 0, warned: 1 } })
    expect(deniesMore(result)).toBe(false)
  })

  it('of the same check as before brings no new warning', () => {
    const warn = { validationActions: ['Warn'] }
    const file = [rolloutText(), policyOf('new', 'privileged', { staged: true, ...warn })].join('\n---\n')
    const baseline = policyOf('old', 'privileged', warn)
    const result = simulate({ file, baseline, namespaces: LABELS, lines: [line(pod(PRIVILEGED), 'canary')] })
    expect(result.stages[0]).toMatchObject({ warned: 1, changes: { warned: 0, unwarned: 0 } })
  })

  it('reaches what is in no namespace at the last stage', () => {
    const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['persistentvolumes'] }
    const check = policyOf('new', 'host-path', { staged: true, matchConstraints: { resourceRules: [rule] } })
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'v' },
      spec: { hostPath: { path: '/etc' } },
    }
    const lines = [line(volume, '', { kind: 'PersistentVolume', resource: 'persistentvolumes', name: 'v' })]
    const result = simulate({ file: [rolloutText(), check].join('\n---\n'), baseline: OLD, lines })
    expect(column(result, ({ reviews }) => reviews)).toEqual({ canary: 0, half: 0, everywhere: 1, complete: 1 })
  })

  it('reaches a namespace that is in no ring only at the end', () => {
    const stages = [{ name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '1m' }]
    const file = [rolloutText({ stages }), NEW].join('\n---\n')
    const result = simulate({ file, baseline: OLD, namespaces: LABELS, lines: [line(pod(PRIVILEGED), 'shop')] })
    expect(column(result, ({ denied }) => denied)).toEqual({ canary: 0, complete: 1 })
  })

  it('heeds exceptions', () => {
    const exception = JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'PolicyException',
      metadata: { name: 'legacy' },
      spec: { policies: ['new'], reason: 'x', match: { namespaceSelector: { matchLabels: { ring: 'canary' } } } },
    })
    const lines = [line(pod(PRIVILEGED), 'canary')]
    const baseline = [OLD, exception].join('\n---\n')
    expect(deniesMore(simulate({ file: FILE, baseline, namespaces: LABELS, lines }))).toBe(false)
    expect(deniesMore(simulate({ file: FILE, baseline: OLD, namespaces: LABELS, lines }))).toBe(true)
  })

  it('takes what it replaces from its own file, and the baseline for the rest', () => {
    const file = [rolloutText(), NEW, OLD].join('\n---\n')
    const result = simulate({ file, namespaces: LABELS, lines: [line(pod({ hostPID: true }), 'canary')] })
    expect(result.stages[0]?.changes.allowed).toBe(1)
  })
})

describe('namespaces whose labels nobody knows', () => {
  it('are skipped where a stage selects on labels, and judged where none does', () => {
    const result = simulate({ file: FILE, baseline: OLD, lines: [line(pod(PRIVILEGED), LATE)] })
    expect(column(result, ({ skipped }) => skipped)).toEqual({ canary: 1, half: 1, everywhere: 0, complete: 0 })
    expect(column(result, ({ reviews }) => reviews)).toEqual({ canary: 0, half: 0, everywhere: 1, complete: 1 })
    expect(result.skipped[0]?.reason).toContain(
      `whether stage canary has reached namespace ${LATE} depends on its labels`,
    )
  })

  it('have only the target in force where a stage has come for certain, as in a cluster', () => {
    const result = simulate({ file: FILE, baseline: OLD, lines: [line(pod({ hostNetwork: true }), LATE)] })
    expect(result.stages.find(({ stage }) => stage === 'everywhere')).toMatchObject({
      denied: 0,
      changes: { allowed: 1 },
    })
  })

  it('become known by what the gateway knew, by a Namespace in the traffic, or by a file', () => {
    const reaching = (lines: readonly object[], namespaces = {}) =>
      simulate({ file: FILE, baseline: OLD, namespaces, lines }).stages[0]?.denied
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels: { ring: 'canary' } } }
    const created = line(namespace, 'x', { kind: 'Namespace', resource: 'namespaces', name: 'x' })
    expect(reaching([line(pod(PRIVILEGED), 'x')])).toBe(0)
    expect(reaching([line(pod(PRIVILEGED), 'x', {}, { namespaceLabels: { ring: 'canary' } })])).toBe(1)
    expect(reaching([created, line(pod(PRIVILEGED), 'x')])).toBe(1)
    expect(reaching([line(pod(PRIVILEGED), 'x')], { x: { ring: 'canary' } })).toBe(1)
  })

  it('make a policy that selects on them skipped, and never passed', () => {
    const selecting = { staged: true, matchConstraints: { namespaceSelector: { matchLabels: { tier: 'gold' } } } }
    const file = [rolloutText(), policyOf('new', 'privileged', selecting)].join('\n---\n')
    const { stages, skipped } = simulate({ file, baseline: OLD, lines: [line(pod(PRIVILEGED), 'x')] })
    expect(stages.at(-1)).toMatchObject({ reviews: 1, denied: 0, skipped: 1 })
    expect(skipped.map(({ reason }) => reason)).toContainEqual(
      expect.stringContaining('namespaceSelector needs the labels'),
    )
  })
})

describe('what was redacted in the record', () => {
  const etcd = (value: string) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'etcd' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: {
          containers: [
            {
              name: 'etcd',
              image: 'etcd',
              command: ['etcd', '--data-dir=/data'],
              env: [{ name: 'ETCD_INITIAL_CLUSTER_STATE', value }],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
        },
      },
      volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    },
  })
  const update = (before: string) => ({
    group: 'apps',
    kind: 'StatefulSet',
    resource: 'statefulsets',
    name: 'etcd',
    operation: 'UPDATE',
    oldObject: etcd(before),
  })
  const file = [rolloutText(), policyOf('new', 'etcd-bootstrap', { staged: true })].join('\n---\n')
  const atTheEnd = (object: object, more: object) =>
    simulate({ file, baseline: OLD, namespaces: LABELS, lines: [line(object, 'shop', more)] })

  it('is skipped where the check needs it, as any variable from elsewhere, and never passed', () => {
    expect(atTheEnd(etcd('new'), update('existing')).stages.at(-1)).toMatchObject({ denied: 1, skipped: 0 })
    expect(atTheEnd(etcd('existing'), update('new')).stages.at(-1)).toMatchObject({ denied: 0, skipped: 0 })
    expect(atTheEnd(etcd('REDACTED'), update('REDACTED')).stages.at(-1)).toMatchObject({ denied: 0, skipped: 1 })
  })

  it('is skipped in a ConfigMap that the policy looks at', () => {
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { 'etcd.yaml': 'REDACTED' } }
    const { stages, skipped } = atTheEnd(config, { kind: 'ConfigMap', resource: 'configmaps', name: 'a' })
    expect(stages.at(-1)).toMatchObject({ reviews: 1, denied: 0, skipped: 1 })
    expect(skipped.map(({ reason }) => reason)).toContain('what a ConfigMap holds was not recorded')
  })
})

describe('the lines of a record', () => {
  it('that cannot be read are told by their place and counted, and the rest is judged', () => {
    const lines = ['{broken', line(pod(PRIVILEGED), 'canary'), { request: {} }, '[]']
    const result = simulate({ file: FILE, baseline: OLD, namespaces: LABELS, lines })
    expect(result.reviews).toEqual({ lines: 4, judged: 1, repeated: 0, other: 0, unread: 3 })
    expect(result.unread.map(({ file, line: number }) => `${file}:${number}`)).toEqual([
      'reviews.ndjson:1',
      'reviews.ndjson:3',
      'reviews.ndjson:4',
    ])
    expect(result.stages[0]?.denied).toBe(1)
  })

  it('count once where one request was asked about at several endpoints', () => {
    const asked = line(pod(PRIVILEGED), 'canary')
    const again = { ...asked, request: { ...(asked as { request: object }).request, uid: 'another' } }
    const lines = [
      { endpoint: 'validate/fail', ...asked },
      { endpoint: 'observe', ...again },
      { endpoint: 'mutate', ...asked },
    ]
    const result = simulate({ file: FILE, baseline: OLD, namespaces: LABELS, lines })
    expect(result.reviews).toEqual({ lines: 3, judged: 1, repeated: 1, other: 1, unread: 0 })
    expect(result.stages[0]?.denied).toBe(1)
  })

  it('leave counts and a few examples behind, however many they are', () => {
    const lines = Array.from({ length: 6000 }, () => line(pod(PRIVILEGED), 'canary'))
    const broken = Array.from({ length: 100 }, () => '{')
    const result = simulate({ file: FILE, baseline: OLD, namespaces: LABELS, lines: [...lines, ...broken] })
    expect(result.examples.length).toBe(20)
    expect(result.unread.length).toBe(20)
    expect(result.stages[0]).toMatchObject({ denied: 6000, ungrouped: 1000 })
    expect(result.stages[0]?.differences.length).toBe(5000)
  })
})

describe('an injection that would be rolled out', () => {
  const sidecar = (name: string, spec: object = {}) =>
    injectionText(name, { containers: [{ name: `${name}-proxy`, image: 'proxy' }], ...spec })
  const target = { target: { kind: 'SidecarInjection', name: 'next' }, replaces: 'before' }
  const file = (spec: object = {}) =>
    [rolloutText(target), sidecar('next', { staged: true, ...spec }), sidecar('before')].join('\n---\n')
  const mutate = { endpoint: 'mutate' }

  it('patches in place of what it replaces, stage by stage', () => {
    const lines = ['canary', 'shop'].map(namespace => line(pod(), namespace, {}, mutate))
    const { stages } = simulate({ file: file(), namespaces: LABELS, lines })
    expect(stages[0]).toMatchObject({ reviews: 1, patched: 1, changes: { patched: 1, unpatched: 1, denied: 0 } })
    expect(stages.at(-1)).toMatchObject({ reviews: 2, patched: 2, changes: { patched: 2, unpatched: 2 } })
    expect(stages[0]?.differences.map(({ change, rule }) => [change, rule])).toEqual([
      ['patched', 'next'],
      ['unpatched', 'before'],
    ])
  })

  it('that refuses a pod counts as a denial', () => {
    const clashing = file({ onConflict: 'Deny', containers: [{ name: 'a', image: 'other' }] })
    const result = simulate({ file: clashing, namespaces: LABELS, lines: [line(pod(), 'canary', {}, mutate)] })
    expect(result.stages[0]?.changes.denied).toBe(1)
    expect(result.examples[0]).toMatchObject({ rule: 'next/conflict', stage: 'canary' })
    expect(deniesMore(result)).toBe(true)
  })

  it('is tried on validated pods where the record has no other, and says so', () => {
    const result = simulate({
      file: file(),
      namespaces: LABELS,
      lines: [line(pod(), 'canary', {}, { endpoint: 'observe/all' })],
    })
    expect(result.stages[0]?.patched).toBe(1)
    expect(result.notes.join()).toContain('no review of /mutate')
    const both = [line(pod(), 'canary', {}, { endpoint: 'observe/all' }), line(pod(), 'canary', {}, mutate)]
    const preferred = simulate({ file: file(), namespaces: LABELS, lines: both })
    expect(preferred.reviews).toMatchObject({ judged: 1, other: 1 })
    expect(preferred.notes).toEqual([])
  })
})
