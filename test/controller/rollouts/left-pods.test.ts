import { expect, it } from 'vitest'
import { describeLeft, leftPods } from '../../../src/controller/rollouts/left-pods.ts'
import { Publisher } from '../../../src/controller/rollouts/publisher.ts'
import { dig } from '../../../src/json/value.ts'
import { WAITING } from '../../../src/rollout/step.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const TARGET = { name: 'team', revision: 'r2' }

function put(
  cluster: FakeCluster,
  namespace: string,
  name: string,
  more: { revision?: string; ready?: string; metadata?: object; phase?: string; bare?: true },
) {
  const { revision = 'r2', ready = 'False', metadata = {}, phase = 'Running', bare } = more
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }
  const pod = {
    metadata: {
      name,
      annotations: { 'portcullis.dev/injected': JSON.stringify([{ name: 'team', revision }]) },
      ...(bare === undefined && { ownerReferences: [owner] }),
      ...metadata,
    },
    status: { phase, conditions: [{ type: 'Ready', status: ready }] },
  }
  cluster.put(`/api/v1/namespaces/${namespace}/pods`, JSON.parse(JSON.stringify(pod)))
}

it('counts the pods that have the revision and are there, and names those that are not ready with what to do', async () => {
  const cluster = new FakeCluster()
  put(cluster, 'shop', 'fine', { ready: 'True' })
  put(cluster, 'shop', 'web-1', {})
  put(cluster, 'shop', 'web-2', {})
  put(cluster, 'team', 'web-3', {})
  put(cluster, 'team', 'by-hand', { bare: true })
  put(cluster, 'shop', 'before', { revision: 'r1' })
  put(cluster, 'shop', 'ended', { phase: 'Failed' })
  put(cluster, 'shop', 'going', { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } })
  const left = await leftPods(cluster.client, TARGET)
  expect(left).toEqual({
    pods: 5,
    unready: 4,
    names: ['shop/web-1', 'shop/web-2', 'team/by-hand', 'team/web-3'],
    command: 'kubectl delete pod -n shop web-1 web-2 && kubectl delete pod -n team web-3',
  })
  expect(describeLeft(left)).toBe(
    '4 of 5 pods that still have the injection are not ready: shop/web-1, shop/web-2, team/by-hand, team/web-3; their controllers make them anew after: kubectl delete pod -n shop web-1 web-2 && kubectl delete pod -n team web-3',
  )
})

it('names ten of them at most', async () => {
  const cluster = new FakeCluster()
  for (let index = 10; index < 25; index++) put(cluster, 'shop', `web-${index}`, {})
  const left = await leftPods(cluster.client, TARGET)
  expect([left.unready, left.names.length]).toEqual([15, 10])
  expect(describeLeft(left)).toContain('shop/web-19 and 5 more; ')
})

it('is in the status of a rollout that was taken back, and told once in an Event', async () => {
  const cluster = new FakeCluster()
  const rollouts = '/apis/portcullis.dev/v1alpha1/canaryrollouts'
  cluster.put(rollouts, { kind: 'CanaryRollout', metadata: { name: 'roll' }, spec: {} })
  const log = { info() {}, warn() {}, error() {} }
  const publisher = new Publisher({ client: cluster.client, namespace: 'portcullis-system', now: () => 0, log })
  const publish = async (unready: number) => {
    const left = { pods: 2, unready, names: ['shop/web-1'], command: 'kubectl delete pod -n shop web-1' }
    const object = cluster.get(`${rollouts}/roll`)
    if (object === undefined) throw new Error('the rollout is gone')
    await publisher.publish(object, {
      status: { ...WAITING, phase: 'RolledBack', reason: { word: 'Breached', message: 'a gate' } },
      stages: [],
      record: undefined,
      counts: undefined,
      left,
    })
    return cluster.paths.filter(path => dig(cluster.get(path), 'reason') === 'InjectedPodsLeft').length
  }
  expect([await publish(1), await publish(1), await publish(0), await publish(1)]).toEqual([1, 1, 1, 2])
  expect(dig(cluster.get(`${rollouts}/roll`), 'status', 'left')).toMatchObject({ pods: 2, unready: 1 })
})
