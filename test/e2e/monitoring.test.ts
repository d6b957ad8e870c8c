import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAuditMetrics } from '../../src/controller/audit/metrics.ts'
import { createCertificateMetrics } from '../../src/controller/certificates/metrics.ts'
import { createClientAuthMetrics } from '../../src/controller/client-auth/task.ts'
import { createControllerMetrics, createRoundMetrics } from '../../src/controller/metrics.ts'
import { createPodMetrics } from '../../src/controller/pods/metrics.ts'
import { createRegistrationMetrics } from '../../src/controller/registration/metrics.ts'
import { createRolloutMetrics } from '../../src/controller/rollouts/metrics.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { createTrafficMetrics } from '../../src/server/traffic/metrics.ts'
import { ALERTS, DASHBOARD, queriesOf } from '../support/monitoring.ts'
import { runTool } from './support/commands.ts'
import { removeAtEnd } from './support/reaper.ts'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'portcullis-promtool-'))
  removeAtEnd(made)
  return made
}

test('every alert fires for what it is about and stays silent otherwise, by promtool', async () => {
  const directory = folder()
  writeFileSync(join(directory, 'alerts.yaml'), readFileSync(ALERTS))
  writeFileSync(join(directory, 'tests.yaml'), readFileSync('test/data/alerts/tests.yaml'))
  const { code, stdout, stderr } = await runTool('promtool', ['test', 'rules', join(directory, 'tests.yaml')])
  expect(code, stdout + stderr).toBe(0)
  const tested = readFileSync('test/data/alerts/tests.yaml', 'utf8')
  for (const [, alert = ''] of readFileSync(ALERTS, 'utf8').matchAll(/alert: (\w+)/g))
    expect(tested).toContain(`alertname: ${alert}\n`)
})

test('every query of the dashboard is one that Prometheus parses', async () => {
  const queries = queriesOf(readFileSync(DASHBOARD, 'utf8'))
  expect(queries.length).toBeGreaterThan(25)
  const rules = queries.map(([, expr], index) => ({ record: `query_${index}`, expr }))
  const file = join(folder(), 'queries.yaml')
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { code, stdout, stderr } = await runTool('promtool', ['check', 'rules', file])
  expect(code, stdout + stderr).toBe(0)
  expect(stdout).toContain(`${queries.length} rules found`)
})

test('every metric has a name, a unit and a help that Prometheus takes', async () => {
  const { registry } = createMetrics()
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
    create(registry)
  const input = await registry.metrics()
  expect(input.match(/^# TYPE portcullis_/gm)?.length).toBeGreaterThan(40)
  const { code, stdout, stderr } = await runTool('promtool', ['check', 'metrics'], { input })
  expect(`${code} ${stdout}${stderr}`).toBe('0 ')
})
