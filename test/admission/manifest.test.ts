import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type RequestOptions, requestOfManifest } from '../../src/admission/manifest.ts'
import type { AdmissionRequest } from '../../src/admission/request.ts'
import { kindOfManifest, servedAs } from '../../src/admission/resources.ts'

const REVIEWS = fileURLToPath(new URL('../data/admission-reviews', import.meta.url))
const OPTIONS: RequestOptions = {
  uid: 'a',
  operation: 'CREATE',
  defaultNamespace: 'default',
  subResource: '',
  userInfo: undefined,
  dryRun: false,
  oldObject: null,
}

describe('servedAs', () => {
  it.each<[group: string, kind: string, resource: string, isNamespaced: boolean]>([
    ['', 'Pod', 'pods', true],
    ['', 'Endpoints', 'endpoints', true],
    ['', 'Namespace', 'namespaces', false],
    ['', 'Node', 'nodes', false],
    ['', 'PersistentVolume', 'persistentvolumes', false],
    ['', 'PersistentVolumeClaim', 'persistentvolumeclaims', true],
    ['', 'ConfigMap', 'configmaps', true],
    ['', 'ServiceAccount', 'serviceaccounts', true],
    ['', 'ComponentStatus', 'componentstatuses', false],
    ['apps', 'Deployment', 'deployments', true],
    ['batch', 'CronJob', 'cronjobs', true],
    ['discovery.k8s.io', 'EndpointSlice', 'endpointslices', true],
    ['networking.k8s.io', 'Ingress', 'ingresses', true],
    ['networking.k8s.io', 'IngressClass', 'ingressclasses', false],
    ['networking.k8s.io', 'NetworkPolicy', 'networkpolicies', true],
    ['gateway.networking.k8s.io', 'Gateway', 'gateways', true],
    ['storage.k8s.io', 'StorageClass', 'storageclasses', false],
    ['storage.k8s.io', 'CSIStorageCapacity', 'csistoragecapacities', true],
    ['rbac.authorization.k8s.io', 'ClusterRole', 'clusterroles', false],
    ['rbac.authorization.k8s.io', 'Role', 'roles', true],
    ['admissionregistration.k8s.io', 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', false],
    ['scheduling.k8s.io', 'PriorityClass', 'priorityclasses', false],
    ['coordination.k8s.io', 'Lease', 'leases', true],
    ['portcullis.dev', 'Policy', 'policies', false],
    ['portcullis.dev', 'PolicyException', 'policyexceptions', true],
    // A kind of the same name in another group is another kind.
    ['example.com', 'Node', 'nodes', true],
    ['example.com', 'Box', 'boxes', true],
    ['example.com', 'Batch', 'batches', true],
    ['example.com', 'constructor', 'constructors', true],
  ])('%s/%s: %s, namespaced: %s', (group, kind, resource, isNamespaced) => {
    expect(servedAs({ group, kind })).toEqual({ resource, isNamespaced })
  })

  it('says what a real API server says', () => {
    const wrong = readdirSync(REVIEWS)
      .filter(name => name.endsWith('.json'))
      .flatMap(name => {
        const { request } = JSON.parse(readFileSync(`${REVIEWS}/${name}`, 'utf8')) as { request: AdmissionRequest }
        if (request.subResource) return []
        const served = servedAs(request.kind)
        // The namespace of a Namespace is its own name.
        const isNamespaced = request.namespace !== undefined && request.kind.kind !== 'Namespace'
        const isRight = served.resource === request.resource.resource && served.isNamespaced === isNamespaced
        return isRight ? [] : [`${name}: ${JSON.stringify(served)}`]
      })
    expect(wrong).toEqual([])
  })
})

describe('kindOfManifest', () => {
  it.each([
    ['v1', 'Pod', { group: '', version: 'v1', kind: 'Pod' }],
    ['apps/v1', 'Deployment', { group: 'apps', version: 'v1', kind: 'Deployment' }],
    ['a.b/v1', 'C', { group: 'a.b', version: 'v1', kind: 'C' }],
    ['a/b/v1', 'C', undefined],
    ['/v1', 'C', undefined],
    ['apps/', 'C', undefined],
    ['', 'C', undefined],
    ['v 1', 'C', undefined],
    [undefined, 'C', undefined],
    ['v1', '', undefined],
    ['v1', undefined, undefined],
  ])('%j %j', (apiVersion, kind, expected) => {
    expect(kindOfManifest(apiVersion, kind)).toEqual(expected)
  })
})

describe('requestOfManifest', () => {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace: 'shop' } }

  it('is the request that would bring the manifest', () => {
    const kind = { group: 'apps', version: 'v1', kind: 'Deployment' }
    const resource = { group: 'apps', version: 'v1', resource: 'deployments' }
    expect(requestOfManifest(deployment, OPTIONS)).toEqual({
      uid: 'a',
      operation: 'CREATE',
      kind,
      resource,
      subResource: '',
      requestKind: kind,
      requestResource: resource,
      name: 'a',
      namespace: 'shop',
      userInfo: undefined,
      dryRun: false,
      object: deployment,
      oldObject: null,
    })
  })

  const at = (apiVersion: string, kind: string, metadata: Record<string, string> = {}) => {
    const { name, namespace } = requestOfManifest({ apiVersion, kind, metadata }, OPTIONS) ?? {}
    return [namespace, name]
  }

  it('is in the namespace that the manifest names, or else in the default one', () => {
    expect(at('v1', 'Pod', { name: 'a', namespace: 'shop' })).toEqual(['shop', 'a'])
    expect(at('v1', 'Pod', { name: 'a' })).toEqual(['default', 'a'])
    expect(at('v1', 'Pod', { name: 'a', namespace: '' })).toEqual(['default', 'a'])
    expect(at('v1', 'Pod', { generateName: 'a-' })).toEqual(['default', ''])
  })

  it('is in no namespace where the kind lives in none, whatever the manifest says', () => {
    expect(at('v1', 'PersistentVolume', { name: 'a', namespace: 'shop' })).toEqual(['', 'a'])
    expect(at('v1', 'Namespace', { name: 'shop' })).toEqual(['shop', 'shop'])
  })

  it('has the manifest for the old object where it goes', () => {
    const request = requestOfManifest(deployment, { ...OPTIONS, operation: 'DELETE' })
    expect([request?.object, request?.oldObject]).toEqual([null, deployment])
  })

  it('has both where it changes', () => {
    const request = requestOfManifest(deployment, { ...OPTIONS, operation: 'UPDATE', oldObject: { a: 1 } })
    expect([request?.object, request?.oldObject]).toEqual([deployment, { a: 1 }])
  })

  it('is none where the manifest is no object of the API', () => {
    expect(requestOfManifest({}, OPTIONS)).toBeUndefined()
    expect(requestOfManifest({ kind: 'Pod' }, OPTIONS)).toBeUndefined()
    expect(requestOfManifest({ apiVersion: 'v1', kind: 5 }, OPTIONS)).toBeUndefined()
  })
})
