import { expect, it } from 'vitest'
import { ApiError } from '../../../src/cluster/http.ts'
import { audit } from '../../../src/controller/audit/audit.ts'
import type { PolicyFindings } from '../../../src/controller/audit/findings.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { json, setOf } from '../../support/engine.ts'
import { policyText } from '../../support/reviews.ts'
import { WORKLOADS_SERVED, workloadCluster } from '../../support/workload-cluster.ts'

const SET = setOf(
  [policyText({ name: 'host-path' }), policyText({ name: 'soft', check: 'privileged', actions: ['Warn'] })].join(
    '\n---\n',
  ),
)
const CONTEXT = { set: SET, namespaceLabels: NO_NAMESPACE_LABELS, served: WORKLOADS_SERVED, now: 0 }

function lines(findings: readonly PolicyFindings[]): readonly string[] {
  return findings.map(
    ({ policy, namespace, summary, entries }) =>
      `${policy}/${namespace} ${summary.fail}f ${summary.error}e ${summary.warn}w ${summary.skip}s ${summary.pass}p: ${entries.map(({ resource, result }) => `${result} ${resource.kind} ${resource.name}`).join(', ')}`,
  )
}

it('says of each object what each policy says of it, by policy and namespace', async () => {
  const { cluster, deployment } = workloadCluster()
  deployment('good', '/data/app')
  deployment('bad', '/')
  deployment('bad', '/etc', 'other')
  const { findings, objects, failures } = await audit(cluster.client, CONTEXT)
  expect(lines(findings)).toEqual([
    'host-path/other 1f 0e 0w 0s 0p: fail Deployment bad',
    'host-path/shop 1f 0e 0w 0s 1p: fail Deployment bad',
    'soft/other 0f 0e 1w 0s 0p: warn Deployment bad',
    'soft/shop 0f 0e 2w 0s 0p: warn Deployment bad, warn Deployment good',
  ])
  expect([objects, failures.size]).toEqual([3, 0])
})

it('says a thing of a template once, not of all that was made from it; an old ReplicaSet speaks for itself', async () => {
  const { cluster, deployment, replicaSet, pod } = workloadCluster()
  const bad = deployment('bad', '/')
  const set = replicaSet('bad-1', '/', bad)
  for (let count = 0; count < 3; count++) pod(`bad-1-${count}`, '/', set)
  replicaSet('bad-0', '/etc', bad)
  const { findings } = await audit(cluster.client, CONTEXT)
  expect(lines(findings)).toEqual([
    'host-path/shop 2f 0e 0w 0s 0p: fail Deployment bad, fail ReplicaSet bad-0',
    'soft/shop 0f 0e 1w 0s 0p: warn Deployment bad',
  ])
})

it('tells what an exception let pass, and whose it is', async () => {
  const { cluster, deployment } = workloadCluster()
  deployment('bad', '/etc')
  const set = setOf(
    policyText({ name: 'host-path' }),
    JSON.stringify({
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'PolicyException',
      metadata: { name: 'for-now' },
      spec: { policies: ['host-path'], reason: 'it is being mended', match: { namespaces: ['shop'] } },
    }),
  )
  const { findings } = await audit(cluster.client, { ...CONTEXT, set })
  expect(lines(findings)).toEqual(['host-path/shop 0f 0e 0w 1s 0p: skip Deployment bad'])
  expect(findings[0]?.entries[0]?.properties).toEqual({ exception: 'for-now' })
  expect(findings[0]?.entries[0]?.message).toContain('exempt by for-now (it is being mended): ')
})

it('counts everything and keeps what fits: in a cluster where all is wrong the audit stays small', async () => {
  const { cluster, deployment } = workloadCluster()
  for (let count = 0; count < 1200; count++) deployment(`bad-${count}`, '/', `ns-${count % 2}`)
  const { findings } = await audit(cluster.client, CONTEXT, { limits: { perReport: 100, total: 150 } })
  expect(findings.map(({ summary, entries }) => [summary.fail + summary.warn, entries.length])).toEqual([
    [600, 75],
    [600, 5],
    [600, 75],
    [600, 5],
  ])
})

