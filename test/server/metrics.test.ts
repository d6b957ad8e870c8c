import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../src/server/metrics.ts'
import { createTrafficMetrics } from '../../src/server/traffic/metrics.ts'
import { startTestGateway } from '../support/gateway.ts'
import { hostPathPod, plainPod, policyFolder, reviewOf } from '../support/reviews.ts'
import { sample } from '../support/wire.ts'

interface Described {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
}

const describeAll = (registry: Registry): readonly Described[] =>
  registry.getMetricsAsArray().map(metric => {
    const { name, help } = metric
    // Neither is in prom-client's types.
    const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] }
    return { name, type: metric.constructor.name.toLowerCase(), labels: labelNames, help }
  })
const metrics = describeAll(createMetrics().registry)
/** Those of a gateway that records its traffic. */
const recording = new Registry()
createTrafficMetrics(recording)
const trafficMetrics = describeAll(recording)

/** Units that are not the base unit of their dimension, as `promtool check metrics` knows them. */
const OTHER_UNITS =
  /_(milliseconds|microseconds|nanoseconds|minutes|hours|days|weeks|bits|kilobytes|megabytes|kibibytes|mebibytes|percent|ms|kb|mb|secs?|mins?)(_|$)/

describe('names follow the rules of Prometheus', () => {
  for (const { name, type, labels, help } of [...metrics, ...trafficMetrics]) {
    test(name, () => {
      expect(name).toMatch(/^portcullis_[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(name).not.toMatch(/_(count|sum|bucket)$/)
      expect(name).not.toMatch(/_(counter|gauge|histogram|summary)(_|$)/)
      expect(name).not.toMatch(OTHER_UNITS)
      if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/)
      expect(help).toMatch(/^[A-Z0-9].*[^ ]\.$/)
      for (const label of labels) {
        expect(label).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/)
        // These belong to Prometheus; `job` and `instance` are its own, `quantile` is for summaries.
        expect(['le', 'quantile', 'job', 'instance']).not.toContain(label)
        expect(name).not.toContain(`_by_${label}`)
      }
    })
  }
  test('each is there once', () => {
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length)
    expect(metrics.length).toBeGreaterThan(15)
  })
})

/** A table of docs/metrics.md, by how its head begins. */
function rowsUnder(page: string, head: string): readonly string[] {
  const [, after = ''] = page.split(`\n| ${head} |`)
  const [table = ''] = after.split('\n\n')
  return table.split('\n').filter(line => line.startsWith('| `portcullis_'))
}

const rowOf = ({ name, type, labels, help }: Described) => {
  const shown = labels.length === 0 ? '–' : labels.map(label => `\`${label}\``).join(', ')
  return `| \`${name}\` | ${type} | ${shown} | ${help} |`
}

test('docs/metrics.md lists each metric with its type, labels and meaning, in the order of the code', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8')
  expect(rowsUnder(page, 'metric')).toEqual(metrics.map(rowOf))
  expect(rowsUnder(page, 'metric of a gateway that records')).toEqual(trafficMetrics.map(rowOf))
  for (const label of ['path', 'code', 'action', 'client', 'certificate', 'dry_run'])
    expect(page).toContain(`\n- \`${label}\``)
})

test('a review that no policy could judge counts as an error, whichever way it was answered', async () => {
  const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }
  const policies = policyFolder({ name: 'host-path', matchConstraints: { resourceRules: [rule] } })
  const gateway = await startTestGateway({ policies })
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: {} }
  const fields = { kind: 'Service', resource: 'services' }
  expect((await gateway.ask('/validate', reviewOf(service, fields))).response).toMatchObject({ allowed: false })
  const metrics = await gateway.metrics()
  await gateway.stop()
  expect(sample(metrics, 'portcullis_review_errors_total', { path: 'validate', code: '500' })).toBe(1)
  expect(sample(metrics, 'portcullis_requests_total', { result: 'unjudged' })).toBe(1)
  expect(sample(metrics, 'portcullis_decisions_total', { action: 'Error' })).toBe(1)
})

test('what is scraped is the text format, and counts what happened', async () => {
  const gateway = await startTestGateway({ policies: 'policies/host-path.yaml' })
  await gateway.ask('/validate', reviewOf(plainPod()))
  await gateway.ask('/validate', reviewOf(hostPathPod()))
  await gateway.ask('/observe', reviewOf(null))
  await gateway.send('/mutate', 'x')
  const response = await fetch(`http://127.0.0.1:${gateway.gateway.healthAddress.port}/metrics`)
  const text = await response.text()
  await gateway.stop()
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  for (const line of [
    'portcullis_requests_total{path="validate",result="allowed",code="200"} 1',
    'portcullis_requests_total{path="validate",result="denied",code="403"} 1',
    'portcullis_requests_total{path="observe",result="unjudged",code="400"} 1',
    'portcullis_requests_total{path="mutate",result="unjudged",code="400"} 1',
    'portcullis_decisions_total{policy="host-path",action="Deny",operation="CREATE"} 1',
    'portcullis_decisions_total{policy="host-path",action="Pass",operation="CREATE"} 1',
    'portcullis_review_errors_total{path="observe",code="400"} 1',
    'portcullis_review_duration_seconds_count{path="validate",dry_run="false"} 2',
    'portcullis_policy_duration_seconds_count{policy="host-path"} 2',
    'portcullis_client_requests_total{client="kube-apiserver",result="admitted"} 4',
    'portcullis_document_loads_total{result="loaded"} 1',
    'portcullis_policies 1',
    'portcullis_in_flight_requests 0',
    'portcullis_draining 0',
    'portcullis_build_info{version="test"} 1',
  ])
    expect(text).toContain(`\n${line}\n`)
  for (const line of text.split('\n'))
    expect(line).toMatch(
      /^$|^# (HELP|TYPE) portcullis_|^portcullis_[a-z_]+(\{([a-z_]+="[^"\n]*",?)+\})? (-?[0-9.e+-]+|NaN)$/,
    )
})
