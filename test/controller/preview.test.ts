import { expect, it } from 'vitest'
import { ApiError } from '../../src/cluster/http.ts'
import { describeOwner, preview, summaryOf } from '../../src/controller/preview/preview.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { setOf } from '../support/engine.ts'
import { FakeCluster } from '../support/fake-cluster.ts'
import { policyText } from '../support/reviews.ts'

const resource = (group: string, name: string, kind: string, verbs = ['list']) => ({
  group,
  version: 'v1',
  resource: name,
  kind,
  isNamespaced: true,
  verbs,
})
const SERVED = [
  resource('', 'pods', 'Pod'),
  resource('', 'pods/ephemeralcontainers', 'Pod', ['patch']),
  resource('', 'configmaps', 'ConfigMap'),
  resource('apps', 'deployments', 'Deployment'),
  resource('apps', 'replicasets', 'ReplicaSet'),
]
const CONTEXT = {
  set: setOf(
    [policyText({ name: 'host-path' }), policyText({ name: 'soft', check: 'privileged', actions: ['Warn'] })].join(
      '\n---\n',
    ),
  ),
  namespaceLabels: NO_NAMESPACE_LABELS,
  served: SERVED,
  now: 0,
}

/** A cluster and a way to put workloads into it; `path` is a hostPath of the template. */
function world() {
  const cluster = new FakeCluster()
  const spec = (path: string) => ({
    containers: [
      {
        name: 'a',
        image: 'a:1',
        securityContext: { privileged: true },
        volumeMounts: [{ name: 'h', mountPath: '/h' }],
      },
    ],
    volumes: [{ name: 'h', hostPath: { path } }],
  })
  const put = (
    collection: string,
    kind: string,
    name: string,
    path: string,
    owner?: JsonObject,
    namespace = 'shop',
  ) => {
    const apiVersion = kind === 'Pod' ? 'v1' : 'apps/v1'
    const root = kind === 'Pod' ? '/api/v1' : '/apis/apps/v1'
    const reference = owner && {
      apiVersion: 'apps/v1',
      kind: owner['kind'],
      name: (owner['metadata'] as JsonObject)['name'],
      uid: (owner['metadata'] as JsonObject)['uid'],
      controller: true,
    }
    const object = {
      apiVersion,
      kind,
      metadata: { name, ...(reference && { ownerReferences: [reference] }) },
      spec: kind === 'Pod' ? spec(path) : { template: { spec: spec(path) } },
    }
    return cluster.put(`${root}/namespaces/${namespace}/${collection}`, JSON.parse(JSON.stringify(object)))
  }
  return {
    cluster,
    deployment: (name: string, path: string, namespace?: string) =>
      put('deployments', 'Deployment', name, path, undefined, namespace),
    replicaSet: (name: string, path: string, owner: JsonObject) => put('replicasets', 'ReplicaSet', name, path, owner),
    pod: (name: string, path: string, owner?: JsonObject, namespace?: string) =>
      put('pods', 'Pod', name, path, owner, namespace),
  }
}

it('names each owner that would be refused once, and old ReplicaSets of owners that are good by now', async () => {
  const { cluster, deployment, replicaSet, pod } = world()
  for (let count = 0; count < 43; count++) deployment(`good-${count}`, '/data/app')
  const bad = deployment('bad', '/')
  const set = replicaSet('bad-1', '/', bad)
  for (let count = 0; count < 3; count++) pod(`bad-1-${count}`, '/', set)
  const mended = deployment('mended', '/data/app')
  replicaSet('mended-1', '/etc', mended)
  replicaSet('mended-2', '/data/app', mended)
  pod('alone', '/var/lib/kubelet')
  deployment('of-the-system', '/', 'cni')
  const blocked = await preview(cluster.client, CONTEXT, ['cni'])
  expect(
    blocked.map(owner => [describeOwner(owner), owner.reasons.map(({ via, policy }) => `${via}|${policy}`)]),
  ).toEqual([
    ['Deployment shop/bad', ['|host-path']],
    ['Deployment shop/mended', ['ReplicaSet mended-1|host-path']],
    ['Pod shop/alone', ['|host-path']],
  ])
  expect(summaryOf(blocked)).toBe(
    '3 objects would be refused (Deployment shop/bad, Deployment shop/mended, Pod shop/alone)',
  )
  // What only warns blocks nothing, and what no denying policy is about is not listed.
  expect(cluster.requests.filter(request => request.includes('configmaps'))).toEqual([])
})

it('goes through every page, and begins a list anew that took too long', async () => {
  const { cluster, deployment } = world()
  for (let count = 0; count < 1200; count++) deployment(`bad-${count}`, '/')
  let failures = 0
  cluster.fault = ({ query }) => {
    if (query?.['continue'] === '1000' && failures++ < 2) throw new ApiError(410, 'Expired', 'too old')
  }
  expect(await preview(cluster.client, CONTEXT, [])).toHaveLength(1200)
  expect(failures).toBe(3)
  cluster.fault = () => {
    throw new ApiError(410, 'Expired', 'too old')
  }
  await expect(preview(cluster.client, CONTEXT, [])).rejects.toThrow('too old')
})
