import { describe, expect, it } from 'vitest'
import { denialsOf, judge, requestFor, setOf, warningsOf } from '../support/engine.ts'

const policy = (spec: object = {}) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name: 'host-path' },
    spec: { validationActions: ['Deny'], checks: [{ check: 'host-path' }], ...spec },
  })
const exception = (spec: object) =>
  JSON.stringify({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'PolicyException',
    metadata: { name: 'agent', namespace: 'portcullis-system' },
    spec: { policies: ['host-path'], reason: 'reads metrics', ...spec },
  })

const podSpec = {
  containers: [{ name: 'agent', image: 'registry.example/agent:1', volumeMounts: [{ name: 'h', mountPath: '/h' }] }],
  volumes: [{ name: 'h', hostPath: { path: '/proc' } }],
}
const template = { metadata: { labels: { app: 'agent' } }, spec: podSpec }
const GROUPS: Readonly<Record<string, string>> = { CronJob: 'batch/v1', Job: 'batch/v1', ReplicationController: 'v1' }

const workload = (kind: string, labels: object = { app: 'agent', tier: 'node' }) => ({
  apiVersion: GROUPS[kind] ?? 'apps/v1',
  kind,
  metadata: { name: 'agent', namespace: 'monitoring', labels },
  spec: kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template },
})

const alice = { username: 'alice', uid: '', groups: ['system:authenticated', 'ops'] }
const warnings = (spec: object, kind: string, policySpec: object = {}) => {
  const request = requestFor(workload(kind), { userInfo: alice })
  const decision = judge(setOf(policy(policySpec), exception(spec)), request)
  expect(denialsOf(decision)).toEqual([])
  expect(decision.exempt.length).toBeGreaterThan(0)
  return decision.warnings.map(({ finding }) => finding)
}

describe('an exception that covers a workload', () => {
  it.each<[what: string, spec: object, kind: string, message: string]>([
    [
      'by its exact name',
      { match: { names: ['agent'] } },
      'DaemonSet',
      'Pods made from it, which will be refused: its names do not match "agent-…"',
    ],
    [
      'by the name of a Deployment',
      { match: { names: ['agent'] } },
      'Deployment',
      'ReplicaSets made from it, which will be refused: its names do not match "agent-…"',
    ],
    [
      'by a name of another form',
      { match: { names: ['agent', 'agent-?'] } },
      'StatefulSet',
      'Pods made from it, which will be refused: its names do not match "agent-0"',
    ],
    [
      'by a label that the template lacks',
      { match: { objectSelector: { matchLabels: { tier: 'node' } } } },
      'DaemonSet',
      'its objectSelector does not match their labels',
    ],
    ['by its kind', { match: { kinds: ['DaemonSet'] } }, 'DaemonSet', 'its kinds lack Pod'],
    [
      'by its kind and Pod, not what is between',
      { match: { kinds: ['Deployment', 'Pod'] } },
      'Deployment',
      'ReplicaSets made from it, which will be refused: its kinds lack ReplicaSet',
    ],
    [
      'by a kind of jobs',
      { match: { kinds: ['CronJob', 'Pod'] } },
      'CronJob',
      'Jobs made from it, which will be refused: its kinds lack Job',
    ],
    [
      'for its user',
      { match: { users: ['alice'] } },
      'Job',
      'a controller makes them, and not a user or group that it names',
    ],
    [
      'for a group',
      { match: { groups: ['ops'] } },
      'ReplicationController',
      'a controller makes them, and not a user or group that it names',
    ],
  ])('%s is told that it does not cover what is made from it', (_what, spec, kind, message) => {
    const found = warnings(spec, kind)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ level: 'warning', message: expect.stringContaining(message) })
    expect(found[0]?.message).toContain(`the exception agent covers this ${kind}, but not the`)
    expect(found[0]?.hint).toContain('let the exception cover both')
  })

  it.each<[what: string, spec: object, kind: string]>([
    ['by patterns of names', { match: { names: ['agent', 'agent-*'] } }, 'Deployment'],
    ['by patterns of names, counted', { match: { names: ['agent', 'agent-*'] } }, 'StatefulSet'],
    ['by a label of both', { match: { objectSelector: { matchLabels: { app: 'agent' } } } }, 'DaemonSet'],
    ['by all kinds', { match: { kinds: ['CronJob', 'Job', 'Pod'] } }, 'CronJob'],
    ['by its image', { images: ['registry.example/agent:*'] }, 'Deployment'],
    ['by container and path', { containers: ['agent'], paths: ['/proc'] }, 'ReplicaSet'],
    ['by its namespace', { match: { namespaces: ['monitoring'] } }, 'Job'],
    ['for everyone who is known', { match: { groups: ['system:authenticated'] } }, 'DaemonSet'],
  ])('%s and its pods, too, is told nothing', (_what, spec, kind) => {
    expect(warnings(spec, kind)).toEqual([])
  })

  it('is told nothing if no policy judges the pods', () => {
    const rules = [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['daemonsets'] }]
    expect(
      warnings({ match: { names: ['agent'] } }, 'DaemonSet', { matchConstraints: { resourceRules: rules } }),
    ).toEqual([])
  })

  it('is told nothing if another exception covers the pods', () => {
    const pods = exception({ match: { kinds: ['Pod'] } }).replace('"agent"', '"pods"')
    const set = setOf(policy(), `${exception({ match: { names: ['agent'] } })}\n---\n${pods}`)
    expect(warningsOf(judge(set, requestFor(workload('DaemonSet'))))).toEqual([])
  })

  it('is told once, however much it covers', () => {
    const many = structuredClone(workload('DaemonSet'))
    Object.assign(many.spec, {
      template: {
        ...template,
        spec: {
          ...podSpec,
          volumes: Array.from({ length: 30 }, (_, at) => ({ name: `v${at}`, hostPath: { path: '/etc' } })),
        },
      },
    })
    const decision = judge(setOf(policy(), exception({ match: { names: ['agent'] } })), requestFor(many))
    expect(decision.exempt).toHaveLength(30)
    expect(decision.warnings).toHaveLength(1)
  })
})

