import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../src/cluster/http.ts'
import type { AuditEntry, PolicyFindings } from '../../../src/controller/audit/findings.ts'
import { type ReportApi, reportApis } from '../../../src/controller/audit/report-api.ts'
import { removeReports, writeReports } from '../../../src/controller/audit/reports.ts'
import { dig, getList } from '../../../src/json/value.ts'
import { FakeCluster } from '../../support/fake-cluster.ts'
import { served } from '../../support/workload-cluster.ts'

const OPEN_REPORTS = [
  { ...served('openreports.io', 'reports', 'Report'), version: 'v1alpha1' },
  { ...served('openreports.io', 'clusterreports', 'ClusterReport'), version: 'v1alpha1' },
]
const POLICY_REPORTS = [
  { ...served('wgpolicyk8s.io', 'policyreports', 'PolicyReport'), version: 'v1alpha2' },
  { ...served('wgpolicyk8s.io', 'clusterpolicyreports', 'ClusterPolicyReport'), version: 'v1alpha2' },
]
const [API] = reportApis(OPEN_REPORTS) as [ReportApi]
const OPTIONS = { now: 1_000_000, isComplete: true, pauseMs: 0 }
const PATH = '/apis/openreports.io/v1alpha1/namespaces/shop/reports'

function entry(name: string, fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    result: 'fail',
    check: 'host-path-volumes',
    message: `${name} is wrong`,
    properties: { pointer: '/spec' },
    resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name, uid: `uid-of-${name}` },
    ...fields,
  }
}

function found(policy: string, entries: readonly AuditEntry[], namespace = 'shop'): PolicyFindings {
  const summary = { fail: 0, error: 0, warn: 0, skip: 0, pass: 1 }
  for (const { result } of entries) summary[result]++
  return { policy, namespace, summary, entries }
}

describe('where reports go', () => {
  it('is OpenReports where it is served, else its predecessor, else nowhere', () => {
    expect(reportApis([...POLICY_REPORTS, ...OPEN_REPORTS])[0]?.group).toBe('openreports.io')
    expect(reportApis(POLICY_REPORTS)[0]).toMatchObject({ group: 'wgpolicyk8s.io', version: 'v1alpha2' })
    expect(reportApis([served('', 'pods', 'Pod'), ...OPEN_REPORTS.slice(0, 1)])).toEqual([])
  })
})

