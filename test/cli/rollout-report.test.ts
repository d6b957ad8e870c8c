import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { portcullis } from '../../src/cli/portcullis.ts'
import { ApiError } from '../../src/cluster/http.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { json } from '../support/engine.ts'
import type { FakeCluster } from '../support/fake-cluster.ts'
import { elementsOf, parsePage, textOf } from '../support/html.ts'
import { testIo } from '../support/io.ts'
import { type ServedCluster, serveCluster } from '../support/served-cluster.ts'
import { WORKLOADS_SERVED, workloadCluster } from '../support/workload-cluster.ts'

const DOCUMENTS = '/apis/portcullis.dev/v1alpha1'
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events'

const POLICY = (name: string, actions = ['Deny']) =>
  json({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'Policy',
    metadata: { name },
    spec: { validationActions: actions, checks: [{ check: 'host-path' }], staged: true },
  })

const SPEC = json({
  target: { kind: 'Policy', name: 'new' },
  replaces: 'old',
  stages: [
    { name: 'canary', namespaceSelector: { matchLabels: { ring: 'canary' } }, hold: '30m' },
    { name: 'everywhere', hold: '24h' },
  ],
  gates: { orphanedPods: 0, denials: { ratio: 0.02, minimumRequests: 100 } },
})

const STATUS = json({
  phase: 'RolledBack',
  stage: '',
  since: '2026-11-03T09:00:00.000Z',
  revision: '0f3a5c9d1b2e',
  verdict: 'orphanedPods breached',
  reason: 'Breached',
  message: 'orphanedPods is 3, and may be 0',
  gates: [{ gate: 'orphanedPods', state: 'breached', value: 3, limit: 0 }],
  replicas: { total: 2, current: 2 },
  history: [
    { at: '2026-11-03T08:00:00.000Z', phase: 'Progressing', stage: 'canary', reason: 'StageReached', message: 'a' },
    { at: '2026-11-03T09:00:00.000Z', phase: 'RolledBack', stage: '', reason: 'Breached', message: 'b' },
  ],
})

let cluster: FakeCluster
let served: ServedCluster
let workloads: ReturnType<typeof workloadCluster>

beforeEach(async () => {
  workloads = workloadCluster()
  cluster = workloads.cluster
  for (const [name, labels] of [
    ['shop', { ring: 'canary' }],
    ['team', {}],
  ] as const)
    cluster.put('/api/v1/namespaces', { metadata: { name, labels } })
  served = await serveCluster(cluster, WORKLOADS_SERVED)
})

afterEach(() => served.stop())

function putRollout(fields: JsonObject = {}): JsonObject {
  return cluster.put(`${DOCUMENTS}/canaryrollouts`, {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CanaryRollout',
    metadata: { name: 'roll' },
    spec: SPEC,
    status: STATUS,
    ...fields,
  })
}

async function run(...argv: readonly string[]) {
  const test = testIo({ cwd: served.folder })
  const code = await portcullis(['rollout', 'report', ...argv, '--kubeconfig', served.kubeconfig], test.io)
  return { code, out: test.out(), err: test.err() }
}

/** The text of the page that it prints. */
async function shown(...argv: readonly string[]): Promise<string> {
  const { code, out, err } = await run('roll', '--output', '-', ...argv)
  expect([code, err]).toEqual([0, ''])
  return textOf(parsePage(out))
}

/** The rows of a table of a page, but for its heads, each with its cells. */
function rowsOf(page: string, caption: string): readonly (readonly string[])[] {
  const tables = elementsOf(parsePage(page)).filter(({ tag }) => tag === 'table')
  const table = tables.find(candidate => textOf(candidate).trimStart().startsWith(caption))
  const rows = table === undefined ? [] : elementsOf(table).filter(({ tag }) => tag === 'tr')
  return rows.slice(1).map(row => row.children.flatMap(cell => (typeof cell === 'string' ? [] : [textOf(cell)])))
}

const refuse = (part: string) => {
  cluster.fault = ({ path }) => {
    if (path.includes(part)) throw new ApiError(403, 'Forbidden', `${part} is forbidden`)
  }
}

