import { expect, it } from 'vitest'
import { ApiError } from '../../../src/cluster/http.ts'
import { registrationOwner } from '../../../src/controller/registration/owner.ts'
import { dig } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'

const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
const NAMESPACES = '/api/v1/namespaces'

function world() {
  const cluster = new FakeCluster()
  const own = cluster.put(NAMESPACES, { kind: 'Namespace', metadata: { name: 'portcullis-system' } })
  const owner = async (): Promise<unknown> => registrationOwner(cluster.client, 'portcullis-system')
  const namespaceUid: unknown = dig(own, 'metadata', 'uid')
  return { cluster, owner, namespaceUid }
}

it('is the ClusterRole of the chart, which is tied to the namespace once', async () => {
  const { cluster, owner, namespaceUid } = world()
  const role = cluster.put(ROLES, { kind: 'ClusterRole', metadata: { name: 'portcullis-installation' } })
  const uid: unknown = dig(role, 'metadata', 'uid')
  for (let round = 0; round < 3; round++)
    expect(await owner()).toEqual([
      expect.objectContaining({
        kind: 'ClusterRole',
        name: 'portcullis-installation',
        uid,
      }),
    ])
  expect(dig(cluster.get(`${ROLES}/portcullis-installation`), 'metadata', 'ownerReferences')).toEqual([
    { apiVersion: 'v1', kind: 'Namespace', name: 'portcullis-system', uid: namespaceUid },
  ])
  expect(cluster.requests.filter(request => request.startsWith('PATCH'))).toHaveLength(1)
})

it('is the namespace without the chart', async () => {
  const { owner, namespaceUid } = world()
  expect(await owner()).toEqual([expect.objectContaining({ kind: 'Namespace', uid: namespaceUid })])
})

it('is nothing where nothing may be read, and a failure is no answer', async () => {
  const { cluster, owner } = world()
  cluster.fault = () => {
    throw new ApiError(403, 'Forbidden', 'forbidden')
  }
  expect(await owner()).toEqual([])
  cluster.fault = () => {
    throw new ApiError(500, 'InternalError', 'down')
  }
  await expect(owner()).rejects.toThrow('down')
})

it('is leaving while the namespace is being deleted', async () => {
  const { cluster, owner } = world()
  cluster.edit(`${NAMESPACES}/portcullis-system`, { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } })
  expect(await owner()).toBe('leaving')
})