describe('the reports of an audit', () => {
  it('are one for each policy and namespace that has something to mend; nothing is written for what passes', async () => {
    const cluster = new FakeCluster()
    const findings = [
      found('host-path', [entry('a'), entry('b')]),
      found('quiet', []),
      found('skipped', [entry('a', { result: 'skip' })]),
      found('volumes', [entry('v', { result: 'warn', properties: {} })], ''),
    ]
    expect(await writeReports(cluster.client, API, findings, OPTIONS)).toMatchObject({ present: 2, written: 2 })
    expect(cluster.paths).toEqual([
      '/apis/openreports.io/v1alpha1/clusterreports/portcullis-volumes',
      `${PATH}/portcullis-host-path`,
    ])
    const report = cluster.get(`${PATH}/portcullis-host-path`)
    expect(report).toMatchObject({
      apiVersion: 'openreports.io/v1alpha1',
      kind: 'Report',
      source: 'portcullis',
      summary: { fail: 2, error: 0, warn: 0, skip: 0, pass: 1 },
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'portcullis' } },
    })
    expect(getList(report, 'results')[0]).toEqual({
      source: 'portcullis',
      policy: 'host-path',
      rule: 'host-path-volumes',
      result: 'fail',
      scored: true,
      message: 'a is wrong',
      properties: { pointer: '/spec' },
      resources: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', namespace: 'shop', uid: 'uid-of-a' }],
      timestamp: { seconds: 1000, nanos: 0 },
    })
  })

  it('are not written again while they say the same', async () => {
    const cluster = new FakeCluster()
    const findings = [found('host-path', [entry('a')])]
    await writeReports(cluster.client, API, findings, OPTIONS)
    cluster.requests.length = 0
    expect(await writeReports(cluster.client, API, findings, { ...OPTIONS, now: 9e6 })).toMatchObject({ written: 0 })
    expect(cluster.requests).toEqual([
      'GET /apis/openreports.io/v1alpha1/reports',
      'GET /apis/openreports.io/v1alpha1/clusterreports',
    ])
  })

  it('keep the time at which each result was found first', async () => {
    const cluster = new FakeCluster()
    await writeReports(cluster.client, API, [found('host-path', [entry('a')])], OPTIONS)
    await writeReports(cluster.client, API, [found('host-path', [entry('a'), entry('b')])], { ...OPTIONS, now: 5e6 })
    const results = getList(cluster.get(`${PATH}/portcullis-host-path`), 'results')
    expect(results.map(result => dig(result, 'timestamp', 'seconds'))).toEqual([1000, 5000])
  })

  it('go when there is nothing to mend any more, and only then: what could not be listed is not mended', async () => {
    const cluster = new FakeCluster()
    await writeReports(cluster.client, API, [found('host-path', [entry('a')])], OPTIONS)
    cluster.put(PATH, { metadata: { name: 'of-somebody-else', labels: {} } })
    const incomplete = { ...OPTIONS, isComplete: false }
    expect(await writeReports(cluster.client, API, [], incomplete)).toMatchObject({ present: 1, removed: 0 })
    expect(await writeReports(cluster.client, API, [], OPTIONS)).toMatchObject({ present: 0, removed: 1 })
    expect(cluster.paths).toEqual([`${PATH}/of-somebody-else`])
  })

  it('are bounded: the worst are written, the rest is counted', async () => {
    const cluster = new FakeCluster()
    const findings = [
      found('mild', [entry('a', { result: 'warn' })]),
      found('bad', [entry('a')]),
      found('worst', [entry('a'), entry('b')]),
    ]
    const reported = await writeReports(cluster.client, API, findings, { ...OPTIONS, limit: 2 })
    expect(reported).toMatchObject({ present: 2, written: 2, omitted: 1 })
    expect(cluster.paths).toEqual([`${PATH}/portcullis-bad`, `${PATH}/portcullis-worst`])
  })

  it('fail one by one: a namespace that goes is no failure, a right that is missing is', async () => {
    const cluster = new FakeCluster()
    cluster.fault = ({ method, path }) => {
      if (method !== 'POST') return
      if (path.includes('/going/')) throw new ApiError(403, 'Forbidden', 'namespace going is being terminated')
      if (path.includes('/closed/')) throw new ApiError(403, 'Forbidden', 'may not create reports')
    }
    const findings = ['going', 'closed', 'shop'].map(namespace => found('host-path', [entry('a')], namespace))
    const { written, failures } = await writeReports(cluster.client, API, findings, OPTIONS)
    expect(written).toBe(1)
    expect(failures.map(String)).toEqual(['ApiError: may not create reports'])
  })

  it('have names that the API takes, however long that of the policy is', async () => {
    const cluster = new FakeCluster()
    const long = 'a'.repeat(253)
    await writeReports(
      cluster.client,
      API,
      [found(long, [entry('a')]), found(`${long.slice(1)}b`, [entry('a')])],
      OPTIONS,
    )
    expect(cluster.paths.map(path => path.slice(PATH.length + 1).length)).toEqual([253, 253])
    expect(new Set(cluster.paths).size).toBe(2)
  })

  it('are all removed with the rest', async () => {
    const cluster = new FakeCluster()
    await writeReports(cluster.client, API, [found('a', [entry('a')]), found('b', [entry('b')], '')], OPTIONS)
    expect(await removeReports(cluster.client, API)).toBe(2)
    expect(cluster.paths).toEqual([])
  })
})
