import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { createAuditMetrics } from '../../src/controller/audit/metrics.ts'
import { createCertificateMetrics } from '../../src/controller/certificates/metrics.ts'
import { createClientAuthMetrics } from '../../src/controller/client-auth/task.ts'
import { createControllerMetrics, createRoundMetrics } from '../../src/controller/metrics.ts'
import { createPodMetrics } from '../../src/controller/pods/metrics.ts'
import { createRegistrationMetrics } from '../../src/controller/registration/metrics.ts'
import { createRolloutMetrics } from '../../src/controller/rollouts/metrics.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { createTrafficMetrics } from '../../src/server/traffic/metrics.ts'
import { ALERTS, alertsOf, DASHBOARD, queriesOf } from '../support/monitoring.ts'

/** Every metric with its labels; a histogram is three series, and Prometheus adds where a series comes from. */
function known(): ReadonlyMap<string, readonly string[]> {
  const { registry } = createMetrics()
  const own = new Registry()
  for (const create of [
    createControllerMetrics,
    createRoundMetrics,
    createRegistrationMetrics,
    createCertificateMetrics,
    createAuditMetrics,
    createPodMetrics,
    createClientAuthMetrics,
    createRolloutMetrics,
    createTrafficMetrics,
  ])
    create(own)
  const names = new Map<string, readonly string[]>()
  for (const metric of [...registry.getMetricsAsArray(), ...own.getMetricsAsArray()]) {
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] }
    const suffixes = metric.constructor.name === 'Histogram' ? ['_bucket', '_count', '_sum'] : ['']
    for (const suffix of suffixes) names.set(`${metric.name}${suffix}`, [...labelNames, 'le', 'pod', 'instance'])
  }
  return names
}

const METRICS = known()
const ALERT_QUERIES = alertsOf(readFileSync(ALERTS, 'utf8')).map(({ alert, expr }) => [alert, expr] as const)
const DASHBOARD_QUERIES = queriesOf(readFileSync(DASHBOARD, 'utf8'))

describe.each([...ALERT_QUERIES, ...DASHBOARD_QUERIES])('%s', (_title, query) => {
  it('asks only for metrics that there are, by labels that they have', () => {
    const names = [...query.matchAll(/\bportcullis_[a-z_]+/g)].map(([name]) => name)
    expect(names).not.toEqual([])
    for (const name of names) expect(METRICS.has(name), name).toBe(true)
    const labels = names.flatMap(name => METRICS.get(name) ?? [])
    const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
    const selected = [...query.matchAll(/([a-z_]+)=~?"/g)].map(([, label = '']) => label)
    for (const label of [...grouped, ...selected]) expect(labels, label).toContain(label)
  })
})

it('every alert is described in docs/operations/alerts.md, and no other', () => {
  const page = readFileSync('docs/operations/alerts.md', 'utf8')
  const described = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
  expect(described).toEqual(ALERT_QUERIES.map(([name]) => name))
})