it('compares what has to be compared: the API server whose flags differ, each hosted control plane by itself', async () => {
  const { cluster } = workloadCluster()
  const server = (name: string, namespace: string, key: string) =>
    cluster.put(
      `/api/v1/namespaces/${namespace}/pods`,
      json({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: {
          containers: [
            { name: 'a', image: 'a:1', command: ['kube-apiserver', `--service-account-key-file=/etc/pki/${key}.pub`] },
          ],
        },
      }),
    )
  for (const [name, key] of [
    ['m1', 'sa'],
    ['m2', 'sa'],
    ['m3', 'old'],
  ] as const)
    server(name, 'kube-system', key)
  server('hosted', 'tenant', 'tenant')
  const set = setOf(
    policyText({ name: 'flags', check: 'control-plane-flags', actions: ['Warn'], excludeNamespaces: [] }),
  )
  const { findings } = await audit(cluster.client, { ...CONTEXT, set })
  expect(lines(findings)).toEqual([
    'flags/kube-system 0f 0e 1w 0s 2p: warn Pod m3',
    // Nothing to be compared with.
    'flags/tenant 0f 0e 0w 1s 0p: skip Pod hosted',
  ])
})

it('goes on where one kind cannot be listed, and names it', async () => {
  const { cluster, deployment, pod } = workloadCluster()
  deployment('bad', '/')
  pod('bad', '/')
  cluster.fault = ({ path }) => {
    if (path.endsWith('/deployments')) throw new ApiError(403, 'Forbidden', 'may not list deployments')
  }
  const { findings, failures } = await audit(cluster.client, CONTEXT)
  expect(lines(findings)).toEqual([
    'host-path/shop 1f 0e 0w 0s 0p: fail Pod bad',
    'soft/shop 0f 0e 1w 0s 0p: warn Pod bad',
  ])
  expect([...failures.keys()]).toEqual(['apps/deployments'])
})

/** Pods, as many as there are paths, in one namespace; writable unless `readOnly`. */
function podsMounting(
  cluster: ReturnType<typeof workloadCluster>['cluster'],
  paths: readonly [string, string, boolean?][],
) {
  for (const [name, path, readOnly = false] of paths)
    cluster.put(
      '/api/v1/namespaces/shop/pods',
      json({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: {
          containers: [{ name: 'a', image: 'a:1', volumeMounts: [{ name: 'h', mountPath: '/h', readOnly }] }],
          volumes: [{ name: 'h', hostPath: { path } }],
        },
      }),
    )
}

it('warns of a path that lies under one to which another pod may write', async () => {
  const { cluster } = workloadCluster()
  podsMounting(cluster, [
    ['writer', '/data/a'],
    ['reader', '/data/b', true],
    ['second', '/data/a/link'],
    ['same', '/data/a'],
    ['beside', '/data/a-link'],
    ['under-reader', '/data/b/x'],
  ])
  const set = setOf(policyText({ name: 'host-path' }))
  const { findings } = await audit(cluster.client, { ...CONTEXT, set })
  expect(lines(findings)).toEqual(['host-path/shop 0f 0e 1w 0s 5p: warn Pod second'])
  expect(findings[0]?.entries[0]?.message).toBe(
    'volume "h" mounts hostPath "/data/a/link", which lies under "/data/a", to which Pod "shop/same" may write: on a node that runs both a link put in its place leads the volume to any file of the node',
  )
})

it('counts the pods of a template as its template, and holds one of them', async () => {
  const { cluster, deployment, replicaSet, pod } = workloadCluster()
  const good = deployment('good', '/data/app')
  const made = replicaSet('good-1', '/data/app', good)
  for (let count = 0; count < 20; count++) pod(`good-1-${count}`, '/data/app', made)
  const set = setOf(policyText({ name: 'host-path' }))
  const { findings, objects } = await audit(cluster.client, { ...CONTEXT, set })
  expect([lines(findings), objects]).toEqual([['host-path/shop 0f 0e 0w 0s 22p: '], 22])
})

it('counts all pods that bring the same, and holds a few of each namespace', async () => {
  const { cluster } = workloadCluster()
  podsMounting(cluster, [['writer', '/data/a']])
  podsMounting(
    cluster,
    Array.from({ length: 30 }, (_, index) => [`below-${index}`, '/data/a/link'] as [string, string]),
  )
  podsMounting(
    cluster,
    Array.from({ length: 30 }, (_, index) => [`beside-${index}`, '/data/b'] as [string, string]),
  )
  const set = setOf(policyText({ name: 'host-path' }))
  const { findings } = await audit(cluster.client, { ...CONTEXT, set })
  expect(findings.map(({ summary, entries }) => [summary.warn, summary.pass, entries.length])).toEqual([[30, 31, 10]])
})
