import { expect, it } from 'vitest'
import { criticalNamespaces } from '../../src/controller/critical-namespaces.ts'
import { FakeCluster } from '../support/fake-cluster.ts'

it('finds the namespaces of node-critical pods, on every page, and no others', async () => {
  const cluster = new FakeCluster()
  const pod = (namespace: string, name: string, spec: object, status: object = { phase: 'Running' }) =>
    cluster.put(
      `/api/v1/namespaces/${namespace}/pods`,
      JSON.parse(JSON.stringify({ metadata: { name }, spec, status })),
    )
  const critical = { priorityClassName: 'system-node-critical' }
  for (let count = 0; count < 600; count++) pod('apps', `app-${count}`, {})
  pod('cni', 'agent', critical)
  pod('cni', 'other', critical)
  pod('batch', 'done', critical, { phase: 'Succeeded' })
  pod('dns', 'coredns', { priorityClassName: 'system-cluster-critical' })
  pod('storage', 'driver', critical, { phase: 'Pending' })
  expect(await criticalNamespaces(cluster.client)).toEqual(['cni', 'storage'])
})
