import { describe, expect, it, onTestFinished } from 'vitest'
import { rolledOutOf } from '../../src/cli/controller/rollouts.ts'
import { documentStore, followCluster } from '../../src/cli/serve/document-store.ts'
import { revisionTask } from '../../src/controller/revisions.ts'
import { dig, type JsonObject } from '../../src/json/value.ts'
import { LiveSnapshot } from '../../src/server/live-snapshot.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { FakeCluster } from '../support/fake-cluster.ts'

const POLICIES = '/apis/portcullis.dev/v1alpha1/policies'
const INJECTIONS = '/apis/portcullis.dev/v1alpha1/sidecarinjections'
const REVISIONS = '/apis/apps/v1/namespaces/portcullis-system/controllerrevisions'
const ENV = { POD_NAMESPACE: 'portcullis-system' }
const OPTIONS = {
  policies: undefined,
  exceptions: undefined,
  'enable-exception': [],
  'exclude-namespaces': [],
  namespaces: undefined,
}
const policy = (check: string, name = 'own'): JsonObject => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Policy',
  metadata: { name },
  spec: { validationActions: ['Deny'], checks: [{ check }] },
})

const silent = () => {}
const LOGGER = { info: silent, warn: silent, error: silent } as never

/** A process that starts now and follows the cluster: what it has in force, and a round of the controller by it. */
async function start(cluster: FakeCluster) {
  const followed = await followCluster(cluster.client, ENV, silent)
  onTestFinished(() => followed.stop())
  const first = await LiveSnapshot.load(documentStore(OPTIONS, ENV, followed), createMetrics(), LOGGER)
  if (!first.ok) return { problems: first.problems }
  const { live } = first
  const task = revisionTask(
    {
      client: cluster.client,
      namespace: 'portcullis-system',
      now: () => 0,
      log: { info: silent, warn: silent, error: silent },
    },
    async () => {
      await live.reload()
      const { set, injections } = live.current
      return {
        inForce: [...set.documents, ...set.exceptions, ...injections.documents],
        objects: followed.objects(),
        rolledOut: rolledOutOf(set.rollouts),
      }
    },
  )
  return {
    problems: [],
    stale: live.stale,
    checks: () => live.current.set.policies.find(({ name }) => name === 'own')?.checks.map(({ id }) => id),
    injections: () => live.current.injections.injections.map(({ name }) => name),
    round: () => task.round(new AbortController().signal),
  }
}

const revisions = (cluster: FakeCluster) => cluster.paths.filter(path => path.startsWith(REVISIONS))

describe('S6 a new replica', () => {
  it('S6 starts with the last good revision of a document whose newest one does not compile', async () => {
    const cluster = new FakeCluster()
    cluster.put(POLICIES, policy('privileged'))
    cluster.put(INJECTIONS, {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'SidecarInjection',
      metadata: { name: 'team' },
      spec: { trigger: { always: true }, labels: { team: 'payments' } },
    })
    await (await start(cluster)).round?.()
    expect(revisions(cluster)).toHaveLength(2)
    cluster.edit(`${POLICIES}/own`, { spec: { checks: [{ check: 'no-such-check' }] } })
    cluster.edit(`${INJECTIONS}/team`, { spec: { labels: { 'not a label': 'x' } } })
    const replica = await start(cluster)
    expect(replica.problems).toEqual([])
    expect([replica.checks?.(), replica.injections?.()]).toEqual([['privileged'], ['team']])
    expect(replica.stale).toEqual(['Policy/own', 'SidecarInjection/team'])
    // A controller that starts now keeps them as well.
    await replica.round?.()
    expect(revisions(cluster)).toHaveLength(2)
  })

  it('S6 starts with what was in force for the shortest while: what is kept is what the controller has, not what it reads', async () => {
    const cluster = new FakeCluster()
    cluster.put(POLICIES, policy('privileged'))
    const controller = await start(cluster)
    // Broken before the first round.
    cluster.edit(`${POLICIES}/own`, { spec: { checks: [{ check: 'no-such-check' }] } })
    await controller.round?.()
    expect((await start(cluster)).checks?.()).toEqual(['privileged'])
  })

  it('S6 starts without a document that was never good: one broken document must not end every gateway', async () => {
    const cluster = new FakeCluster()
    cluster.put(POLICIES, policy('no-such-check'))
    const replica = await start(cluster)
    expect([replica.problems, replica.checks?.()]).toEqual([[], undefined])
  })
})

describe('the revisions that are kept', () => {
  it('are one for each document: the newest that was good; they belong to it', async () => {
    const cluster = new FakeCluster()
    // What is deleted while its kind is there is gone for good.
    const definition = { kind: 'CustomResourceDefinition', metadata: { name: 'policies.portcullis.dev' } }
    cluster.put('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
    const { metadata } = cluster.put(POLICIES, policy('privileged'))
    const { round } = await start(cluster)
    await round?.()
    const [first = ''] = revisions(cluster)
    expect(cluster.get(first)).toMatchObject({
      data: policy('privileged'),
      revision: 1,
      metadata: { ownerReferences: [{ kind: 'Policy', name: 'own', uid: dig(metadata, 'uid') }] },
    })
    cluster.requests.length = 0
    await round?.()
    expect(cluster.requests).toEqual([`GET ${REVISIONS}`])
    cluster.edit(`${POLICIES}/own`, { spec: { checks: [{ check: 'host-ports' }] } })
    await round?.()
    expect(revisions(cluster)).toHaveLength(1)
    expect(revisions(cluster)).not.toEqual([first])
    cluster.drop(`${POLICIES}/own`)
    await expect
      .poll(async () => {
        await round?.()
        return revisions(cluster)
      })
      .toEqual([])
  })
})