describe('portcullis rollout report', () => {
  it('writes a page beside the person who asks, and says where', async () => {
    putRollout()
    cluster.put(`${DOCUMENTS}/policies`, POLICY('new'))
    expect(await run('roll')).toEqual({ code: 0, out: 'rollout-roll.html\n', err: '' })
    const page = await readFile(join(served.folder, 'rollout-roll.html'), 'utf8')
    const [title] = elementsOf(parsePage(page)).filter(({ tag }) => tag === 'title')
    expect(title && textOf(title)).toBe('roll: RolledBack')
    expect(page).toContain('  replaces: old\n')
    expect(page).not.toContain('resourceVersion')
  })

  it('writes where it is told', async () => {
    putRollout()
    expect((await run('roll', '--output', 'a.html', '--no-preview')).out).toBe('a.html\n')
    expect(await readFile(join(served.folder, 'a.html'), 'utf8')).toContain('<!DOCTYPE html>')
    const { code, err } = await run('roll', '--output', 'no/such/folder.html', '--no-preview')
    expect([code, err]).toEqual([2, 'portcullis rollout report: no/such/folder.html cannot be written: ENOENT\n'])
  })

  it('names the owners that the target would refuse, by the stage that reaches them', async () => {
    putRollout()
    cluster.put(`${DOCUMENTS}/policies`, POLICY('new'))
    // Another policy denies as well, and is not asked.
    cluster.put(`${DOCUMENTS}/policies`, POLICY('other'))
    workloads.deployment('bad', '/')
    const mended = workloads.deployment('mended', '/data/app')
    workloads.replicaSet('mended-1', '/etc', mended)
    workloads.deployment('late', '/', 'team')
    workloads.deployment('system', '/', 'kube-system')
    const { out } = await run('roll', '--output', '-')
    const rows = rowsOf(out, 'Owners that would be refused')
    expect(rows.map(([owner, namespace, stage]) => [owner, namespace, stage])).toEqual([
      ['Deployment bad', 'shop', 'canary'],
      ['Deployment mended', 'shop', 'canary'],
      ['Deployment late', 'team', 'everywhere'],
    ])
    expect(rows[1]?.[3]).toMatch(/^by its ReplicaSet mended-1: /)
  })

  it('heeds the exceptions of the cluster', async () => {
    putRollout()
    cluster.put(`${DOCUMENTS}/policies`, POLICY('new'))
    workloads.deployment('bad', '/')
    expect(await shown()).toContain('1 owner would be refused')
    cluster.put(`${DOCUMENTS}/namespaces/portcullis-system/policyexceptions`, {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'PolicyException',
      metadata: { name: 'known' },
      spec: {
        policies: ['new'],
        match: { namespaces: ['shop'] },
        reason: 'until it is mended',
        expires: '2099-01-01T00:00:00Z',
      },
    })
    expect(await shown()).toContain('Nothing that is in the cluster would be refused.')
  })

  it.each([
    { part: '/deployments', text: 'whoever made this report may not look. The API said: /deployments is forbidden' },
    { part: '/policyexceptions', text: 'The API said: /policyexceptions is forbidden' },
    { part: '/policies/', text: 'The API said: /policies/ is forbidden' },
  ])('says so where $part may not be looked at, and reports the rest', async ({ part, text }) => {
    putRollout()
    cluster.put(`${DOCUMENTS}/policies`, POLICY('new'))
    refuse(part)
    const page = await shown()
    expect(page).toContain(text)
    expect(page).toContain('orphanedPods is 3, and may be 0')
  })

  it.each([
    { name: 'the target is gone', put: () => {}, text: 'there is no Policy new in the cluster' },
    {
      name: 'the target does not compile',
      put: () => cluster.put(`${DOCUMENTS}/policies`, { ...POLICY('new'), spec: { checks: 7 } }),
      text: 'the target does not compile. Policy new:1:1: ',
    },
    {
      name: 'the target denies nothing',
      put: () => cluster.put(`${DOCUMENTS}/policies`, POLICY('new', ['Warn'])),
      text: 'the target denies nothing',
    },
  ])('says why nobody would be refused where $name', async ({ put, text }) => {
    putRollout()
    put()
    expect(await shown()).toContain(text)
  })

  it('asks for no workload with --no-preview, nor for an injection', async () => {
    putRollout()
    expect(await shown('--no-preview')).toContain('the report was made with --no-preview')
    cluster.put(`${DOCUMENTS}/canaryrollouts`, {
      metadata: { name: 'sidecar' },
      spec: { ...SPEC, target: { kind: 'SidecarInjection', name: 'mesh' } },
    })
    const { out } = await run('sidecar', '--output', '-')
    expect(textOf(parsePage(out))).toContain('an injection refuses nothing')
    expect(cluster.requests.filter(request => request.includes('deployments'))).toEqual([])
  })

  it('asks for Events only where the status remembers nothing', async () => {
    putRollout()
    await shown('--no-preview')
    expect(cluster.requests.filter(request => request.includes('events'))).toEqual([])
  })

  it('tells what happened from Events where the status remembers nothing', async () => {
    const { history: _, ...status } = STATUS
    const rollout = putRollout({ status })
    const regarding = { kind: 'CanaryRollout', name: 'roll', uid: (rollout['metadata'] as JsonObject)['uid'] ?? '' }
    const event = (name: string, fields: JsonObject) =>
      cluster.put(EVENTS, {
        metadata: { name },
        reportingController: 'portcullis.dev/controller',
        eventTime: '2026-11-03T08:00:00.000000Z',
        action: 'Progressing',
        reason: 'StageReached',
        note: 'stage canary is reached',
        regarding,
        ...fields,
      })
    event('a', {})
    event('b', { regarding: { kind: 'Pod', name: 'roll' }, note: 'of another' })
    const { out } = await run('roll', '--output', '-', '--no-preview')
    expect(rowsOf(out, 'Every change')).toEqual([
      ['2026-11-03 08:00:00 UTC', 'Progressing', 'canary', 'StageReached', 'stage canary is reached'],
    ])
    refuse('/events')
    expect(await shown('--no-preview')).toContain('may not list Events')
  })

  it('names each revision by its hash, that of what it replaces as it stands', async () => {
    putRollout()
    cluster.put(`${DOCUMENTS}/policies`, POLICY('old'))
    const { out } = await run('roll', '--output', '-', '--no-preview')
    const rows = rowsOf(out, 'Revisions')
    expect(rows).toEqual([
      ['Policy new', '0f3a5c9d1b2e', 'rolled out, and taken back: in force nowhere'],
      ['Policy old', expect.stringMatching(/^[0-9a-f]{12}$/), 'what it replaces, as it stands in the cluster now'],
    ])
  })

  it('shows the gates that have said nothing yet, too', async () => {
    putRollout()
    const { out } = await run('roll', '--output', '-', '--no-preview')
    expect(rowsOf(out, 'Gates').map(row => row.slice(0, 4))).toEqual([
      ['orphanedPods', '3', '0', '✕ breached'],
      ['denials', 'not known', '0.02 (from 100 requests on)', '· not asked'],
    ])
  })

  it('shows what a simulation printed', async () => {
    putRollout()
    await writeFile(join(served.folder, 'simulated.json'), '{"stages":[{"name":"canary","denied":3}]}')
    const { out } = await run('roll', '--output', '-', '--no-preview', '--simulation', 'simulated.json')
    expect(rowsOf(out, 'What each stage would have done')).toEqual([['canary', '3']])
  })

  it('reports a rollout that no controller has looked at, or that does not compile', async () => {
    putRollout({ spec: { target: { kind: 'Policy', name: 'new' }, stages: 'none' }, status: {} })
    cluster.put(`${DOCUMENTS}/policies`, POLICY('new'))
    workloads.deployment('bad', '/')
    const { code, out } = await run('roll', '--output', '-')
    expect(code).toBe(0)
    expect(textOf(parsePage(out))).toContain('no controller has looked at it yet')
    expect(rowsOf(out, 'Owners that would be refused').map(([owner, , stage]) => [owner, stage])).toEqual([
      ['Deployment bad', 'no stage'],
    ])
  })

  it.each([
    { argv: [], err: 'name a rollout: portcullis rollout report NAME' },
    { argv: ['rol'], err: 'there is no rollout "rol" (did you mean "roll"?); there are roll' },
    { argv: ['roll', '--simulation', 'gone.json'], err: '--simulation gone.json: ' },
    { argv: ['roll', '--enable-exception', 'nope'], err: '--enable-exception knows no "nope"' },
  ])('exits 2 where it cannot look: $argv', async ({ argv, err }) => {
    putRollout()
    const found = await run(...argv)
    expect([found.code, found.out]).toEqual([2, ''])
    expect(found.err).toContain(`portcullis rollout report: ${err}`)
  })

  it('exits 2 where the rollouts may not be listed, and where a simulation is no JSON', async () => {
    putRollout()
    await writeFile(join(served.folder, 'broken.json'), '{')
    expect((await run('roll', '--simulation', 'broken.json')).err).toContain('--simulation broken.json: is no JSON')
    refuse('/canaryrollouts')
    const { code, err } = await run('roll')
    expect([code, err]).toEqual([
      2,
      'portcullis rollout report: the cluster cannot be asked: /canaryrollouts is forbidden\n',
    ])
  })
})
