import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { ApiError } from '../../../src/cluster/http.ts'
import { createAuditMetrics } from '../../../src/controller/audit/metrics.ts'
import { auditTask } from '../../../src/controller/audit/task.ts'
import { NO_NAMESPACE_LABELS } from '../../../src/policy/match.ts'
import { setOf } from '../../support/engine.ts'
import { policyText } from '../../support/reviews.ts'
import { served, WORKLOADS_SERVED, workloadCluster } from '../../support/workload-cluster.ts'

const POLICY_REPORTS = ['policyreports', 'clusterpolicyreports'].map(name => served('wgpolicyk8s.io', name, ''))
const OPEN_REPORTS = ['reports', 'clusterreports'].map(name => served('openreports.io', name, ''))

function world() {
  const workloads = workloadCluster()
  const { cluster } = workloads
  const state = { now: 0, isKnown: true, served: [...WORKLOADS_SERVED] }
  const registry = new Registry()
  const task = auditTask(
    {
      client: cluster.client,
      namespace: 'portcullis-system',
      now: () => state.now,
      log: { info() {}, warn() {}, error() {} },
    },
    {
      intervalMs: 600_000,
      pauseMs: 0,
      metrics: createAuditMetrics(registry),
      served: async () => state.served,
      snapshot: async () =>
        state.isKnown
          ? { set: setOf(policyText({ name: 'host-path' })), namespaceLabels: NO_NAMESPACE_LABELS }
          : undefined,
    },
  )
  const reports = () => cluster.paths.filter(path => path.includes('report'))
  return { ...workloads, state, registry, reports, round: () => task.round(new AbortController().signal) }
}

it('waits for the policies of the cluster, then audits, and again when its time has come', async () => {
  const { cluster, deployment, registry, round, state } = world()
  deployment('bad', '/')
  state.isKnown = false
  await round()
  expect(cluster.requests).toEqual([])
  state.isKnown = true
  await round()
  const asked = cluster.requests.length
  expect(asked).toBeGreaterThan(0)
  expect(await registry.metrics()).toContain('portcullis_audit_results{policy="host-path",result="fail"} 1')
  state.now = 599_999
  await round()
  expect(cluster.requests).toHaveLength(asked)
  state.now = 600_000
  await round()
  expect(cluster.requests).toHaveLength(2 * asked)
})

it('needs no reports; where the better kind comes later, those of the other go', async () => {
  const { deployment, registry, reports, round, state } = world()
  deployment('bad', '/')
  await round()
  expect(reports()).toEqual([])
  state.now += 600_000
  state.served = [...state.served, ...POLICY_REPORTS]
  await round()
  expect(reports()).toEqual(['/apis/wgpolicyk8s.io/v1/namespaces/shop/policyreports/portcullis-host-path'])
  expect(await registry.metrics()).toContain('portcullis_audit_reports{state="present"} 1')
  state.now += 600_000
  state.served = [...state.served, ...OPEN_REPORTS]
  await round()
  expect(reports()).toEqual(['/apis/openreports.io/v1/namespaces/shop/reports/portcullis-host-path'])
})

it('fails where it is not whole, and has said what it could by then', async () => {
  const { cluster, deployment, pod, registry, round } = world()
  deployment('bad', '/')
  pod('bad', '/')
  cluster.fault = ({ path }) => {
    if (path.endsWith('/deployments')) throw new ApiError(403, 'Forbidden', 'no')
  }
  await expect(round()).rejects.toThrow('the audit is not whole: apps/deployments')
  const text = await registry.metrics()
  expect(text).toContain('portcullis_audit_unlisted_resources 1')
  expect(text).toContain('portcullis_audit_results{policy="host-path",result="fail"} 1')
})