describe('a finding in a file', () => {
  const file = (spec: object) => {
    const request = requestFor(workload('DaemonSet'), { userInfo: undefined })
    return judge(setOf(policy(), exception(spec)), request)
      .denials.map(({ finding }) => finding.hint ?? '')
      .join()
  }
  it.each<[what: string, spec: object, hint: string | undefined]>([
    [
      'a user',
      { match: { users: ['alice', 'otto'] } },
      'the exception agent lets it pass if the user is alice or otto',
    ],
    ['a group', { match: { groups: ['ops'] } }, 'the exception agent lets it pass if the user is in the group ops'],
    [
      'unknown labels',
      { match: { namespaceSelector: { matchLabels: { team: 'infra' } } } },
      'the exception agent lets it pass if the labels of namespace monitoring match its namespaceSelector (give them by --namespaces)',
    ],
    [
      'both',
      { match: { users: ['alice'], namespaceSelector: { matchLabels: { team: 'infra' } } } },
      'lets it pass if the user is alice and the labels of namespace monitoring match',
    ],
    ['another namespace', { match: { users: ['alice'], namespaces: ['shop'] } }, undefined],
    ['another image', { match: { users: ['alice'] }, images: ['other:*'] }, undefined],
    ['a date that is past', { match: { users: ['alice'] }, expires: '2020-01-01T00:00:00Z' }, undefined],
  ])('names the exception that may lift it by %s', (_what, spec, hint) => {
    if (hint === undefined) expect(file(spec)).not.toContain('the exception')
    else expect(file(spec)).toContain(hint)
  })

  it('names no exception to a live user, who would learn whom to be', () => {
    const request = requestFor(workload('DaemonSet'), { userInfo: { username: 'bob', uid: '', groups: [] } })
    const { denials } = judge(setOf(policy(), exception({ match: { users: ['alice'] } })), request)
    expect(JSON.stringify(denials)).not.toContain('alice')
  })
})
