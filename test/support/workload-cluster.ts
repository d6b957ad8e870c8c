import type { DiscoveredResource } from '../../src/cluster/discovery.ts'
import type { JsonObject } from '../../src/json/value.ts'
import { json } from './engine.ts'
import { FakeCluster } from './fake-cluster.ts'

/** A resource of the API's discovery. */
export function served(
  group: string,
  resource: string,
  kind: string,
  verbs: readonly string[] = ['list'],
): DiscoveredResource {
  return { group, version: 'v1', resource, kind, isNamespaced: true, verbs }
}

/** What the cluster of {@link workloadCluster} serves. */
export const WORKLOADS_SERVED: readonly DiscoveredResource[] = [
  served('', 'pods', 'Pod'),
  served('', 'pods/ephemeralcontainers', 'Pod', ['patch']),
  served('', 'configmaps', 'ConfigMap'),
  served('apps', 'deployments', 'Deployment'),
  served('apps', 'replicasets', 'ReplicaSet'),
]

/** A cluster and a way to put workloads into it; `path` is a hostPath of the template. */
export function workloadCluster() {
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
    return cluster.put(`${root}/namespaces/${namespace}/${collection}`, json(object))
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
