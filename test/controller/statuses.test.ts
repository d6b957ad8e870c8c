import { expect, it } from 'vitest'
import { conditionsOf, type StatusFacts, statusTask } from '../../src/controller/statuses.ts'
import { dig, getList, type JsonObject } from '../../src/json/value.ts'
import { FakeCluster } from '../support/fake-cluster.ts'

const FILE = 'Policy host-path'
const FAULT = { file: FILE, pointer: '/spec/checks/0/check', message: 'unknown check "x"' }
const IN_FORCE = { mode: 'enforce', stage: 'in-force' } as const
const NONE: StatusFacts = {
  objects: [],
  problems: [],
  policies: ['host-path'],
  stale: [],
  rollout: () => undefined,
  registered: IN_FORCE,
  heartbeat: undefined,
  refusedClients: [],
}
const OBJECT: JsonObject = { metadata: { name: 'host-path', generation: 3 } }

it.each<[string, Partial<StatusFacts>, readonly string[]]>([
  ['in force', {}, ['Compiled True Compiled', 'Enforced True InForce', 'Reachable Unknown NotAsked']],
  [
    'not registered yet',
    { registered: undefined },
    ['Compiled True Compiled', 'Enforced Unknown NotRegistered', 'Reachable Unknown NotAsked'],
  ],
  [
    'observed',
    { registered: { mode: 'observe', stage: 'everywhere' }, heartbeat: { kind: 'observed', policy: 'a' } },
    ['Compiled True Compiled', 'Enforced False Observed', 'Reachable True Answers'],
  ],
  [
    'being installed',
    { registered: { mode: 'enforce', stage: 'everywhere' }, heartbeat: { kind: 'unreachable', message: 'refused' } },
    ['Compiled True Compiled', 'Enforced False Installing', 'Reachable False NotRefused'],
  ],
  [
    'in force, while an API server is refused',
    { heartbeat: { kind: 'refused', policy: 'a' }, refusedClients: ['apiserver-4'] },
    ['Compiled True Compiled', 'Enforced True InForce', 'Reachable False ClientsRefused'],
  ],
  [
    'faulty from the start',
    { problems: [FAULT] },
    ['Compiled False Faulty', 'Enforced False Faulty', 'Reachable Unknown NotAsked'],
  ],
  [
    'faulty by now',
    { problems: [FAULT], stale: ['Policy/host-path'] },
    ['Compiled False Faulty', 'Enforced True LastGoodRevision', 'Reachable Unknown NotAsked'],
  ],
  [
    'beside a faulty one',
    { problems: [{ ...FAULT, file: 'Policy other' }] },
    ['Compiled True Compiled', 'Enforced True InForce', 'Reachable Unknown NotAsked'],
  ],
  [
    'of a name that ships',
    { problems: [{ file: FILE, pointer: '/metadata/name', message: 'Policy/host-path is defined already' }] },
    ['Compiled False NameTaken', 'Enforced False NameTaken', 'Reachable Unknown NotAsked'],
  ],
  [
    'staged, and brought by nobody',
    { rollout: () => null },
    ['Compiled True Compiled', 'Enforced False Staged', 'Reachable Unknown NotAsked'],
  ],
  [
    'staged, and taken back',
    { rollout: () => ({ name: 'roll', phase: 'RolledBack', stage: -1 }) },
    ['Compiled True Compiled', 'Enforced False Staged', 'Reachable Unknown NotAsked'],
  ],
  [
    'staged, and on its way',
    { rollout: () => ({ name: 'roll', phase: 'Progressing', stage: 0 }) },
    ['Compiled True Compiled', 'Enforced True Staged', 'Reachable Unknown NotAsked'],
  ],
  [
    'staged, and brought everywhere',
    { rollout: () => ({ name: 'roll', phase: 'Complete', stage: 2 }) },
    ['Compiled True Compiled', 'Enforced True InForce', 'Reachable Unknown NotAsked'],
  ],
  [
    'staged while everything is only observed',
    { rollout: () => null, registered: { mode: 'observe', stage: 'everywhere' } },
    ['Compiled True Compiled', 'Enforced False Observed', 'Reachable Unknown NotAsked'],
  ],
])('a document that is %s says so', (_what, facts, expected) => {
  const conditions = conditionsOf('Policy', FILE, OBJECT, { ...NONE, ...facts }, 0)
  expect(conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual(expected)
})

const NOW = Date.parse('2030-01-01T00:00:00Z')
it.each<[string, object, Partial<StatusFacts>, string]>([
  ['may cover something', { policies: ['host-path'] }, {}, 'Compiled True Compiled, Enforced True InForce'],
  [
    'names one policy that is there',
    { policies: ['other', 'host-path'] },
    {},
    'Compiled True Compiled, Enforced True InForce',
  ],
  [
    'is past its date',
    { policies: ['host-path'], expires: '2029-12-31T23:59:59Z' },
    {},
    'Compiled True Compiled, Enforced False Expired',
  ],
  [
    'has not ended',
    { policies: ['host-path'], expires: '2030-01-01T00:00:01Z' },
    {},
    'Compiled True Compiled, Enforced True InForce',
  ],
  [
    'names no policy that is there',
    { policies: ['host-pth'] },
    {},
    'Compiled True Compiled, Enforced False NoSuchPolicy',
  ],
  [
    'is past its date, while everything is only observed',
    { policies: ['host-path'], expires: '2029-12-31T23:59:59Z' },
    { registered: { mode: 'observe', stage: 'everywhere' } },
    'Compiled True Compiled, Enforced False Expired',
  ],
  [
    'is in another namespace',
    { policies: ['host-path'] },
    { problems: [{ file: 'e', pointer: '/metadata/namespace', message: 'does not count' }] },
    'Compiled False OtherNamespace, Enforced False OtherNamespace',
  ],
])('an exception that %s says so', (_what, spec, facts, expected) => {
  const object = { metadata: { name: 'e', generation: 1 }, spec } as unknown as JsonObject
  const [compiled, enforced] = conditionsOf('PolicyException', 'e', object, { ...NONE, ...facts }, NOW)
  const words = [compiled, enforced].map(each => `${each?.type} ${each?.status} ${each?.reason}`)
  expect(words.join(', ')).toBe(expected)
})

it('a status is written when it changes, keeps the time of what did not, and names the generation', async () => {
  const cluster = new FakeCluster()
  const collection = '/apis/portcullis.dev/v1alpha1/policies'
  cluster.put(collection, { metadata: { name: 'host-path' }, spec: {} })
  let facts = NONE
  let now = 0
  const context = { client: cluster.client, namespace: 'n', now: () => now, log: { info() {}, warn() {}, error() {} } }
  const task = statusTask(context, () => {
    const object = cluster.get(`${collection}/host-path`)
    return { ...facts, objects: object === undefined ? [] : [{ kind: 'Policy', file: FILE, object }] }
  })
  const round = () => task.round(new AbortController().signal)
  const condition = (at: number) => getList(dig(cluster.get(`${collection}/host-path`), 'status'), 'conditions')[at]
  await round()
  const writes = () => cluster.requests.filter(request => request.startsWith('PUT')).length
  expect(writes()).toBe(1)
  await round()
  expect(writes()).toBe(1)
  now = 60_000
  facts = { ...NONE, problems: [FAULT], stale: ['Policy/host-path'] }
  await round()
  expect(condition(0)).toEqual({
    type: 'Compiled',
    status: 'False',
    reason: 'Faulty',
    message: '/spec/checks/0/check: unknown check "x"',
    observedGeneration: 1,
    lastTransitionTime: '1970-01-01T00:01:00Z',
  })
  expect(condition(1)).toMatchObject({ status: 'True', lastTransitionTime: '1970-01-01T00:00:00Z' })
})
