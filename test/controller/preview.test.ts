import { expect, it } from 'vitest'
import { ApiError } from '../../src/cluster/http.ts'
import { audit } from '../../src/controller/audit/audit.ts'
import { describeOwner, preview, summaryOf } from '../../src/controller/preview/preview.ts'
import { NO_NAMESPACE_LABELS } from '../../src/policy/match.ts'
import { setOf } from '../support/engine.ts'
import { policyText } from '../support/reviews.ts'
import { served, WORKLOADS_SERVED, workloadCluster } from '../support/workload-cluster.ts'

const CONTEXT = {
  set: setOf(
    [policyText({ name: 'host-path' }), policyText({ name: 'soft', check: 'privileged', actions: ['Warn'] })].join(
      '\n---\n',
    ),
  ),
  namespaceLabels: NO_NAMESPACE_LABELS,
  served: WORKLOADS_SERVED,
  now: 0,
}

it('names each owner that would be refused once, and old ReplicaSets of owners that are good by now', async () => {
  const { cluster, deployment, replicaSet, pod } = workloadCluster()
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
  const { cluster, deployment } = workloadCluster()
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

it('names nothing that no webhook is ever asked about, such as other webhooks: that is for the audit to say', async () => {
  const { cluster } = workloadCluster()
  const group = 'admissionregistration.k8s.io'
  cluster.put(`/apis/${group}/v1/mutatingwebhookconfigurations`, {
    apiVersion: `${group}/v1`,
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'sharp' },
    webhooks: [
      {
        name: 'everything.example.com',
        failurePolicy: 'Fail',
        clientConfig: { url: 'https://192.0.2.1/' },
        rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
      },
    ],
  })
  const context = {
    ...CONTEXT,
    set: setOf(policyText({ name: 'webhooks', check: 'webhook-configuration' })),
    served: [served(group, 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration')],
  }
  expect(await preview(cluster.client, context, [])).toEqual([])
  const { findings } = await audit(cluster.client, context)
  expect(findings.map(({ policy, summary }) => [policy, summary.fail > 0])).toEqual([['webhooks', true]])
})
